/**
 * Graphs with a positions input on the engines of the CPU, against the same model without.
 */
import { describe, expect, test } from 'vitest';
import { positionList } from '#bpb/engine/positions';
import { joinScores, splitBatch } from '#bpb/engine/split';
import type { Batch, BatchScore } from '#bpb/engine/types';
import { fixAxes } from '#bpb/onnx/fix-axes';
import { OnnxGraph } from '#bpb/onnx/graph';
import { optimize } from '#bpb/onnx/optimize/optimize';
import { openEngine } from '../helpers/engines.js';
import { languageModel } from '../helpers/language-model.js';
import { uniform } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';
import { VOCABULARY } from '../helpers/score-fixture.js';

const [T, POSITIONS] = [12, 'scored_positions'];
const next = uniform(7);
const id = () => Math.floor(next() * VOCABULARY);

function sliced(model = languageModel(), seqLen = T): Uint8Array {
  const options = { precision: 'fp32', seqLen, scoredPositions: true } as const;
  const { bytes, scoredInput } = optimize(model, options);
  expect(scoredInput).toBe(POSITIONS);
  return bytes;
}

/** Rows of `time` ids; of each the last `count` are scored, one span for every two targets. */
function batchOf(rows: number, time: number, count: number, ids?: number[]): Batch {
  const scored = Array.from({ length: rows * count }, (_, k) => {
    return Math.floor(k / count) * time + time - count + (k % count);
  });
  return {
    rows,
    time,
    ids: Int32Array.from({ length: rows * time }, (_, k) => ids?.[k] ?? id()),
    scored: Uint32Array.from(scored),
    targets: Int32Array.from(scored, id),
    spanEnds: Uint32Array.from({ length: Math.ceil(scored.length / 2) }, (_, s) =>
      Math.min(scored.length, 2 * s + 2),
    ),
  };
}

function expectSame(one: BatchScore, other: BatchScore) {
  expect(one.nats.length).toBe(other.nats.length);
  // fp32 sums in another order.
  for (const [k, nats] of other.nats.entries()) {
    expect(Math.abs(one.nats[k]! - nats)).toBeLessThan(2e-5);
  }
  expect(one.q30.length).toBe(other.q30.length);
}

