/**
 * Engines that carry state against closed forms: what is read, written, kept and begun anew.
 */
import { describe, expect, test } from 'vitest';
import { openAdaptiveJs } from '#bpb/engine/adaptive-js';
import { openAdaptiveNative } from '#bpb/engine/adaptive-native';
import { TYPE } from '#bpb/onnx/element-types';
import {
  ADAPTIVE_ENGINES,
  adaptBatchOf,
  addEmbeddings,
  engineStarter,
  expectNats,
  natsOf,
  TOLERANCE,
  zeros,
} from '../helpers/adaptive-engines.js';
import { fullBatch } from '../helpers/engines.js';
import { uniform } from '../helpers/models.js';
import {
  adaptGraph,
  adaptiveOptions,
  addState,
  biasAdapt,
  biasScore,
  idsPort,
  initOf,
  logitsPort,
  nats,
  op,
  RATE,
  stateModel,
  statePort,
  sumModel,
  tensor,
  VOCAB,
} from '../helpers/state-graphs.js';

const next = uniform(9);
const row = (time: number) => Array.from({ length: time }, () => Math.floor(next() * VOCAB));
const rows = (count: number, time: number) => Array.from({ length: count }, () => row(time));

/** One step of biasAdapt in float64. */
function learn(bias: Float64Array, ids: readonly number[], targets: readonly number[]): void {
  const gradient = zeros();
  for (const [k, id] of ids.entries()) {
    for (let v = 0; v < VOCAB; v++) {
      const error = Math.exp(-nats(id, v, bias)) - (v === targets[k] ? 1 : 0);
      gradient[v]! += error / ids.length;
    }
  }
  for (let v = 0; v < VOCAB; v++) bias[v]! -= RATE * gradient[v]!;
}

