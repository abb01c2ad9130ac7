/** Graphs with fixed axes: batches are cut and padded to them on every engine, in every window mode. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Batch, Engine } from '#bpb/engine/types';
import { OPEN_AXES } from '#bpb/fixed-axes';
import { scoreRows } from '#bpb/run/assemble';
import { DocumentTotals } from '#bpb/run/totals';
import { planBatches } from '#bpb/windows/batches';
import type { WindowOptions } from '#bpb/windows/options';
import { planWindows } from '#bpb/windows/plan';
import { openEngine } from '../helpers/engines.js';
import { normals, tableModel } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';
import { streamOf } from '../helpers/stream.js';

const VOCABULARY = 13;
/** Each token's logits depend on it alone: no shape of a batch can move a bit. */
const TABLE = normals(VOCABULARY * VOCABULARY, 1, 2);
const ENGINES = ['onnx-cpu', 'onnx-js'] as const;

const ROWS = [1, 2, 3, 8, null];
const LENGTHS = [3, 4, 7];
const LONGER = 5;

const fixedTo = (rows: number | null, time: number | null) =>
  tableModel(TABLE, VOCABULARY, { dims: [rows ?? 'batch', time ?? 'time'] });

/** A batch of `rows` rows; those of `targets` are scored from their second input on. */
function batchOf(rows: number, time: number, ids = (k: number) => (7 * k) % VOCABULARY): Batch {
  const all = Array.from({ length: rows * time }, (_, k) => k);
  const scored = Uint32Array.from(all.filter((k) => time === 1 || k % time !== 0));
  return {
    rows,
    time,
    ids: Int32Array.from(all, ids),
    scored,
    targets: Int32Array.from(scored, (k) => (3 * k) % VOCABULARY),
    spanEnds: Uint32Array.from({ length: rows }, (_, r) => ((r + 1) * scored.length) / rows),
  };
}

describe.each(ENGINES)('%s', (name) => {
  test('refuses an axis of size 0, and ids beyond any memory', async () => {
    for (const dims of [
      [0, 4],
      [2, 0],
      [2 ** 20, 2 ** 20],
    ] as const) {
      const model = tableModel(TABLE, VOCABULARY, { dims });
      const { code, actual, hint } = await refusalOf(() => openEngine(name, model));
      expect([code, actual]).toEqual(['BPB_MODEL_AXES', `[${dims.join(', ')}]`]);
      expect(hint).toMatch(/symbolic batch axis/);
    }
  });

  test('a row longer than the graph takes is refused, and the length that it takes is named', async () => {
    const engine = await openEngine(name, fixedTo(2, 4));
    const { code, hint } = await refusalOf(() => engine.score(batchOf(1, 5)));
    expect([code, hint]).toEqual(['BPB_MODEL_AXES', expect.stringMatching(/--seq-len 4\b/)]);
    await engine.close();
  });

  test('logits that are no distribution are named by the row of the whole batch', async () => {
    const table = TABLE.slice().fill(Number.NaN, 5 * VOCABULARY, 6 * VOCABULARY);
    const model = tableModel(table, VOCABULARY, { dims: [2, 4] });
    const engine = await openEngine(name, model);
    const ids = (k: number) => (k === 4 * 3 + 2 ? 5 : 1);
    const error = await refusalOf(() => engine.score(batchOf(5, 3, ids)));
    expect(error).toMatchObject({ code: 'BPB_NAN_LOGITS', row: 4, offset: 2 });
    await engine.close();
  });

  test('padding that is NaN is not looked at', async () => {
    const table = TABLE.slice().fill(Number.NaN, 0, VOCABULARY);
    const engine = await openEngine(name, tableModel(table, VOCABULARY, { dims: [4, 6] }));
    const { nats } = await engine.score(batchOf(5, 3, (k) => 1 + (k % 4)));
    expect(nats.every(Number.isFinite)).toBe(true);
    await engine.close();
  });

  test('any batch has the nats and sums of the graph with open axes', async () => {
    const open = await openEngine(name, fixedTo(null, null));
    const fixed = await Promise.all(ROWS.map((rows) => openEngine(name, fixedTo(rows, 6))));
    for (let rows = 1; rows <= 9; rows++) {
      for (const time of [1, 5, 6]) {
        const batch = batchOf(rows, time);
        const { nats, q30 } = await open.score(batch);
        for (const each of fixed) expect(await each.score(batch)).toMatchObject({ nats, q30 });
      }
    }
    await Promise.all([open, ...fixed].map((each) => each.close()));
  });
});

