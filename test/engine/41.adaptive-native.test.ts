/**
 * The native engine that carries state: its misuse, its memory, its end in the middle of a run.
 */
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { AdaptBatch, AdaptiveEngine, AdaptiveOptions } from '#bpb/engine/adaptive';
import { openAdaptiveJs } from '#bpb/engine/adaptive-js';
import { openAdaptiveNative } from '#bpb/engine/adaptive-native';
import { fullBatch } from '../helpers/engines.js';
import { refusalOf } from '../helpers/refusal.js';
import {
  adaptGraph,
  adaptiveOptions,
  addState,
  biasAdapt,
  biasScore,
  idsPort,
  initOf,
  logitsPort,
  op,
  stateModel,
  statePort,
  sumModel,
  tensor,
  VOCAB,
} from '../helpers/state-graphs.js';

const adapt = adaptGraph(biasAdapt(), ['bias']);
const options = adaptiveOptions(biasScore(), [tensor('bias')], { adapt });
const batch = fullBatch([[1, 2]], [[3, 4]]);
const adaptBatch: AdaptBatch = {
  rows: 1,
  time: 2,
  ids: Int32Array.of(1, 2),
  chunk: 2,
  targets: Int32Array.of(3, 4),
};
const misuse = (text: RegExp) => ({
  code: 'BPB_STATE_MISUSE',
  kind: 'internal',
  message: expect.stringMatching(text),
});

async function withEngine(work: (engine: AdaptiveEngine) => Promise<void>, wanted = options) {
  const engine = await openAdaptiveNative(wanted);
  try {
    await work(engine);
  } finally {
    await engine.close();
  }
}

test('a state that was given back is refused, whatever is asked of it', () =>
  withEngine(async (engine) => {
    const state = engine.begin(1);
    await engine.score(batch, state, true);
    state.free();
    expect(state.documents).toBe(0);
    for (const use of [
      () => state.free(),
      () => state.keep(1),
      () => state.reset(),
      () => engine.score(batch, state, true),
      () => engine.adapt(adaptBatch, state),
    ]) {
      expect(await refusalOf(use)).toMatchObject(misuse(/given back/));
    }
  }));

test('a state in a run can be put to no other use', () =>
  withEngine(async (engine) => {
    const state = engine.begin(1);
    const run = engine.score(batch, state, true);
    for (const use of [
      () => state.free(),
      () => state.keep(1),
      () => state.reset(),
      () => engine.score(batch, state, true),
      () => engine.adapt(adaptBatch, state),
    ]) {
      expect(await refusalOf(use)).toMatchObject(misuse(/has not ended/));
    }
    const { nats } = await run;
    expect((await engine.score(batch, state, true)).nats).toEqual(nats);
    state.free();
  }));

test("another engine's state is refused", () =>
  withEngine((engine) =>
    withEngine(async (other) => {
      const js = await openAdaptiveJs(options);
      for (const state of [other.begin(1), js.begin(1)]) {
        for (const use of [
          () => engine.score(batch, state, true),
          () => engine.adapt(adaptBatch, state),
        ]) {
          expect(await refusalOf(use)).toMatchObject(misuse(/another engine/));
        }
        state.free();
      }
      await js.close();
    }),
  ));

test('a batch of another number of documents, and rows that are not there, are refused', () =>
  withEngine(async (engine) => {
    const state = engine.begin(2);
    await expect(engine.score(batch, state, true)).rejects.toThrow(RangeError);
    await expect(engine.adapt(adaptBatch, state)).rejects.toThrow(RangeError);
    for (const rows of [0, 3, -1, 1.5, Number.NaN]) {
      expect(() => state.keep(rows)).toThrow(RangeError);
    }
    for (const rows of [0, -1, 2 ** 40]) expect(() => engine.begin(rows)).toThrow(RangeError);
    state.keep(1);
    expect((await engine.score(batch, state, true)).nats.length).toBe(2);
    state.free();
  }));

