/**
 * Engines that carry state refuse what is no chunk, no score and no next value, and lose nothing by it.
 */
import { describe, expect, test } from 'vitest';
import type { AdaptiveEngine, EngineState } from '#bpb/engine/adaptive';
import { TYPE } from '#bpb/onnx/element-types';
import {
  ADAPTIVE_ENGINES,
  adaptBatchOf,
  addEmbeddings,
  engineStarter,
  expectNats,
  natsOf,
  zeros,
} from '../helpers/adaptive-engines.js';
import { fullBatch } from '../helpers/engines.js';
import { refusalOf } from '../helpers/refusal.js';
import {
  adaptGraph,
  adaptiveOptions,
  addState,
  biasAdapt,
  biasScore,
  idsPort,
  logitsPort,
  op,
  stateModel,
  statePort,
  sumModel,
  TABLE,
  tensor,
  VOCAB,
} from '../helpers/state-graphs.js';

/** `logits = table[id] + state`, of a state that only an adapt graph writes. */
function biasScoreOf(name: string): Uint8Array {
  return stateModel({
    nodes: addState(name),
    inputs: [idsPort(), statePort(name)],
    outputs: [logitsPort],
  });
}

describe.each(ADAPTIVE_ENGINES)('the %s engine', (_, openOn) => {
  const start = engineStarter(openOn);

  describe('a run that is refused leaves the state as it was', () => {
    /** Scores what must be refused between two chunks that must not notice. */
    async function refused(engine: AdaptiveEngine, work: (state: EngineState) => unknown) {
      const state = engine.begin(1);
      const batch = fullBatch([[1, 2]], [[3, 4]]);
      await engine.score(batch, state, true);
      const refusal = await refusalOf(() => work(state));
      const sums = [zeros()];
      addEmbeddings(sums, [[1, 2]]);
      const { nats: found } = await engine.score(batch, state, true);
      expectNats(found, natsOf([[1, 2]], [[3, 4]], sums));
      state.free();
      return refusal;
    }

    test('an id beyond the table', async () => {
      const engine = await start(adaptiveOptions(sumModel(), [tensor('sum')]));
      const bad = fullBatch([[1, 99]], [[3, 4]]);
      const refusal = await refused(engine, (state) => engine.score(bad, state, true));
      expect(refusal).toMatchObject({ code: 'BPB_MODEL_RUN', kind: 'input', path: 'model.onnx' });
    });

    test('a target beyond the logits', async () => {
      const engine = await start(adaptiveOptions(sumModel(), [tensor('sum')]));
      const bad = fullBatch([[1, 2]], [[3, 11]]);
      const refusal = await refused(engine, (state) => engine.score(bad, state, true));
      expect(refusal).toMatchObject({ code: 'BPB_MODEL_VOCABULARY', path: 'model.onnx' });
    });

    test('logits that are no distribution', async () => {
      // Token 10 has a NaN; of an identity on the sum nothing else differs.
      const withNan = TABLE.slice();
      withNan[10 * VOCAB] = Number.NaN;
      const model = stateModel(
        {
          nodes: [
            op('Gather', ['broken', 'input_ids'], 'gathered'),
            ...addState('sum').slice(1),
            op('Gather', ['embed', 'input_ids'], 'embedded'),
            op('ReduceSum', ['embedded', 'axis1'], 'step', { keepdims: { int: 0 } }),
            op('Add', ['sum', 'step'], 'sum_next'),
          ],
          inputs: [idsPort(), statePort('sum')],
          outputs: [logitsPort, statePort('sum_next')],
        },
        [{ name: 'broken', type: 'float32', dims: [VOCAB, VOCAB], data: withNan }],
      );
      const engine = await start(adaptiveOptions(model, [tensor('sum')]));
      const bad = fullBatch([[1, 10]], [[3, 4]]);
      const refusal = await refused(engine, (state) => engine.score(bad, state, true));
      expect(refusal).toMatchObject({ code: 'BPB_NAN_LOGITS', path: 'model.onnx' });
    });

    test('a next value of another shape, though another output would fit', async () => {
      // `other` comes out wrong for chunks of three tokens.
      const model = stateModel({
        nodes: [
          ...addState('sum'),
          op('Gather', ['embed', 'input_ids'], 'embedded'),
          op('ReduceSum', ['embedded', 'axis1'], 'step', { keepdims: { int: 0 } }),
          op('Add', ['sum', 'step'], 'sum_next'),
          op('Cast', ['input_ids'], 'other_next', { to: { int: TYPE.float32 } }),
        ],
        inputs: [idsPort(), statePort('sum')],
        outputs: [
          logitsPort,
          statePort('sum_next'),
          { name: 'other_next', type: 'float32', dims: ['b', 'anything'] },
        ],
      });
      const tensors = [tensor('sum'), tensor('other', { shape: [2] })];
      const engine = await start(adaptiveOptions(model, tensors));
      const bad = fullBatch([[1, 2, 3]], [[3, 4, 5]]);
      const refusal = await refused(engine, (state) => engine.score(bad, state, true));
      expect(refusal).toMatchObject({
        code: 'BPB_STATE_OUTPUT',
        kind: 'input',
        path: 'model.onnx',
        expected: 'float32 [1, 2]',
        actual: 'float32 [1, 3]',
      });
      expect(refusal.message).toContain('"other"');
      // Where nothing is taken over, nothing is wrong with it.
      const state = engine.begin(1);
      expect((await engine.score(bad, state, false)).nats.length).toBe(3);
      state.free();
    });

    test('an adapt graph that gives another type', async () => {
      const adapt = stateModel({
        nodes: [op('Cast', ['sum'], 'sum_next', { to: { int: TYPE.int64 } })],
        inputs: [statePort('sum')],
        outputs: [statePort('sum_next', 'int64')],
      });
      const ports = { tokens: null, targets: null };
      const engine = await start(
        adaptiveOptions(biasScoreOf('sum'), [tensor('sum')], {
          adapt: adaptGraph(adapt, ['sum'], ports),
        }),
      );
      const state = engine.begin(1);
      const batch = fullBatch([[1, 2]], [[3, 4]]);
      const { nats: before } = await engine.score(batch, state, true);
      const refusal = await refusalOf(() => engine.adapt(adaptBatchOf([[1, 2]], [[3, 4]]), state));
      expect(refusal).toMatchObject({
        code: 'BPB_STATE_OUTPUT',
        path: 'adapt.onnx',
        expected: `float32 [1, ${VOCAB}]`,
        actual: `int64 [1, ${VOCAB}]`,
      });
      expect((await engine.score(batch, state, true)).nats).toEqual(before);
      state.free();
    });

    test('an adapt graph that fails', async () => {
      const adapt = adaptGraph(biasAdapt(), ['bias']);
      const engine = await start(adaptiveOptions(biasScore(), [tensor('bias')], { adapt }));
      const state = engine.begin(1);
      const batch = fullBatch([[1, 2]], [[3, 4]]);
      await engine.adapt(adaptBatchOf([[1, 2]], [[3, 4]]), state);
      const { nats: before } = await engine.score(batch, state, true);
      const refusal = await refusalOf(() => engine.adapt(adaptBatchOf([[1, 77]], [[3, 4]]), state));
      expect(refusal).toMatchObject({ code: 'BPB_MODEL_RUN', path: 'adapt.onnx' });
      expect((await engine.score(batch, state, true)).nats).toEqual(before);
      state.free();
    });
  });
});
