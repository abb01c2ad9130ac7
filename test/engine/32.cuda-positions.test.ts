/**
 * Graphs with a positions input on a test double of a GPU: lists of one length.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Batch, CudaOptions, Engine } from '#bpb/engine/types';
import { optimize } from '#bpb/onnx/optimize/optimize';
import { openEngine } from '../helpers/engines.js';
import { type FakeGpu, noFakeGpu, withFakeGpu } from '../helpers/fake-gpu.js';
import { languageModel } from '../helpers/language-model.js';
import { uniform } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';
import { VOCABULARY } from '../helpers/score-fixture.js';

const [T, STRIDE] = [8, 3];
const positions = 'scored_positions';
const cuda: CudaOptions = {
  device: 0,
  tf32: false,
  allowCpuNodes: false,
  shape: [4, T],
  positionsPerBatch: 4 * STRIDE,
  sessions: 1,
};
const next = uniform(9);
const id = () => Math.floor(next() * VOCABULARY);

function sliced(model = languageModel()): Uint8Array {
  return optimize(model, { precision: 'fp32', seqLen: T, scoredPositions: true }).bytes;
}

/** Rows whose last `counts[r]` targets are scored, a span a row. */
function batchOf(...counts: number[]): Batch {
  const scored = counts.flatMap((count, r) =>
    Array.from({ length: count }, (_, k) => (r + 1) * T - count + k),
  );
  let end = 0;
  return {
    rows: counts.length,
    time: T,
    ids: Int32Array.from({ length: counts.length * T }, id),
    scored: Uint32Array.from(scored),
    targets: Int32Array.from(scored, id),
    spanEnds: Uint32Array.from(counts, (count) => (end += count)),
  };
}

async function engines(gpu: FakeGpu, options = cuda, model = languageModel()) {
  const wanted = { ortLib: gpu.runtime, cuda: options, positions };
  const one = await openEngine('onnx-cuda', sliced(model), wanted);
  const other = await openEngine('onnx-cpu', model);
  return { one, other, close: () => Promise.all([one.close(), other.close()]) };
}

async function expectSame(one: Engine, other: Engine, batch: Batch) {
  const [a, b] = await Promise.all([one.score(batch), other.score(batch)]);
  expect(a.nats.length).toBe(b.nats.length);
  // fp32 sums in another order, and other lanes.
  for (const [k, nats] of b.nats.entries()) expect(Math.abs(a.nats[k]! - nats)).toBeLessThan(2e-5);
  for (const [s, total] of b.q30.entries()) {
    expect(Math.abs(Number(a.q30[s]! - total)) / 2 ** 30).toBeLessThan(3e-4);
  }
  return a;
}

const lines = (gpu: FakeGpu, start: string) =>
  readFileSync(gpu.log, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith(start));

describe.skipIf(noFakeGpu !== '')(`the stand-in for a GPU${noFakeGpu && ` (${noFakeGpu})`}`, () => {
  test('the CPU’s nats from a full list, a short one and rows that were cut', () =>
    withFakeGpu({}, async (gpu) => {
      const { one, other, close } = await engines(gpu);
      for (const counts of [[3, 3, 3, 3], [3, 3], [1], [3, 3, 3, 3, 3, 2]]) {
        const { shape } = await expectSame(one, other, batchOf(...counts));
        expect(shape).toEqual([4, T]);
      }
      expect(lines(gpu, 'run')).toHaveLength(5);
      await close();
    }));

  test('rows that score more than the list holds are run again for the rest', () =>
    withFakeGpu({}, async (gpu) => {
      const { one, other, close } = await engines(gpu);
      const { deviceToHostBytes } = await expectSame(one, other, batchOf(T, 3, 3, 3));
      expect(lines(gpu, 'run')).toEqual(['run 4 rows', 'run 4 rows']);
      expect(lines(gpu, 'score')).toEqual(['score 12 on 0', 'score 5 on 0']);
      // Two runs of 4 spans, flags, and 12 and 5 targets at multiples of 16 bytes.
      expect(deviceToHostBytes).toBe(2 * (32 + 32) + 48 + 20);
      await close();
    }));

  test('two dozen batches at once come back each to its own', () =>
    withFakeGpu({}, async (gpu) => {
      const { one, other, close } = await engines(gpu);
      const batches = Array.from({ length: 24 }, (_, i) => batchOf(3, 1 + (i % 3), 3));
      await Promise.all(batches.map((batch) => expectSame(one, other, batch)));
      await close();
    }));

  test('out of memory: the list is halved with the rows', () =>
    withFakeGpu({ FAKE_GPU_ROWS_MAX: '1' }, async (gpu) => {
      const { one, other, close } = await engines(gpu);
      const { shape } = await expectSame(one, other, batchOf(3, 3, 3, 3));
      expect(shape).toEqual([1, T]);
      expect(lines(gpu, 'score')).toEqual([
        'score 3 on 0',
        'score 3 on 0',
        'score 3 on 0',
        'score 3 on 0',
      ]);
      await close();
    }));

  test('without a length every list is as long as it is', () =>
    withFakeGpu({}, async (gpu) => {
      const { one, other, close } = await engines(gpu, { ...cuda, positionsPerBatch: undefined });
      await expectSame(one, other, batchOf(T, 3, 3, 3));
      expect(lines(gpu, 'score')).toEqual(['score 17 on 0']);
      await close();
    }));

  test('a row that is no distribution is refused by its place in the whole batch', () =>
    withFakeGpu({}, async (gpu) => {
      const { one, close } = await engines(gpu, cuda, languageModel({ broken: 77 }));
      const batch = batchOf(T, 3, 3, 3, 3, 3);
      const ids = batch.ids.map((_, k) => k % 50);
      // The second position scored of row 5, in the second piece by rows; one before is not scored.
      ids[5 * T + 6] = 77;
      ids[4 * T] = 77;
      const late = await refusalOf(() => one.score({ ...batch, ids }));
      expect(late).toMatchObject({ code: 'BPB_NAN_LOGITS', row: 5, offset: 6 });
      // Row 3's last target is the list's seventeenth: in the first piece's second run.
      const again = batch.ids.map((_, k) => k % 50).with(3 * T + 7, 77);
      const cut = await refusalOf(() => one.score({ ...batch, ids: again }));
      expect(cut).toMatchObject({ code: 'BPB_NAN_LOGITS', row: 3, offset: 7 });
      await close();
    }));
});
