/** Shards and sidecars with each historical mistake are caught by that mistake's own check. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeShard } from '#bpb/data/shards';
import { temporaryFolder } from '../helpers/folder.js';
import { casedModel, dataSet, docsFile, found, rightModel, run, TEXTS } from './fixtures.js';

const lower = (text: string) => text.toLowerCase();

describe('a sidecar', () => {
  const audited = async (
    change: (data: { ids: number[]; entries: number[] }) => void,
    docs = true,
    texts = TEXTS,
  ) => {
    const model = casedModel();
    const { folder } = await dataSet(model, texts, change, true);
    return run(model, { data: [folder], ...(docs ? { docs: docsFile(texts) } : {}) });
  };

  it('forgotten', async () => {
    const model = casedModel();
    const { folder } = await dataSet(model);
    const report = await run(model, { data: [folder], docs: docsFile() });
    expect(found(report, 'fail')).toEqual(['sidecar-missing']);
    const { bytes } = report.totals!;
    expect(report.findings[0]!.effect!.bytes).toBeCloseTo(bytes.lut / bytes.decoded, 2);
  });

  it.each([
    ['shorter', (e: number[]) => e.pop()],
    ['longer', (e: number[]) => e.push(0)],
  ])('%s than the tokens', async (_, change) => {
    const report = await audited(({ entries }) => change(entries));
    expect(found(report, 'fail')).toEqual(['sidecar-length']);
    expect(report.sidecar!.sum).toBeNull();
  });

  it('shifted by one', async () => {
    const report = await audited(({ entries }) => {
      entries.unshift(entries.pop()!);
    });
    expect(found(report, 'fail')).toContain('sidecar-bos');
  });

  it('made from the table, operators counted', async () => {
    const report = await audited(({ ids, entries }) => {
      for (const [i, id] of ids.entries()) if (id >= 4 && id < 8) entries[i] = 3;
    }, false);
    expect(found(report, 'fail')).toEqual(['sidecar-operators']);
  });

  it('with more, and with fewer, bytes than the document', async () => {
    const more = await audited(({ entries }) => {
      entries[3]!++;
    });
    expect(found(more, 'fail')).toEqual(['sidecar-exceeds']);
    const fewer = await audited(({ entries }) => {
      entries[entries.findIndex((e) => e > 0)]!--;
    });
    expect(found(fewer, 'fail')).toEqual(['sidecar-short']);
  });

  it('whose entries are full, or wrapped around', async () => {
    const full = await audited(({ entries }) => {
      entries[2] = 65_535;
    }, false);
    expect(found(full, 'fail')).toEqual(['sidecar-saturated']);
    // 65,536 bytes of the second document are missing: an entry that came round to zero.
    const texts = ['the cat', 'x'.repeat(65_536)];
    const wrapped = await audited(
      ({ ids, entries }) => entries.fill(0, ids.lastIndexOf(1)),
      true,
      texts,
    );
    expect(found(wrapped, 'fail')).toContain('sidecar-saturated');
  });

  it('taken for tokens', async () => {
    const model = rightModel();
    const { entries } = await dataSet(model);
    const folder = temporaryFolder();
    await writeShard(join(folder, 'fineweb_val_000000.bin'), entries);
    expect(found(await run(model, { data: [folder] }), 'fail')).toContain('sidecar-as-tokens');
  });
});

describe('a data set', () => {
  const shardsOf = async (
    model: string,
    texts: readonly string[],
    published: readonly string[],
  ) => {
    const { folder } = await dataSet(model, texts);
    return run(model, { data: [folder], docs: docsFile(published) });
  };

  it('of case-folded text', async () => {
    const report = await shardsOf(rightModel(), TEXTS.map(lower), TEXTS);
    expect(found(report, 'fail')).toContain('case-folded-data');
    expect(found(report, 'fail')).not.toContain('other-documents');
  });

  it('of normalized text', async () => {
    const published = [...TEXTS, 'two  spaces and ﬁne ½ lines\nof the  thing'];
    const normalized = published.map((t) => t.normalize('NFKC').replace(/\s+/g, ' ').trim());
    const report = await shardsOf(rightModel(), normalized, published);
    expect(found(report, 'fail')).toEqual(['normalized-data']);
  });

  it('of other documents, and of the same in another order', async () => {
    const other = await shardsOf(
      rightModel(),
      [...TEXTS.slice(0, 3), 'another', ...TEXTS.slice(4)],
      TEXTS,
    );
    expect(found(other, 'fail')).toEqual(['other-documents']);
    expect(other.findings[0]!.detail).toContain('document 3');
    const swapped = await shardsOf(rightModel(), TEXTS.toReversed(), TEXTS);
    expect(found(swapped, 'fail')).toContain('other-documents');
  });

  it('of fewer and of more documents', async () => {
    for (const texts of [TEXTS.slice(0, 4), [...TEXTS, 'one more']]) {
      const report = await shardsOf(rightModel(), texts, TEXTS);
      expect(found(report, 'fail')).toEqual(['document-count']);
      expect(report.totals!.documents).toBe(Math.max(texts.length, TEXTS.length));
    }
  });

  it('without BOS at its start, and with padding in it', async () => {
    const model = rightModel();
    const headless = await dataSet(model, TEXTS, ({ ids }) => ids.shift());
    expect(found(await run(model, { data: [headless.folder] }), 'fail')).toEqual(['no-bos']);
    const padded = await dataSet(model, TEXTS, ({ ids }) => ids.push(2, 0, 0));
    expect(found(await run(model, { data: [padded.folder] }), 'warn')).toContain('control-tokens');
  });

  it('truncated to 10,000 documents', async () => {
    const model = rightModel();
    const { folder } = await dataSet(model, new Array(10_000).fill('the'));
    expect(found(await run(model, { data: [folder] }), 'fail')).toEqual(['truncated-set']);
  });

  it('of 50,000 other documents', async () => {
    const model = rightModel();
    const { folder } = await dataSet(model, new Array(50_000).fill('the'));
    const report = await run(model, { data: [folder] });
    expect(found(report, 'fail')).toEqual(['other-validation-set']);
    expect(report.findings[0]!.detail).toContain('151,080,891');
  });

  it('whose documents are also trained on, whole or a few of many', async () => {
    const model = rightModel();
    const val = await dataSet(model);
    const train = await dataSet(model, ['something else', ...TEXTS.slice(1, 4), 'and more']);
    const folder = temporaryFolder();
    // A document that lies across two shards is still found.
    const cut = Math.floor(train.ids.length / 2);
    await writeShard(join(folder, 'fineweb_train_000000.bin'), train.ids.slice(0, cut));
    await writeShard(join(folder, 'fineweb_train_000001.bin'), train.ids.slice(cut));
    const report = await run(model, { data: [val.folder], trainData: [folder] });
    expect(found(report, 'fail')).toEqual(['training-overlap']);
    expect(report.training).toMatchObject({ documents: 5, shared: 3 });
    expect(report.training!.shards.map(({ sha256 }) => sha256.length)).toEqual([64, 64]);
  });
});