test('a state without a graph that adapts it', () =>
  withEngine(
    async (engine) => {
      const state = engine.begin(1);
      const refusal = await refusalOf(() => engine.adapt(adaptBatch, state));
      expect(refusal).toMatchObject(misuse(/no graph/));
      state.free();
    },
    adaptiveOptions(sumModel(), [tensor('sum')]),
  ));

test('after close nothing runs, and a state can still be given back', async () => {
  const engine = await openAdaptiveNative(options);
  const [used, unused] = [engine.begin(1), engine.begin(1)];
  await engine.score(batch, used, true);
  await engine.adapt(adaptBatch, used);
  await engine.close();
  await engine.close();
  for (const use of [
    () => engine.begin(1),
    () => engine.score(batch, used, true),
    () => engine.adapt(adaptBatch, used),
  ]) {
    expect(await refusalOf(use)).toMatchObject({ code: 'BPB_ENGINE_CLOSED' });
  }
  used.free();
  unused.free();
});

const modelOf = (model: Uint8Array) => ({ graph: { ...options.graph, model } });

test.each([
  ['a score graph that is none', modelOf(Uint8Array.of(1, 2)), 'BPB_MODEL_LOAD', 'model.onnx'],
  [
    'a score graph that asks for something else',
    modelOf(
      stateModel({
        nodes: addState('bias'),
        inputs: [idsPort(), statePort('bias'), statePort('secret')],
        outputs: [logitsPort],
      }),
    ),
    'BPB_MODEL_INPUT',
    'model.onnx',
  ],
  [
    'an adapt graph that is none',
    { adaptive: { ...options.adaptive, adapt: { ...adapt, bytes: initOf(Uint8Array.of(1)) } } },
    'BPB_MODEL_LOAD',
    'adapt.onnx',
  ],
  [
    'targets that are no ids',
    { adaptive: { ...options.adaptive, adapt: { ...adapt, targets: 'bias' } } },
    'BPB_MODEL_LOAD',
    'adapt.onnx',
  ],
])('does not open %s', async (_, changes, code, path) => {
  const refusal = await refusalOf(() => openAdaptiveNative({ ...options, ...changes }));
  expect(refusal).toMatchObject({ code, path });
});

test('says what the stateless engine says of itself, and times its runs', () =>
  withEngine(async (engine) => {
    expect(engine.info).toMatchObject({
      name: 'onnx-cpu',
      provider: 'cpu',
      precision: 'fp32',
      threads: 1,
      vocabulary: VOCAB,
    });
    const state = engine.begin(1);
    const { runSeconds, scoreSeconds } = await engine.score(batch, state, true);
    expect(runSeconds).toBeGreaterThan(0);
    expect(scoreSeconds).toBeGreaterThan(0);
    state.free();
  }));

test('what is begun and given back does not pile up', async () => {
  // A MiB of state a document, of which one half is never written.
  const width = 2 ** 17;
  const zero = Float32Array.of(0);
  const big = stateModel(
    {
      nodes: [
        op('Gather', ['table', 'input_ids'], 'gathered'),
        op('Add', ['a', 'b'], 'both'),
        op('ReduceSum', ['both', 'axis1'], 'sum', { keepdims: { int: 1 } }),
        op('Unsqueeze', ['sum', 'axis1'], 'row'),
        op('Mul', ['row', 'zero'], 'nothing'),
        op('Add', ['gathered', 'nothing'], 'logits'),
        op('Add', ['a', 'b'], 'a_next'),
      ],
      inputs: [idsPort(), statePort('a', 'float32', [width]), statePort('b', 'float32', [width])],
      outputs: [logitsPort, statePort('a_next', 'float32', [width])],
    },
    [{ name: 'zero', type: 'float32', dims: [], data: zero }],
  );
  const keep = stateModel({
    nodes: [op('Identity', ['b'], 'b_next')],
    inputs: [statePort('b', 'float32', [width])],
    outputs: [statePort('b_next', 'float32', [width])],
  });
  const shape = [width];
  const wanted = adaptiveOptions(big, [tensor('a', { shape }), tensor('b', { shape })], {
    adapt: adaptGraph(keep, ['b'], { tokens: null, targets: null }),
  });
  await withEngine(async (engine) => {
    const cycle = async () => {
      const state = engine.begin(3);
      const three = fullBatch([[1], [2], [3]], [[4], [5], [6]]);
      await engine.score(three, state, true);
      state.keep(1);
      await engine.score(fullBatch([[1]], [[4]]), state, true);
      await engine.adapt({ ...adaptBatch, time: 1, ids: Int32Array.of(1) }, state);
      state.reset();
      await engine.score(fullBatch([[1]], [[4]]), state, false);
      state.free();
    };
    // The runtime's arena grows for a while and keeps what it has.
    for (let i = 0; i < 30; i++) await cycle();
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 300; i++) await cycle();
    const grown = process.memoryUsage().rss - before;
    // Three documents leaked in each cycle would be 900 MiB, the smallest slot of one 150 MiB.
    expect(grown).toBeLessThan(100 * 2 ** 20);
  }, wanted);
});

