/** A participant's table with each historical mistake is caught by that mistake's own check. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../helpers/folder.js';
import { modelFile } from '../helpers/sentencepiece.js';
import {
  CASED,
  casedModel,
  docsFile,
  found,
  rightModel,
  run,
  type Table,
  TEXTS,
  tableFile,
} from './fixtures.js';

describe('a table', () => {
  const marked = (table: Table, each: (id: number) => void) => {
    for (const [id, leading] of table.leading.entries()) if (leading === 1) each(id);
  };
  const mistakes: [string, string, (table: Table) => unknown][] = [
    [
      'that decodes byte pieces alone (Scylla: 27 ids of three bytes)',
      'table-replacement-character',
      (table) => table.base.fill(3, 4 + 0x80, 4 + 0x80 + 27) && undefined,
    ],
    [
      'that counts the leading space twice',
      'table-space-twice',
      (t) => marked(t, (id) => t.base[id]!++),
    ],
    [
      'that keeps the ▁ of a few pieces',
      'table-keeps-marker',
      (t) => {
        const ids = t.leading.flatMap((l, id) => (l ? [id] : [])).slice(0, 3);
        for (const id of ids) {
          t.base[id]! += 3;
          t.leading[id] = 0;
        }
      },
    ],
    [
      'that keeps every ▁ and adds the space',
      'table-keeps-marker',
      (t) =>
        marked(t, (id) => {
          t.base[id]! += 3;
        }),
    ],
    [
      'that looks for another character than ▁',
      'table-wrong-marker',
      (t) =>
        marked(t, (id) => {
          t.base[id]! += 3;
          t.leading[id] = 0;
        }),
    ],
    ['that counts the space nowhere', 'table-space-dropped', (t) => t.leading.fill(0) && undefined],
    ['of a constant', 'table-constant', (t) => t.base.map(() => 4.3)],
    [
      'with bytes for control ids',
      'table-specials',
      (t) => {
        t.base[1] = 3;
      },
    ],
    ['without boundaries', 'table-specials', (t) => t.boundary.fill(0) && undefined],
    [
      'that ends early',
      'table-too-short',
      ({ base, leading, boundary }) => ({
        base: base.slice(0, -2),
        leading: leading.slice(0, -2),
        boundary: boundary.slice(0, -2),
      }),
    ],
    [
      'with one odd entry',
      'table-other',
      (t) => {
        t.base[300] = 17;
      },
    ],
  ];
  it.each(mistakes)('%s', async (_, check, change) => {
    const model = rightModel();
    const report = await run(model, { lut: tableFile(model, change), docs: docsFile() });
    expect(found(report, 'fail')).toEqual([check]);
    expect(report.verdict).toBe('fail');
  });

  it('that counts case operators as text, by as much as the text has of them', async () => {
    const model = casedModel();
    const report = await run(model, { lut: tableFile(model, () => {}), docs: docsFile() });
    expect(found(report, 'fail')).toEqual(['table-operators-as-text']);
    const { bytes } = report.totals!;
    expect(bytes.claimed).toBe(bytes.lut);
    expect(bytes.claimed!).toBeGreaterThan(bytes.original!);
  });

  it('names the effect on the very data', async () => {
    const model = rightModel();
    const lut = tableFile(model, (t) => marked(t, (id) => t.base[id]!++));
    const report = await run(model, { lut, docs: docsFile() });
    const { bytes } = report.totals!;
    const [{ effect }] = report.findings as [(typeof report.findings)[number]];
    expect(effect!.bytes).toBeCloseTo(bytes.claimed! / bytes.lut, 12);
    expect(effect!.bytes * effect!.bpb).toBeCloseTo(1, 12);
  });

  it('of a space counted after BOS too is only to be known of', async () => {
    const model = rightModel();
    const lut = tableFile(model, (t) =>
      marked(t, (id) => {
        t.base[id]!++;
        t.leading[id] = 0;
      }),
    );
    expect(found(await run(model, { lut }), 'warn')).toContain('table-space-after-boundary');
  });
});

it('the mistakes are computed on the data as the wrong tables themselves would', async () => {
  const model = modelFile({ pieces: CASED });
  const report = await run(model, {
    docs: docsFile(),
    lut: tableFile(model, (t) => {
      for (const [id, leading] of t.leading.entries()) if (leading === 1) t.base[id]!++;
    }),
  });
  const twice = report.mistakes.find(({ name }) => name === 'leading space counted twice')!;
  expect(twice.bytes).toBe(report.totals!.bytes.claimed);
});

describe('a claimed quotient', () => {
  const texts = ['the the the the the the', '🙂🙂🙂🙂🙂🙂🙂🙂中中中中中中中中', ...TEXTS];
  const claim = async (bytesPerToken: number) =>
    found(await run(rightModel(), { docs: docsFile(texts), bytesPerToken }), 'fail');

  it('that is a constant, a mean of documents, a known mistake, or nothing known', async () => {
    const model = rightModel();
    const report = await run(model, { docs: docsFile(texts) });
    const right = report.totals!.bytes_per_token!;
    expect(await claim(right)).toEqual([]);
    expect(await claim(Number(right.toFixed(6)))).toEqual([]);
    expect(await claim(3.5)).toEqual(['constant-bytes-per-token']);
    expect(await claim(4.3)).toEqual(['constant-bytes-per-token']);
    expect(await claim(right * 1.31234)).toEqual(['claimed-accounting']);
    const twice = report.mistakes.find(({ name }) => name === 'leading space counted twice')!;
    const quotient = right * twice.effect.bytes;
    const wrong = await run(model, { docs: docsFile(texts), bytesPerToken: quotient });
    expect(wrong.findings[0]!.detail).toContain('leading space counted twice');
  });

  it.each(['tokens', 'documents'])('averaged over %s', async (weight) => {
    const out = temporaryFolder();
    await run(rightModel(), { docs: docsFile(texts), out });
    const rows = (
      JSON.parse(readFileSync(join(out, 'documents.json'), 'utf8')) as {
        tokens: number;
        bytes_lut: number;
      }[]
    ).filter((row) => row.bytes_lut > 0);
    // Every token costs one bit: a document's bpb is tokens / bytes.
    const weights = rows.map(({ tokens }) => (weight === 'tokens' ? tokens : 1));
    const all = weights.reduce((a, b) => a + b, 0);
    const mean = rows.reduce((s, r, k) => s + (weights[k]! * r.tokens) / r.bytes_lut, 0) / all;
    expect(await claim(1 / mean)).toEqual(['mean-of-documents']);
  });
});
