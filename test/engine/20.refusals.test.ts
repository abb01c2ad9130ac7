/**
 * Models and batches that an engine must refuse, in the words of the error class.
 */

import { describe, expect, test } from 'vitest';
import { createEngine } from '#bpb/engine/create';
import type { Batch } from '#bpb/engine/types';
import type { BpbError } from '#bpb/errors';
import { type GraphSpec, onnxModel } from '#bpb/onnx/writer';
import { engineOptions, fullBatch, type OptionChanges, openEngine } from '../helpers/engines.js';
import { normals, type TableOptions, tableGraph, tableModel } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';

const vocabulary = 11;
const table = normals(vocabulary * 20, 3);
const engines = ['onnx-cpu', 'onnx-js'] as const;

/** The table model with parts of its graph replaced. */
function changed(changes: Partial<GraphSpec>): Uint8Array {
  return onnxModel({ ...tableGraph(table, vocabulary), ...changes });
}

function tableOf(options: TableOptions): Uint8Array {
  return tableModel(table, vocabulary, options);
}

const tokens = { name: 'input_ids', type: 'int64', dims: ['b', 't'] } as const;
const logits = { name: 'logits', type: 'float32', dims: ['b', 't', vocabulary] } as const;
const gather = { op: 'Gather', inputs: ['table', 'input_ids'], outputs: ['logits'] } as const;

