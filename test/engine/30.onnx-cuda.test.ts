/**
 * The onnx-cuda engine on a stand-in for a GPU: everything of it but the arithmetic of the device.
 */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { createEngine } from '#bpb/engine/create';
import type { Batch, CudaOptions, Engine } from '#bpb/engine/types';
import { engineOptions, fullBatch, type OptionChanges, openEngine } from '../helpers/engines.js';
import { type FakeGpu, noFakeGpu, withFakeGpu } from '../helpers/fake-gpu.js';
import { normals, tableModel, uniform } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';

const vocabulary = 97;
const table = normals(vocabulary * 50, 5, 3);
const model = tableModel(table, vocabulary);
const next = uniform(3);
const id = (below: number) => Math.floor(next() * below);

const cuda: CudaOptions = {
  device: 0,
  tf32: false,
  allowCpuNodes: false,
  shape: [4, 8],
  sessions: 1,
};

function randomBatch(rows: number, time: number): Batch {
  const ids = Array.from({ length: rows }, () => Array.from({ length: time }, () => id(50)));
  return fullBatch(
    ids,
    ids.map((row) => row.map(() => id(vocabulary))),
  );
}

/** Both engines on one model: the GPU's, and the CPU's to compare with. */
async function both(gpu: FakeGpu, changes: OptionChanges = {}, bytes = model) {
  const wanted = { ortLib: gpu.runtime, cuda, ...changes };
  const one = await openEngine('onnx-cuda', bytes, wanted);
  const other = await openEngine('onnx-cpu', bytes, changes);
  return { one, other, close: () => Promise.all([one.close(), other.close()]) };
}

async function expectEqual(one: Engine, other: Engine, batch: Batch) {
  const [a, b] = await Promise.all([one.score(batch), other.score(batch)]);
  expect(a.nats.length).toBe(b.nats.length);
  // Other fp32 lanes: the portable scorer against the best instruction set here.
  for (const [k, nats] of b.nats.entries()) expect(Math.abs(a.nats[k]! - nats)).toBeLessThan(4e-6);
  expect(a.q30.length).toBe(b.q30.length);
  for (const [s, total] of b.q30.entries()) {
    const targets = batch.spanEnds[s]! - (batch.spanEnds[s - 1] ?? 0);
    expect(Math.abs(Number(a.q30[s]! - total)) / 2 ** 30).toBeLessThanOrEqual(4e-6 * targets);
  }
  return a;
}

const lines = (gpu: FakeGpu) => readFileSync(gpu.log, 'utf8').trim().split('\n');

