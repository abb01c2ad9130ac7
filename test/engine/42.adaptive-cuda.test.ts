/**
 * State on a stand-in for a GPU: the engine that carries it on the CUDA provider, all of it but the
 * arithmetic of the device.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type {
  AdaptBatch,
  AdaptiveEngine,
  AdaptiveOptions,
  EngineState,
} from '#bpb/engine/adaptive';
import { openAdaptiveCuda } from '#bpb/engine/adaptive-cuda';
import { openAdaptiveNative } from '#bpb/engine/adaptive-native';
import { createAdaptiveEngine } from '#bpb/engine/create';
import type { Batch } from '#bpb/engine/types';
import { fullBatch } from '../helpers/engines.js';
import { type FakeGpu, noFakeGpu, withFakeGpu } from '../helpers/fake-gpu.js';
import { uniform } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';
import {
  adaptGraph,
  adaptiveOptions,
  biasAdapt,
  biasScore,
  initOf,
  sumModel,
  tensor,
  VOCAB,
} from '../helpers/state-graphs.js';

const init = initOf(Float32Array.from({ length: VOCAB }, (_, v) => v / 3));
const learning = (ids: 'int64' | 'int32' = 'int64') =>
  adaptiveOptions(biasScore(), [tensor('bias', { init })], {
    adapt: adaptGraph(biasAdapt(ids), ['bias']),
  });
const summing = adaptiveOptions(sumModel(), [tensor('sum', { init })]);

const next = uniform(11);
const row = (time: number) => Array.from({ length: time }, () => Math.floor(next() * VOCAB));

function step(rows: number, time: number): { batch: Batch; adaptBatch: AdaptBatch } {
  const ids = Array.from({ length: rows }, () => row(time));
  const batch = fullBatch(
    ids,
    ids.map(() => row(time)),
  );
  return { batch, adaptBatch: { rows, time, chunk: time, ids: batch.ids, targets: batch.targets } };
}

const withRuntime = (options: AdaptiveOptions, { runtime: ortLib }: FakeGpu): AdaptiveOptions => ({
  ...options,
  runtime: { ...options.runtime, ortLib },
});

const onGpu = (gpu: FakeGpu, options: AdaptiveOptions) =>
  openAdaptiveCuda(withRuntime(options, gpu));

const lines = (gpu: FakeGpu) => readFileSync(gpu.log, 'utf8').trim().split('\n');

describe.skipIf(noFakeGpu !== '')(`the stand-in for a GPU${noFakeGpu && ` (${noFakeGpu})`}`, () => {
  /** Does the same on the stand-in and on the CPU. */
  async function both(
    options: AdaptiveOptions,
    work: (engine: AdaptiveEngine, same: (nats: Float32Array) => void) => Promise<void>,
  ) {
    await withFakeGpu({}, async (gpu) => {
      const found: Float32Array[] = [];
      const one = await onGpu(gpu, options);
      await work(one, (nats) => found.push(nats));
      await one.close();
      const other = await openAdaptiveNative(options);
      let k = 0;
      await work(other, (nats) => {
        const ours = found[k++]!;
        expect(ours.length).toBe(nats.length);
        // Other fp32 lanes: the portable scorer against the best instruction set here.
        for (const [i, value] of nats.entries()) {
          expect(Math.abs(ours[i]! - value)).toBeLessThan(4e-6);
        }
      });
      expect(k).toBe(found.length);
      await other.close();
    });
  }

  test.each(['int64', 'int32'] as const)('learns as the CPU does, ids as %s', async (type) => {
    const steps = [5, 5, 3, 3, 1].map((rows) => step(rows, 4));
    await both(learning(type), async (engine, same) => {
      const state = engine.begin(5);
      for (const { batch, adaptBatch } of steps) {
        if (batch.rows < state.documents) state.keep(batch.rows);
        same((await engine.score(batch, state, true)).nats);
        expect(await engine.adapt(adaptBatch, state)).toBeGreaterThan(0);
        await engine.adapt(adaptBatch, state);
      }
      state.reset();
      same((await engine.score(steps.at(-1)!.batch, state, false)).nats);
      state.free();
    });
  });

  test('carries what the score graph writes, states side by side', async () => {
    const steps = [7, 7, 2, 1].map((rows) => step(rows, 3));
    await both(summing, async (engine, same) => {
      const states = [engine.begin(7), engine.begin(7)];
      for (const { batch } of steps) {
        for (const state of states) if (batch.rows < state.documents) state.keep(batch.rows);
        // Both are on their way at once; the second keeps its state.
        const scores = await Promise.all(
          states.map((state, s) => engine.score(batch, state, s === 0)),
        );
        for (const { nats } of scores) same(nats);
      }
      for (const state of states) state.free();
    });
  });

  test('nothing but nats, sums and flags comes back', () =>
    withFakeGpu({}, async (gpu) => {
      const engine = await onGpu(gpu, learning());
      const state = engine.begin(3);
      const { batch, adaptBatch } = step(3, 4);
      const { deviceToHostBytes } = await engine.score(batch, state, true);
      await engine.adapt(adaptBatch, state);
      state.free();
      await engine.close();
      const downloads = lines(gpu).filter((line) => line.startsWith('download'));
      // 8 bytes for each of 3 spans and 24 of flags, at multiples of 16, and 4 for 12 targets each.
      expect(downloads).toEqual([`download ${deviceToHostBytes}`]);
      expect(deviceToHostBytes).toBe(32 + 32 + 4 * 12);
    }));

  test('says what it runs on, and shares its memory between both graphs', () =>
    withFakeGpu({}, async (gpu) => {
      const options = withRuntime(learning(), gpu);
      const { engine, notes } = await createAdaptiveEngine('auto', options);
      expect(notes).toEqual([]);
      expect(engine.info).toMatchObject({ name: 'onnx-cuda', device: 'Fake GPU', fixedRows: null });
      await engine.close();
      // 90 % of the stand-in's 1e9 free bytes, for two sessions.
      const limits = lines(gpu).filter((line) => line.includes('gpu_mem_limit'));
      expect(limits).toEqual(new Array(2).fill('classic gpu_mem_limit=450000000'));
    }));

  test.each([
    ['an id beyond the table', {}, { ids: Int32Array.of(1, 99, 2) }, 'BPB_MODEL_RUN'],
    [
      'a target beyond the logits',
      {},
      { targets: Int32Array.of(1, 2, 50) },
      'BPB_MODEL_VOCABULARY',
    ],
    ['too little memory', { FAKE_GPU_ROWS_MAX: '0' }, {}, 'BPB_CUDA_MEMORY'],
  ] as const)('a run refused for %s leaves the state', (_, env, change, code) =>
    withFakeGpu({}, async (gpu) => {
      const engine = await onGpu(gpu, summing);
      const state = engine.begin(1);
      const { batch } = step(1, 3);
      await engine.score(batch, state, true);
      const { nats } = await engine.score(batch, state, false);
      const refusal = await withFakeGpu(env, () =>
        refusalOf(() => engine.score({ ...batch, ...change }, state, true)),
      );
      expect(refusal.code).toBe(code);
      expect((await engine.score(batch, state, false)).nats).toEqual(nats);
      state.free();
      await engine.close();
    }),
  );

  test('a device that is lost while it adapts gives no state', () =>
    withFakeGpu({}, async (gpu) => {
      const engine = await onGpu(gpu, learning());
      const state: EngineState = engine.begin(1);
      const { batch, adaptBatch } = step(1, 3);
      await engine.score(batch, state, true);
      const refusal = await withFakeGpu({ FAKE_GPU_LOST_AT: '1' }, () =>
        refusalOf(() => engine.adapt(adaptBatch, state)),
      );
      expect(refusal.code).toBe('BPB_CUDA_LOST');
      state.free();
      await engine.close();
    }));

  test('a state may be given back after the engine is closed', () =>
    withFakeGpu({}, async (gpu) => {
      const engine = await onGpu(gpu, learning());
      const [begun, adapted] = [engine.begin(1), engine.begin(1)];
      const { batch, adaptBatch } = step(1, 3);
      await engine.score(batch, begun, true);
      await engine.adapt(adaptBatch, adapted);
      await engine.close();
      begun.free();
      adapted.free();
    }));
});