const script = new URL('../helpers/adaptive-worker.mjs', import.meta.url);

/** Resolves once the worker is in its run number `rounds`, or is there at all where that is 0. */
function started(wanted: AdaptiveOptions, data: object, rounds: number) {
  const worker = new Worker(script, { workerData: { options: wanted, ...data } });
  const seen: number[] = [];
  return new Promise<{ worker: Worker; seen: number[] }>((resolve, reject) => {
    worker.on('error', reject);
    if (rounds === 0) worker.on('online', () => resolve({ worker, seen }));
    worker.on('message', (round: number) => {
      seen.push(round);
      if (round === rounds) resolve({ worker, seen });
    });
  });
}

test('a worker can be ended at any moment of what it scores and adapts', async () => {
  const engine = await openAdaptiveNative(options);
  for (let i = 0; i < 15; i++) {
    const { worker } = await started(options, { batch, adaptBatch }, i);
    expect(await worker.terminate()).toBe(1);
  }
  // Nothing of it has touched what others do.
  const state = engine.begin(1);
  expect((await engine.score(batch, state, true)).nats.length).toBe(2);
  state.free();
  await engine.close();
});

test('a worker can be ended in the middle of a run with state', async () => {
  // A thousand products of 8.6 GFLOP, which no machine is through with before the worker is ended.
  const width = 1024;
  const square = new Float32Array(width * width);
  const products = Array.from({ length: 1000 }, (_, i) =>
    op('MatMul', [`x${i}`, 'square'], `x${i + 1}`),
  );
  const model = stateModel(
    {
      nodes: [
        op('Cast', ['input_ids'], 'as_float', { to: { int: 1 } }),
        op('Unsqueeze', ['as_float', 'axis2'], 'column'),
        op('Unsqueeze', ['s', 'axis1'], 'row'),
        op('Add', ['column', 'row'], 'x0'),
        ...products,
        op('Identity', ['x1000'], 'logits'),
        op('ReduceMax', ['x1000', 'axis1'], 's_next', { keepdims: { int: 0 } }),
      ],
      inputs: [idsPort(), statePort('s', 'float32', [width])],
      outputs: [
        { name: 'logits', type: 'float32', dims: ['b', 't', width] },
        statePort('s_next', 'float32', [width]),
      ],
    },
    [
      { name: 'square', type: 'float32', dims: [width, width], data: square },
      { name: 'axis2', type: 'int64', dims: [1], data: BigInt64Array.of(2n) },
    ],
  );
  const wanted = adaptiveOptions(model, [tensor('s', { shape: [width] })]);
  const ids = new Array<number>(4096).fill(1);
  const { worker, seen } = await started(wanted, { batch: fullBatch([ids], [ids]) }, 1);
  expect(await worker.terminate()).toBe(1);
  expect(seen).toEqual([1]);
});