/** Name, model, code, and what the error must show. */
const models: [string, Uint8Array, BpbError['code'], RegExp][] = [
  ['bytes that are no model', Uint8Array.of(1, 2, 3), 'BPB_MODEL_LOAD', /./],
  ['no bytes', new Uint8Array(0), 'BPB_MODEL_LOAD', /./],
  [
    'an unknown operator',
    changed({ nodes: [{ ...gather, op: 'Conjure' }] }),
    'BPB_MODEL_LOAD',
    /Conjure/,
  ],
  ['another input name', tableOf({ inputName: 'tokens' }), 'BPB_MODEL_INPUT', /tokens: int64/],
  ['another output name', tableOf({ outputName: 'scores' }), 'BPB_MODEL_OUTPUT', /scores: float32/],
  [
    'an input of rank 1',
    changed({
      inputs: [{ ...tokens, dims: ['t'] }],
      outputs: [{ ...logits, dims: ['t', vocabulary] }],
    }),
    'BPB_MODEL_INPUT',
    /int64 \[\?\]/,
  ],
  [
    'an input of floats',
    changed({
      inputs: [{ ...tokens, type: 'float32' }],
      nodes: [
        { op: 'Cast', inputs: ['input_ids'], outputs: ['ids'], attributes: { to: { int: 7 } } },
        { ...gather, inputs: ['table', 'ids'] },
      ],
    }),
    'BPB_MODEL_INPUT',
    /float32 \[\?, \?\]/,
  ],
  [
    'a second required input',
    changed({
      inputs: [tokens, { name: 'mask', type: 'float32', dims: ['b', 't', vocabulary] }],
      nodes: [
        { ...gather, outputs: ['plain'] },
        { op: 'Add', inputs: ['plain', 'mask'], outputs: ['logits'] },
      ],
    }),
    'BPB_MODEL_INPUT',
    /mask: float32/,
  ],
  [
    'an output of rank 2',
    changed({
      nodes: [
        { ...gather, outputs: ['deep'] },
        {
          op: 'ReduceMean',
          inputs: ['deep'],
          outputs: ['logits'],
          attributes: { axes: { ints: [2] }, keepdims: { int: 0 } },
        },
      ],
      opset: 13,
      outputs: [{ ...logits, dims: ['b', 't'] }],
    }),
    'BPB_MODEL_OUTPUT',
    /float32 \[\?, \?\]/,
  ],
  [
    'an output of whole numbers',
    changed({
      nodes: [
        { ...gather, outputs: ['plain'] },
        { op: 'Cast', inputs: ['plain'], outputs: ['logits'], attributes: { to: { int: 7 } } },
      ],
      outputs: [{ ...logits, type: 'int64' }],
    }),
    'BPB_MODEL_OUTPUT',
    /int64/,
  ],
];
describe.each(engines)('%s', (name) => {
  test.each(models)('refuses %s', async (_, model, code, actual) => {
    const error = await refusalOf(() => openEngine(name, model));
    expect(error).toMatchObject({ kind: 'input', code, path: 'model.onnx' });
    expect(error.actual).toMatch(actual);
    expect(error.expected).toBeTruthy();
  });

  test('refuses logits that are declared narrower than the tokenizer', async () => {
    const open = () => openEngine(name, tableOf({}), { minVocabulary: 12 });
    const error = await refusalOf(open);
    expect(error).toMatchObject({ kind: 'input', code: 'BPB_MODEL_VOCABULARY', actual: '11' });
  });

  test.each<[string, OptionChanges, string]>([
    ['a softcap of 0', { softcap: 0 }, 'BPB_SOFTCAP'],
    ['a softcap that is NaN', { softcap: Number.NaN }, 'BPB_SOFTCAP'],
    ['no threads', { threads: 0 }, 'BPB_THREADS'],
    ['half a thread', { threads: 0.5 }, 'BPB_THREADS'],
  ])('refuses %s', async (_, changes, code) => {
    const error = await refusalOf(() => openEngine(name, tableOf({}), changes));
    expect(error).toMatchObject({ kind: 'usage', code });
  });

  test.each<[string, TableOptions, OptionChanges, number[][], number[][], string]>([
    [
      'a logits width below the tokenizer, found at run time',
      { openWidth: true },
      { minVocabulary: 12 },
      [[1]],
      [[1]],
      'BPB_MODEL_VOCABULARY',
    ],
    ['a target beyond the logits', {}, {}, [[1, 2]], [[1, 11]], 'BPB_MODEL_VOCABULARY'],
    ['an id beyond the table', {}, {}, [[1, 20]], [[1, 2]], 'BPB_MODEL_RUN'],
    [
      'longer rows than a static axis',
      { dims: ['b', 2] },
      {},
      [[1, 2, 3]],
      [[1, 2, 3]],
      'BPB_MODEL_AXES',
    ],
  ])('refuses %s', async (_, graph, options, rows, targets, code) => {
    const engine = await openEngine(name, tableOf(graph), options);
    const error = await refusalOf(() => engine.score(fullBatch(rows, targets)));
    expect(error).toMatchObject({ kind: 'input', code, path: 'model.onnx' });
    // A refused batch leaves the engine as it was.
    const again = await engine.score(fullBatch([[1]], [[2]])).catch((next: BpbError) => next);
    if (options.minVocabulary === undefined) expect(again).toHaveProperty('nats');
    await engine.close();
  });

  test.each<[string, Partial<Batch>]>([
    ['too few ids', { ids: Int32Array.of(1) }],
    ['a negative id', { ids: Int32Array.of(1, -1) }],
    ['a negative target', { targets: Int32Array.of(1, -1) }],
    ['a position beyond the batch', { scored: Uint32Array.of(0, 2) }],
    ['more positions than targets', { targets: Int32Array.of(1) }],
    ['spans that go back', { spanEnds: Uint32Array.of(2, 1, 2) }],
    ['spans that end early', { spanEnds: Uint32Array.of(1) }],
    ['no rows', { rows: 0, ids: new Int32Array(0) }],
  ])('throws a RangeError for %s', async (_, changes) => {
    const engine = await openEngine(name, tableOf({}));
    const batch = { ...fullBatch([[1, 2]], [[3, 4]]), ...changes };
    await expect(engine.score(batch)).rejects.toThrow(RangeError);
    await engine.close();
  });

  test.each([
    ['NaN', Number.NaN],
    ['+Infinity', Number.POSITIVE_INFINITY],
  ])('names the position of logits with %s', async (_, value) => {
    const broken = table.with(7 * vocabulary + 4, value);
    const engine = await openEngine(name, tableModel(broken, vocabulary, { dims: [3, 4] }));
    const batch = fullBatch(
      [
        [1, 2],
        [3, 7],
      ],
      [
        [1, 2],
        [3, 4],
      ],
    );
    const error = await refusalOf(() => engine.score(batch));
    expect(error).toMatchObject({ code: 'BPB_NAN_LOGITS', kind: 'input', row: 1, offset: 1 });
    await engine.close();
  });

  test.each([
    ['fp32', tableModel(table.with(4, Number.NaN), vocabulary), false, /^Look for an overflow/],
    [
      'an fp16 export',
      tableModel(table.with(4, 65_520), vocabulary, { output: 'float16' }),
      false,
      /fp16, which ends at 65504: relu² .* 256\. Export it in fp32/,
    ],
    [
      'a model that --optimize made',
      tableModel(table.with(4, 65_520), vocabulary, { output: 'float16' }),
      true,
      /fp16, which ends at 65504: relu² .* 256\. Give --precision fp32 .* leave --optimize out/,
    ],
  ])(
    'logits that are no distribution name what to check: %s',
    async (_, model, rewritten, hint) => {
      const engine = await openEngine(name, model, { rewritten });
      const refusal = await refusalOf(() => engine.score(fullBatch([[0, 1]], [[1, 1]])));
      expect(refusal).toMatchObject({ code: 'BPB_NAN_LOGITS', kind: 'input' });
      expect(refusal.hint).toMatch(hint);
      await engine.close();
    },
  );

  test('ignores positions that are not scored', async () => {
    const broken = table.with(0, Number.NaN);
    const engine = await openEngine(name, tableModel(broken, vocabulary));
    const batch = fullBatch([[1, 0]], [[1, 2]]);
    const scored = { scored: Uint32Array.of(0), targets: Int32Array.of(1) };
    const result = await engine.score({ ...batch, ...scored, spanEnds: Uint32Array.of(1) });
    expect(result.nats[0]).toBeGreaterThan(0);
    await engine.close();
  });

  test('refuses nats beyond fixed point', async () => {
    const far = table.with(vocabulary, 1e10);
    const engine = await openEngine(name, tableModel(far, vocabulary));
    const error = await refusalOf(() => engine.score(fullBatch([[1]], [[2]])));
    expect(error).toMatchObject({ kind: 'input', code: 'BPB_NATS_OVERFLOW' });
    await engine.close();
  });

  test('is closed once, and then refuses to score', async () => {
    const engine = await openEngine(name, tableOf({}));
    await Promise.all([engine.close(), engine.close()]);
    const error = await refusalOf(() => engine.score(fullBatch([[1]], [[2]])));
    expect(error.code).toBe('BPB_ENGINE_CLOSED');
  });
});

