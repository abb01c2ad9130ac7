/** A right set-up raises no alarm: none of the small tokenizers, none of the real ones. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AuditReport } from '#bpb/audit/types';
import { sotuDocuments } from '#bpb/data/sotu';
import { collect } from '../helpers/collect.js';
import { temporaryFolder } from '../helpers/folder.js';
import { modelFile } from '../helpers/sentencepiece.js';
import { CASEOPS, CASEOPS_VECTORS, SP8192 } from '../helpers/shared-data.js';
import {
  CASED,
  casedModel,
  dataSet,
  docsFile,
  found,
  RIGHT,
  rightModel,
  run,
  TEXTS,
  tableFile,
} from './fixtures.js';

/** Everything at once: documents, shards, training shards, table, quotient. */
async function everything(
  model: string,
  cased: boolean,
  texts: readonly string[],
): Promise<AuditReport> {
  const { folder } = await dataSet(model, texts, () => {}, cased);
  const options = { data: [folder], docs: docsFile(texts), workers: 0 };
  const lut = cased ? undefined : tableFile(model, () => {});
  const first = await run(model, { ...options, lut });
  return run(model, { ...options, lut, bytesPerToken: first.totals!.bytes_per_token! });
}

describe('small tokenizers', () => {
  const MODELS: readonly [string, () => string, boolean][] = [
    ['plain', () => rightModel(), false],
    ['with a dummy prefix', () => rightModel({ addDummyPrefix: true }), false],
    ['with case operators', casedModel, true],
    ['the byte vocabulary', () => 'byte260', false],
  ];
  it.each(MODELS)('%s', async (_, model, cased) => {
    const report = await everything(model(), cased, TEXTS);
    expect(found(report, 'fail')).toEqual([]);
    expect(found(report, 'warn')).toEqual([]);
    expect(report.verdict).toBe('pass');
    const { bytes, headline } = report.totals!;
    const original = TEXTS.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    expect(bytes).toMatchObject({ original, normalized: expect.any(Number), decoded: original });
    expect(bytes[headline]).toBe(original);
    expect(report.shards!.retokenized).toEqual({ equal: TEXTS.length, different: 0 });
  });

  it('a table of total bytes by id, as a plain array, is right inside texts', async () => {
    const model = rightModel();
    const lut = tableFile(model, ({ base, leading }) => base.map((b, id) => b + leading[id]!));
    expect(found(await run(model, { lut }), 'fail')).toEqual([]);
  });

  it('a table with the operators at 0 is right for case operators', async () => {
    const model = modelFile({ pieces: CASED });
    const lut = tableFile(model, (table) => table.base.fill(0, 4, 8) && undefined);
    expect(found(await run(model, { lut, docs: docsFile() }), 'fail')).toEqual([]);
  });

  it('longer tables, whose last ids exist only in the logits', async () => {
    const model = rightModel();
    const lut = tableFile(model, ({ base, leading, boundary }) => ({
      base_bytes_lut: [...base, 0],
      has_leading_space_lut: [...leading.map(Boolean), false],
      is_boundary_token_lut: [...boundary.map(Boolean), true],
    }));
    expect(found(await run(model, { lut }), 'fail')).toEqual([]);
  });

  it('every check says whether it could run', async () => {
    const alone = await run(rightModel());
    const names = alone.checks.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(alone.checks.find(({ name }) => name === 'truncated-set')!.outcome).toBe(
      'not applicable',
    );
    expect(alone.measured).toMatchObject({ mismatches: [], unmeasurable: 13 });
    expect(alone.measured!.measured + 13 + 4).toBe(RIGHT.length);
  });
});

describe.skipIf(SP8192 === null || CASEOPS === null)('the real tokenizers', () => {
  it.each([
    ['sp8192', () => SP8192!],
    ['case operators', () => CASEOPS!],
  ])('%s: alone, and on real documents in shards', async (_, path) => {
    const model = path();
    expect(found(await run(model), 'fail')).toEqual([]);
    const cased = model === CASEOPS;
    const texts = (await collect(sotuDocuments('val'))).map(({ text }) => text);
    const report = await everything(model, cased, texts);
    expect(found(report, 'fail')).toEqual([]);
    // The State of the Union has doubled spaces: lossy, and rightly counted.
    const warned = cased ? ['lossy-text', 'sidecar-dropped-input'] : ['lossy-text'];
    expect(found(report, 'warn').sort()).toEqual(warned);
    expect(report.verdict).toBe('warn');
    expect(report.measured).toMatchObject({ mismatches: [], unmeasurable: 13 });
  });

  it.skipIf(CASEOPS_VECTORS === null)(
    'the published sidecar entries are taken as right',
    async () => {
      const vectors = readFileSync(CASEOPS_VECTORS!, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { text: string; ids: number[]; bytes: number[] });
      const texts = vectors.map(({ text }) => text);
      const { folder, ids } = await dataSet(
        CASEOPS!,
        texts,
        (data) => {
          data.entries = vectors.flatMap(({ bytes }) => [0, ...bytes]);
        },
        true,
      );
      expect(ids).toEqual(vectors.flatMap((vector) => [1, ...vector.ids]));
      const out = temporaryFolder();
      const report = await run(CASEOPS!, { data: [folder], docs: docsFile(texts), out });
      const rows = JSON.parse(readFileSync(join(out, 'documents.json'), 'utf8')) as {
        bytes_sidecar: number;
      }[];
      for (const [k, { bytes }] of vectors.entries()) {
        expect(rows[k]!.bytes_sidecar).toBe(bytes.reduce((a, b) => a + b, 0));
      }
      expect(found(report, 'fail')).toEqual([]);
    },
  );
});