describe.each(ADAPTIVE_ENGINES)('the %s engine', (_, openOn) => {
  const start = engineStarter(openOn);

  test('a running sum of three documents, of which one after the other ends', async () => {
    const engine = await start(adaptiveOptions(sumModel(), [tensor('sum')]));
    const state = engine.begin(3);
    const sums = [zeros(), zeros(), zeros()];
    for (const count of [3, 3, 2, 2, 1, 1]) {
      if (count < state.documents) state.keep(count);
      expect(state.documents).toBe(count);
      const [ids, targets] = [rows(count, 5), rows(count, 5)];
      const { nats: found, q30 } = await engine.score(fullBatch(ids, targets), state, true);
      expectNats(found, natsOf(ids, targets, sums));
      expect(q30.length).toBe(count);
      addEmbeddings(sums, ids);
    }
    state.free();
  });

  test('without carry the state is as it was', async () => {
    const engine = await start(adaptiveOptions(sumModel(), [tensor('sum')]));
    const state = engine.begin(2);
    const [ids, targets] = [rows(2, 3), rows(2, 3)];
    const batch = fullBatch(ids, targets);
    const first = await engine.score(batch, state, false);
    expect((await engine.score(batch, state, true)).nats).toEqual(first.nats);
    const second = await engine.score(batch, state, false);
    expect(second.nats).not.toEqual(first.nats);
    expect((await engine.score(batch, state, false)).nats).toEqual(second.nats);
    const sums = [zeros(), zeros()];
    addEmbeddings(sums, ids);
    expectNats(second.nats, natsOf(ids, targets, sums));
    state.free();
  });

  test.each(['int64', 'int32'] as const)('a bias learns by descent, ids as %s', async (type) => {
    const adapt = adaptGraph(biasAdapt(type), ['bias']);
    const engine = await start(adaptiveOptions(biasScore(), [tensor('bias')], { adapt }));
    const state = engine.begin(3);
    const biases = [zeros(), zeros(), zeros()];
    for (const count of [3, 2, 2, 1]) {
      if (count < state.documents) state.keep(count);
      const [ids, targets] = [rows(count, 4), rows(count, 4)];
      const { nats: found } = await engine.score(fullBatch(ids, targets), state, true);
      expectNats(found, natsOf(ids, targets, biases));
      for (let step = 0; step < 2; step++) {
        expect(await engine.adapt(adaptBatchOf(ids, targets), state)).toBeGreaterThan(0);
        for (let r = 0; r < count; r++) learn(biases[r]!, ids[r]!, targets[r]!);
      }
    }
    // It has learned: after many steps on one chunk, that chunk is much cheaper.
    const batch = fullBatch([[1, 2, 3, 4]], [[5, 5, 5, 5]]);
    const before = (await engine.score(batch, state, true)).nats;
    for (let step = 0; step < 20; step++) {
      await engine.adapt(adaptBatchOf([[1, 2, 3, 4]], [[5, 5, 5, 5]]), state);
    }
    const after = (await engine.score(batch, state, true)).nats;
    expect(after[0]!).toBeLessThan(before[0]! - 1);
    state.free();
  });

  test.each([
    ['float32', Float32Array.of(0.5, -2), [0.5, -2]],
    // 0.5 and -2 as fp16.
    ['float16', Uint16Array.of(0x3800, 0xc000), [0.5, -2]],
    ['int32', Int32Array.of(3, -1), [3, -1]],
    // Beyond int32, and exact as fp32 when doubled.
    ['int64', BigInt64Array.of(2n ** 32n, 512n - 2n ** 32n), [2 ** 32, 512 - 2 ** 32]],
  ] as const)(
    'a state of %s begins at its initial value and is doubled',
    async (dtype, init, values) => {
      const nodes = [
        op('Gather', ['table', 'input_ids'], 'gathered'),
        op('Cast', ['s'], 'wide', { to: { int: TYPE.float32 } }),
        // Both elements on every logit but the first.
        op('ReduceSum', ['wide', 'axis1'], 'both', { keepdims: { int: 1 } }),
        op('Unsqueeze', ['both', 'axis1'], 'row'),
        op('Mul', ['row', 'not_first'], 'added'),
        op('Add', ['gathered', 'added'], 'logits'),
        op('Add', ['s', 's'], 's_next'),
      ];
      const notFirst = Float32Array.from({ length: VOCAB }, (__, v) => (v === 0 ? 0 : 1));
      const model = stateModel(
        {
          nodes,
          inputs: [idsPort(), statePort('s', dtype, [2])],
          outputs: [logitsPort, statePort('s_next', dtype, [2])],
        },
        [{ name: 'not_first', type: 'float32', dims: [VOCAB], data: notFirst }],
      );
      const state = tensor('s', { dtype, shape: [2], init: initOf(init) });
      const engine = await start(adaptiveOptions(model, [state]));
      const carried = engine.begin(2);
      const targets = [[1], [0]];
      for (const factor of [1, 2, 4]) {
        const { nats: found } = await engine.score(fullBatch([[3], [4]], targets), carried, true);
        const sum = factor * (values[0] + values[1]);
        const added = Float64Array.from(notFirst, (x) => x * sum);
        const expected = natsOf([[3], [4]], targets, [added, added]);
        for (const [k, value] of expected.entries()) {
          // fp32 logits of this size.
          expect(Math.abs(found[k]! - value)).toBeLessThanOrEqual(TOLERANCE + Math.abs(sum) * 2e-7);
        }
      }
      carried.free();
    },
  );

  test('a state of no axes of its own counts', async () => {
    const nodes = [
      op('Gather', ['table', 'input_ids'], 'gathered'),
      op('Cast', ['count'], 'as_float', { to: { int: TYPE.float32 } }),
      op('Unsqueeze', ['as_float', 'axis12'], 'column'),
      op('Mul', ['column', 'only_two'], 'added'),
      op('Add', ['gathered', 'added'], 'logits'),
      op('Shape', ['input_ids'], 'length', { start: { int: 1 }, end: { int: 2 } }),
      op('Add', ['count', 'length'], 'count_next'),
    ];
    const onlyTwo = Float32Array.from({ length: VOCAB }, (__, v) => (v === 2 ? 1 : 0));
    const model = stateModel(
      {
        nodes,
        inputs: [idsPort(), statePort('count', 'int64', [])],
        outputs: [logitsPort, statePort('count_next', 'int64', [])],
      },
      [
        { name: 'only_two', type: 'float32', dims: [VOCAB], data: onlyTwo },
        { name: 'axis12', type: 'int64', dims: [2], data: BigInt64Array.of(1n, 2n) },
      ],
    );
    const engine = await start(
      adaptiveOptions(model, [tensor('count', { shape: [], dtype: 'int64' })]),
    );
    const state = engine.begin(2);
    let count = 0;
    for (const time of [3, 1, 4]) {
      const [ids, targets] = [rows(2, time), rows(2, time)];
      const added = Float64Array.from(onlyTwo, (x) => x * count);
      const { nats: found } = await engine.score(fullBatch(ids, targets), state, true);
      expectNats(found, natsOf(ids, targets, [added, added]));
      count += time;
    }
    state.free();
  });

  test('reset begins anew what resets at documents, and nothing else', async () => {
    const nodes = [
      ...addState('both'),
      op('Add', ['here', 'always'], 'both'),
      op('Add', ['here', 'ones'], 'here_next'),
      op('Add', ['always', 'ones'], 'always_next'),
    ];
    const step = Float32Array.from({ length: VOCAB }, (__, v) => v / 4);
    const model = stateModel(
      {
        nodes: [nodes[4]!, ...nodes.slice(0, 4), ...nodes.slice(5)],
        inputs: [idsPort(), statePort('here'), statePort('always')],
        outputs: [logitsPort, statePort('here_next'), statePort('always_next')],
      },
      [{ name: 'ones', type: 'float32', dims: [VOCAB], data: step }],
    );
    const begins = Float32Array.from({ length: VOCAB }, (__, v) => -v / 8);
    const tensors = [
      tensor('here', { init: initOf(begins) }),
      tensor('always', { reset: 'never', init: initOf(begins) }),
    ];
    const engine = await start(adaptiveOptions(model, tensors));
    const state = engine.begin(1);
    const batch = fullBatch([[1, 2]], [[3, 4]]);
    for (const [here, always] of [
      [0, 0],
      [1, 1],
      [0, 2],
      [1, 3],
    ] as const) {
      if (here === 0 && always > 0) state.reset();
      const added = Float64Array.from(begins, (x, v) => 2 * x + (here + always) * step[v]!);
      const { nats: found } = await engine.score(batch, state, true);
      expectNats(found, natsOf([[1, 2]], [[3, 4]], [added]));
    }
    state.free();
  });

  test('a graph that gives a state back as it is may do so', async () => {
    const model = stateModel({
      nodes: [
        op('Add', ['bias', 'same'], 'both'),
        ...addState('both'),
        op('Identity', ['bias'], 'bias_next'),
      ],
      inputs: [idsPort(), statePort('bias'), statePort('same')],
      outputs: [logitsPort, statePort('bias_next'), statePort('same')],
    });
    const init = initOf(Float32Array.from({ length: VOCAB }, (__, v) => v / 3));
    const tensors = [tensor('bias', { init }), tensor('same', { init, out: 'same' })];
    const engine = await start(adaptiveOptions(model, tensors));
    const batch = (count: number) =>
      fullBatch(new Array(count).fill([1, 2]), new Array(count).fill([3, 4]));
    const state = engine.begin(3);
    const { nats: before } = await engine.score(batch(3), state, true);
    for (const count of [3, 2, 2, 1, 1]) {
      state.keep(count);
      const { nats: found } = await engine.score(batch(count), state, true);
      expect(found).toEqual(before.subarray(0, 2 * count));
      // What was freed is written over by others.
      const other = engine.begin(3);
      await engine.score(batch(3), other, true);
      other.free();
    }
    state.free();
  });
});

test('both engines agree on documents that learn', async () => {
  const adapt = adaptGraph(biasAdapt(), ['bias']);
  const options = adaptiveOptions(biasScore(), [tensor('bias')], { adapt });
  const engines = [await openAdaptiveNative(options), await openAdaptiveJs(options)] as const;
  const states = engines.map((engine) => engine.begin(4));
  let sum = 0;
  let count = 0;
  for (let chunk = 0; chunk < 25; chunk++) {
    const [ids, targets] = [rows(4, 8), rows(4, 8)];
    const scores: Float32Array[] = [];
    for (const [e, engine] of engines.entries()) {
      scores.push((await engine.score(fullBatch(ids, targets), states[e]!, true)).nats);
      await engine.adapt(adaptBatchOf(ids, targets), states[e]!);
    }
    sum += scores[0]!.reduce((all, value, k) => all + Math.abs(value - scores[1]![k]!), 0);
    count += scores[0]!.length;
  }
  expect(count).toBe(800);
  expect(sum / count).toBeLessThan(1e-6);
  for (const state of states) state.free();
  for (const engine of engines) await engine.close();
});