describe.each(['onnx-cpu', 'onnx-js'] as const)('%s', (name) => {
  test('gives each target the nats that it has when all logits are computed', async () => {
    const whole = await openEngine(name, languageModel());
    const part = await openEngine(name, sliced(), { positions: POSITIONS });
    expect(part.info).toMatchObject({ fixedRows: null, fixedTime: T, vocabulary: VOCABULARY });
    // Shapes and numbers of positions change from batch to batch; short rows are padded.
    for (const [rows, time, count] of [
      [3, T, 4],
      [3, T, 4],
      [1, T, T],
      [5, T, 1],
      [2, 7, 3],
      [3, T, 4],
    ] as const) {
      const batch = batchOf(rows, time, count);
      expectSame(await part.score(batch), await whole.score(batch));
    }
    await Promise.all([whole.close(), part.close()]);
  });

  test('two batches of one shape do not see each other’s positions', async () => {
    const whole = await openEngine(name, languageModel());
    const part = await openEngine(name, sliced(), { positions: POSITIONS });
    const last = batchOf(2, T, 3);
    const first = { ...last, scored: last.scored.map((position) => position - 5) };
    const scores = await Promise.all([last, first, last].map((batch) => part.score(batch)));
    for (const [k, batch] of [last, first, last].entries()) {
      expectSame(scores[k]!, await whole.score(batch));
    }
    await Promise.all([whole.close(), part.close()]);
  });

  test('a list of fixed length is filled up, and a batch is cut to it', async () => {
    const whole = await openEngine(name, languageModel());
    const { model } = fixAxes(sliced(), POSITIONS, [7], 'm.onnx');
    const part = await openEngine(name, model, { positions: POSITIONS });
    for (const count of [3, 2, 4, 8]) {
      const batch = batchOf(2, T, count);
      expectSame(await part.score(batch), await whole.score(batch));
    }
    await Promise.all([whole.close(), part.close()]);
  });

  test('a batch without a target is no error', async () => {
    const part = await openEngine(name, sliced(), { positions: POSITIONS });
    const { nats } = await part.score({ ...batchOf(2, T, 0), spanEnds: new Uint32Array(0) });
    expect(nats.length).toBe(0);
    await part.close();
  });

  test('logits that are no distribution are refused by row and offset', async () => {
    const bytes = sliced(languageModel({ broken: 77 }));
    const part = await openEngine(name, bytes, { positions: POSITIONS });
    const ids = Array.from({ length: 3 * T }, (_, k) => k % 50);
    // Not scored, and so not looked at.
    ids[T] = 77;
    expect((await part.score(batchOf(3, T, 4, ids))).nats.length).toBe(12);
    ids[2 * T + 9] = 77;
    const error = await refusalOf(() => part.score(batchOf(3, T, 4, ids)));
    expect(error).toMatchObject({ code: 'BPB_NAN_LOGITS', row: 2, offset: 9 });
    await part.close();
  });

  test('a model without such an input, or with one that is not named, is refused', async () => {
    const wanted = { positions: POSITIONS };
    const none = await refusalOf(() => openEngine(name, languageModel(), wanted));
    expect(none).toMatchObject({ code: 'BPB_MODEL_INPUT' });
    expect(none.expected).toContain(POSITIONS);
    const unnamed = await refusalOf(() => openEngine(name, sliced()));
    expect(unnamed).toMatchObject({ code: 'BPB_MODEL_INPUT' });
  });

  test('logits of all positions where some were asked for are refused', async () => {
    // A graph that takes the list and does nothing with it.
    const graph = OnnxGraph.parse(languageModel(), 'm.onnx');
    const at = graph.items.findIndex((item) => item.kind === 'input');
    const port = {
      kind: 'input',
      name: POSITIONS,
      elementType: 7,
      dims: ['?'],
      raw: null,
    } as const;
    graph.items.splice(at + 1, 0, port);
    const engine = await openEngine(name, graph.serialize(), { positions: POSITIONS });
    const error = await refusalOf(() => engine.score(batchOf(2, T, 3)));
    expect(error).toMatchObject({ code: 'BPB_MODEL_OUTPUT' });
    expect(error.actual).toMatch(/\[1, 6, vocabulary\], got \[2, 12, 260\]/);
    await engine.close();
  });
});

describe('lists', () => {
  test.each([
    ['as they are', [3, 5], null, [3, 5]],
    ['filled up with the last', [3, 5], 4, [3, 5, 5, 5]],
    ['never empty', [], null, [0]],
    ['of nothing but filling', [], 2, [0, 0]],
  ] as const)('%s', (_, scored, count, list) => {
    const made = positionList({ scored: Uint32Array.from(scored) }, count, 'm.onnx');
    expect([...made]).toEqual(list);
  });
});

test('a batch cut by its positions scores the same, each span whole', async () => {
  const engine = await openEngine('onnx-cpu', sliced(), { positions: POSITIONS });
  const batch = { ...batchOf(5, T, 5), spanEnds: Uint32Array.of(0, 1, 13, 13, 25) };
  const whole = await engine.score(batch);
  for (const [rows, count] of [
    [5, 25],
    [5, 7],
    [2, 3],
    [3, 1],
  ] as const) {
    const pieces = splitBatch(batch, rows, count);
    for (const piece of pieces) {
      expect(piece.batch.scored.length).toBeLessThanOrEqual(count);
      expect(piece.batch.targets[0]).toBe(batch.targets[piece.firstScored]);
    }
    const scores = [];
    for (const piece of pieces) scores.push(await engine.score(piece.batch));
    const joined = joinScores(scores);
    expect([...joined.q30].length).toBe(5);
    expectSame(joined, whole);
    const off = joined.q30.map((total, s) => total - whole.q30[s]!);
    for (const difference of off) expect(Math.abs(Number(difference)) / 2 ** 30).toBeLessThan(3e-4);
  }
  await engine.close();
});