/** Every window mode. */
const MODES: readonly Omit<WindowOptions, 'seqLen'>[] = [
  { mode: 'chunk', stride: null, tail: 'drop', compat: null },
  { mode: 'chunk', stride: null, tail: 'score', compat: null },
  { mode: 'sliding', stride: 2, tail: 'drop', compat: null },
  { mode: 'sliding', stride: 1, tail: 'score', compat: null },
  { mode: 'sliding', stride: 2, tail: 'drop', compat: 'sliding-2026-03-19' },
  { mode: 'document', stride: null, tail: 'drop', compat: null },
  { mode: 'document', stride: 3, tail: 'drop', compat: null },
];

describe('a plan has the totals of the open graph', () => {
  const engines = new Map<string, Engine>();
  const key = (...parts: readonly unknown[]) => parts.join(' ');
  const times = [null, ...LENGTHS, ...LENGTHS.map((seqLen) => seqLen + LONGER)];

  beforeAll(async () => {
    for (const name of ENGINES) {
      for (const rows of ROWS) {
        for (const time of times) {
          engines.set(key(name, rows, time), await openEngine(name, fixedTo(rows, time)));
        }
      }
    }
  });
  afterAll(async () => {
    await Promise.all([...engines.values()].map((engine) => engine.close()));
  });

  /** Totals of each document, and the shape of the largest batch. */
  async function totalsOf(
    engine: Engine,
    stream: ReturnType<typeof streamOf>,
    options: WindowOptions,
    batchTokens: number,
  ) {
    const plan = planWindows(stream, options);
    const batches = planBatches(plan, batchTokens, false, engine.info);
    const totals = new DocumentTotals(stream.documentStarts.length);
    for (let b = 0; b < batches.count; b++) {
      const rows = batches.rowIndexes(b);
      const { scored } = await scoreRows(stream, plan, rows, (batch) => engine.score(batch));
      scored.spans.document.forEach((document, s) => {
        totals.add(document, scored.spans.count[s]!, scored.q30[s]!);
      });
    }
    return { q30: [...totals.q30], targets: [...totals.targets], shape: batches.shape };
  }

  const streams = fc.record({
    ids: fc.array(fc.nat(VOCABULARY - 1), { minLength: 14, maxLength: 60 }),
    cuts: fc.uniqueArray(fc.integer({ min: 1, max: 13 }), { maxLength: 4 }),
    seqLen: fc.constantFrom(...LENGTHS),
    batchTokens: fc.integer({ min: 1, max: 40 }),
  });

  test.each(MODES)('$mode, stride $stride, tail $tail, compat $compat', (mode) =>
    fc.assert(
      fc.asyncProperty(
        streams,
        fc.constantFrom(...ENGINES),
        async ({ ids, cuts, seqLen, batchTokens }, name) => {
          const stream = streamOf(ids, [0, ...cuts.sort((a, b) => a - b)]);
          const options = { ...mode, seqLen };
          const of = (rows: number | null, time: number | null) =>
            totalsOf(engines.get(key(name, rows, time))!, stream, options, batchTokens);
          const open = await of(null, null);
          for (const rows of ROWS) {
            for (const time of [null, seqLen, seqLen + LONGER]) {
              const { shape, ...totals } = await of(rows, time);
              expect(totals).toEqual({ q30: open.q30, targets: open.targets });
              if (rows !== null) expect(shape[0]).toBe(rows);
              if (time !== null) expect(shape[1]).toBe(time);
            }
          }
        },
      ),
      { numRuns: 6 },
    ),
  );
});

describe('batches of a plan', () => {
  const stream = streamOf(new Uint16Array(1 + 10 * 4));
  const plan = planWindows(stream, { ...MODES[0]!, seqLen: 4 });
  const sizes = (...axes: [fixedRows: number | null, fixedTime: number | null]) => {
    const [fixedRows, fixedTime] = axes;
    const batches = planBatches(plan, 16, false, { fixedRows, fixedTime });
    return Array.from({ length: batches.count }, (_, b) => batches.rowIndexes(b).length);
  };

  test('have the rows that the graph fixes, whatever the tokens asked for', () => {
    expect(sizes(null, null)).toEqual([4, 4, 2]);
    expect(sizes(1, null)).toEqual(Array(10).fill(1));
    expect(sizes(3, 4)).toEqual([3, 3, 3, 1]);
    expect(sizes(8, 4)).toEqual([8, 2]);
  });

  test('count the tokens that rows are padded to', () => {
    expect(sizes(null, 8)).toEqual([2, 2, 2, 2, 2]);
    expect(sizes(null, 100)).toEqual(Array(10).fill(1));
  });

  test('cost what is run', () => {
    const cost = (axes: Parameters<typeof planBatches>[3]) => {
      const batches = planBatches(plan, 16, false, axes);
      return Array.from({ length: batches.count }, (_, b) => batches.cost(b));
    };
    expect(cost(OPEN_AXES)).toEqual([16, 16, 8]);
    expect(cost({ fixedRows: 8, fixedTime: 5 })).toEqual([40, 40]);
  });
});