test('bfloat16 logits are beyond the JavaScript API, and it says so', async () => {
  const error = await refusalOf(() => openEngine('onnx-js', tableOf({ output: 'bfloat16' })));
  expect(error).toMatchObject({ kind: 'environment', code: 'BPB_ENGINE_BF16' });
});

test('without libonnxruntime, auto passes over onnx-cpu and says why', async () => {
  const options = engineOptions(tableOf({}), { ortLib: '/nowhere', cuda: null });
  const error = await refusalOf(() => createEngine('onnx-cpu', options));
  expect(error).toMatchObject({ kind: 'environment', code: 'BPB_ORT_LIBRARY' });
  const { engine, notes } = await createEngine('auto', options);
  expect(engine.info.name).toBe('onnx-js');
  expect(notes).toEqual([expect.stringMatching(/^onnx-cpu .*\/nowhere/)]);
  await engine.close();
});

test('auto does not hide a bad model behind another engine', async () => {
  const error = await refusalOf(() => openEngine('auto', Uint8Array.of(9)));
  expect(error.code).toBe('BPB_MODEL_LOAD');
});

test('an unknown engine is wrong usage', async () => {
  const error = await refusalOf(() =>
    createEngine('abacus' as 'auto', engineOptions(table as never)),
  );
  expect(error).toMatchObject({ kind: 'usage', code: 'BPB_ENGINE' });
});