describe.skipIf(noFakeGpu !== '')(`the stand-in for a GPU${noFakeGpu && ` (${noFakeGpu})`}`, () => {
  test('scores as the CPU does, batches of every shape cut and padded to the fixed one', () =>
    withFakeGpu({}, async (gpu) => {
      const { one, other, close } = await both(gpu);
      expect(one.info).toMatchObject({
        name: 'onnx-cuda',
        provider: 'cuda',
        device: 'Fake GPU',
        precision: 'fp32',
        instructionSet: 'sm_90',
        fixedRows: 4,
        fixedTime: 8,
      });
      for (const [rows, time] of [
        [4, 8],
        [1, 8],
        [4, 3],
        [9, 5],
        [13, 8],
      ] as const) {
        const { shape } = await expectEqual(one, other, randomBatch(rows, time));
        expect(shape).toEqual([4, 8]);
      }
      await close();
    }));

  test.each([
    ['int32 ids', tableModel(table, vocabulary, { input: 'int32' }), 'fp32'],
    ['fp16 logits', tableModel(table, vocabulary, { output: 'float16' }), 'fp16'],
    ['bf16 logits', tableModel(table, vocabulary, { output: 'bfloat16' }), 'bf16'],
    ['a width that only a run shows', tableModel(table, vocabulary, { openWidth: true }), 'fp32'],
  ])('scores %s', (_, bytes, precision) =>
    withFakeGpu({}, async (gpu) => {
      const { one, other, close } = await both(gpu, {}, bytes);
      expect(one.info.precision).toBe(precision);
      await expectEqual(one, other, randomBatch(6, 8));
      await close();
    }),
  );

  test('two dozen batches at once come back each to its own', () =>
    withFakeGpu({}, async (gpu) => {
      const { one, other, close } = await both(gpu);
      const batches = Array.from({ length: 24 }, (_, i) => randomBatch(1 + (i % 5), 1 + (i % 8)));
      await Promise.all(batches.map((batch) => expectEqual(one, other, batch)));
      await close();
    }));

  test('takes a part of the positions, in spans that cross rows and are empty', () =>
    withFakeGpu({}, async (gpu) => {
      const { one, other, close } = await both(gpu, { cuda: { ...cuda, shape: [2, 8] } });
      const whole = randomBatch(5, 6);
      const scored = Uint32Array.of(1, 4, 5, 13, 14, 29);
      const targets = scored.map((position) => whole.targets[position]!);
      await expectEqual(one, other, {
        ...whole,
        scored,
        targets: Int32Array.from(targets),
        spanEnds: Uint32Array.of(0, 3, 3, 5, 6),
      });
      await close();
    }));

  test('nothing but nats, sums and flags comes back, and all of it is counted', () =>
    withFakeGpu({}, async (gpu) => {
      const { one, close } = await both(gpu);
      const { deviceToHostBytes } = await one.score(randomBatch(4, 8));
      await close();
      const downloads = lines(gpu).filter((line) => line.startsWith('download'));
      const bytes = downloads.reduce((sum, line) => sum + Number(line.split(' ')[1]), 0);
      expect(deviceToHostBytes).toBe(bytes);
      // 8 bytes for each of 4 spans, 24 of flags at a multiple of 16, 4 for each of 32 targets at
      // one too; one row of logits would be 388.
      expect(bytes).toBe(4 * 8 + 32 + 32 * 4);
    }));

  test('the scorer’s share of the time is the device’s own, batch by batch', () =>
    withFakeGpu({}, async (gpu) => {
      // Wide enough that no clock is too coarse for 32 rows of it on a CPU.
      const wide = tableModel(normals(20_000 * 50, 5), 20_000);
      const { one, close } = await both(gpu, {}, wide);
      const start = performance.now();
      const scores = await Promise.all([1, 2, 3].map(() => one.score(randomBatch(4, 8))));
      const wall = (performance.now() - start) / 1000;
      for (const { runSeconds, scoreSeconds } of scores) {
        expect(runSeconds).toBeGreaterThan(0);
        expect(scoreSeconds).toBeGreaterThan(0);
      }
      // Work on one stream does not overlap: the times add up to less than the clock's.
      const sum = scores.reduce((all, s) => all + s.runSeconds + s.scoreSeconds, 0);
      expect(sum).toBeLessThanOrEqual(wall);
      await close();
    }));

  test('asks the provider for what a score needs', () =>
    withFakeGpu({ FAKE_GPU_DEVICES: '2' }, async (gpu) => {
      const wanted = { ...cuda, device: 1, sessions: 2 };
      await (await both(gpu, { cuda: wanted })).close();
      const asked = lines(gpu);
      expect(asked).toContain('classic device_id=1');
      expect(asked).toContain('classic use_tf32=0');
      expect(asked).toContain('classic arena_extend_strategy=kSameAsRequested');
      expect(asked).toContain('classic cudnn_conv_algo_search=HEURISTIC');
      // 90 % of the stand-in's 1e9 free bytes, for two sessions.
      expect(asked).toContain('classic gpu_mem_limit=450000000');
      expect(asked).toContain('memory Cuda:1');
    }));

  test('TF32 only where it is asked for, and then the result says so', () =>
    withFakeGpu({}, async (gpu) => {
      const { one, close } = await both(gpu, { cuda: { ...cuda, tf32: true } });
      expect(one.info.precision).toBe('tf32');
      expect(lines(gpu)).toContain('classic use_tf32=1');
      await close();
    }));

  test('takes the plugin form where the classic one is not to be had', () =>
    withFakeGpu({ FAKE_GPU_PROVIDER_FAILS: 'no symbol GetProvider' }, async (gpu) => {
      const { one, other, close } = await both(gpu);
      await expectEqual(one, other, randomBatch(3, 8));
      expect(lines(gpu)).toContain('plugin device_id=0');
      await close();
    }));

  test('leaves the axes alone that the graph has fixed, and without a shape all of them', () =>
    withFakeGpu({}, async (gpu) => {
      const bytes = tableModel(table, vocabulary, { dims: [3, 'time'] });
      const fixed = await openEngine('onnx-cuda', bytes, { ortLib: gpu.runtime, cuda });
      expect(fixed.info).toMatchObject({ fixedRows: 3, fixedTime: 8 });
      const open = await both(gpu, { cuda: { ...cuda, shape: null } });
      expect(open.one.info).toMatchObject({ fixedRows: null, fixedTime: null });
      const cut = await expectEqual(fixed, open.other, randomBatch(7, 8));
      expect(cut.shape).toEqual([3, 8]);
      await fixed.close();
      const { shape } = await expectEqual(open.one, open.other, randomBatch(7, 3));
      expect(shape).toEqual([7, 3]);
      await open.close();
    }));

  test('out of memory: halves the rows until they fit, with the same nats and a remark each', () =>
    withFakeGpu({ FAKE_GPU_ROWS_MAX: '3' }, async (gpu) => {
      const { one, other, close } = await both(gpu, { cuda: { ...cuda, shape: [10, 8] } });
      const batches = Array.from({ length: 6 }, () => randomBatch(10, 8));
      const scores = await Promise.all(batches.map((batch) => expectEqual(one, other, batch)));
      for (const { shape } of scores) expect(shape).toEqual([3, 8]);
      expect(one.remarks).toEqual([
        'out of GPU memory: batches of 10 rows were cut to 5',
        'out of GPU memory: batches of 5 rows were cut to 3',
      ]);
      await close();
    }));

  test('out of memory for one row: exit 4', () =>
    withFakeGpu({ FAKE_GPU_ROWS_MAX: '0' }, async (gpu) => {
      const { one, close } = await both(gpu);
      const refusal = await refusalOf(() => one.score(randomBatch(4, 8)));
      expect(refusal).toMatchObject({ code: 'BPB_CUDA_MEMORY', exitCode: 4 });
      await close();
    }));

  test('a device lost in the middle: exit 4 from there on, never a score', () =>
    withFakeGpu({ FAKE_GPU_LOST_AT: '1' }, async (gpu) => {
      const { one, close } = await both(gpu);
      const batches = Array.from({ length: 5 }, () => randomBatch(4, 8));
      const ends = await Promise.allSettled(batches.map((batch) => one.score(batch)));
      for (const end of ends) {
        expect(end).toMatchObject({
          status: 'rejected',
          reason: { code: 'BPB_CUDA_LOST', exitCode: 4 },
        });
      }
      await close();
    }));

  test('a row that is no distribution is refused by its place in the whole batch', () =>
    withFakeGpu({}, async (gpu) => {
      const holed = table.with(7 * vocabulary, Number.NaN);
      const { one, close } = await both(gpu, {}, tableModel(holed, vocabulary));
      const rows = Array.from({ length: 6 }, () => [1, 2, 3]);
      rows[5] = [1, 7, 3];
      const refusal = await refusalOf(() => one.score(fullBatch(rows, rows)));
      expect(refusal).toMatchObject({ code: 'BPB_NAN_LOGITS', exitCode: 3, row: 5, offset: 1 });
      // It works again afterwards.
      expect((await one.score(fullBatch([[1, 2, 3]], [[4, 5, 6]]))).nats.length).toBe(3);
      await close();
    }));

  test('a target at -Infinity is infinite, a target beyond the logits is refused', () =>
    withFakeGpu({}, async (gpu) => {
      const holed = table.with(3 * vocabulary + 9, Number.NEGATIVE_INFINITY);
      const { one, close } = await both(gpu, {}, tableModel(holed, vocabulary));
      const { nats } = await one.score(fullBatch([[3, 4]], [[9, 9]]));
      expect(nats[0]).toBe(Number.POSITIVE_INFINITY);
      const refusal = await refusalOf(() => one.score(fullBatch([[3]], [[vocabulary]])));
      expect(refusal).toMatchObject({ code: 'BPB_MODEL_VOCABULARY', exitCode: 3 });
      await close();
    }));

  test('nodes that would run on the CPU are named, or accepted and remarked on', () =>
    withFakeGpu({ FAKE_GPU_CPU_NODES: '1' }, async (gpu) => {
      const wanted = { ortLib: gpu.runtime, cuda };
      const refusal = await refusalOf(() => openEngine('onnx-cuda', model, wanted));
      expect(refusal).toMatchObject({ code: 'BPB_CPU_NODES', exitCode: 4 });
      expect(refusal.actual).toMatch(/^on the CPU: Gather/);
      const accepted = { ...wanted, cuda: { ...cuda, allowCpuNodes: true } };
      const engine = await openEngine('onnx-cuda', model, accepted);
      expect(engine.remarks).toEqual([
        expect.stringMatching(/^these nodes ran on the CPU: Gather/),
      ]);
      // What the runtime copies for them is not known.
      expect((await engine.score(randomBatch(4, 8))).deviceToHostBytes).toBeUndefined();
      await engine.close();
    }));

  test('auto takes the GPU, unless it is forbidden', () =>
    withFakeGpu({}, async (gpu) => {
      const options = engineOptions(model, { ortLib: gpu.runtime, cuda });
      const { engine, notes } = await createEngine('auto', options);
      expect(engine.info.name).toBe('onnx-cuda');
      expect(notes).toEqual([]);
      await engine.close();
      const forbidden = await createEngine('auto', { ...options, cuda: null });
      expect(forbidden.engine.info.name).toBe('onnx-cpu');
      expect(forbidden.notes).toEqual([]);
      await forbidden.engine.close();
    }));
});
