/** Declared shapes that contradict open axes are dropped, and what the graph itself fixes is found out. */
import { describe, expect, test } from 'vitest';
import { openShapes } from '#bpb/onnx/open-shapes';
import type { Dim } from '#bpb/onnx/port';
import { readSummary } from '#bpb/onnx/summary';
import { onnxModel } from '#bpb/onnx/writer';
import { byteGraph, TABLE, table } from '../helpers/byte-models.js';
import { fullBatch, openEngine } from '../helpers/engines.js';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import { tableModel } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';
import { VOCABULARY } from '../helpers/score-fixture.js';

const NAMES = { tokens: 'input_ids', logits: 'logits' };

/** A graph that declares these axes of its ids and of its logits. */
function declaring(
  ids: readonly Dim[],
  logits: readonly Dim[],
  build: (g: GraphBuilder) => string = table,
): Uint8Array {
  const graph = byteGraph(build, { dims: ids });
  return onnxModel({
    ...graph,
    outputs: [{ ...graph.outputs[0]!, dims: [...logits, VOCABULARY] }],
  });
}

const opened = (model: Uint8Array) => openShapes(model, readSummary(model, 'm'), NAMES, 'm');

/** Logits whose batch and time are constants of the graph. */
const baked = (g: GraphBuilder) => g.reshape(table(g), [2, 3, VOCABULARY]);

test.each<[string, readonly Dim[], readonly Dim[]]>([
  ['the same names', ['batch', 'time'], ['batch', 'time']],
  ['other names', ['a', 'b'], ['c', 'd']],
  ['the same sizes', [2, 3], [2, 3]],
  ['names where the ids have sizes', [2, 3], ['b', 't']],
])('leaves a graph alone whose logits have %s', (_, ids, logits) => {
  expect(opened(declaring(ids, logits))).toBeNull();
});

test('leaves what declares no shape or another rank', () => {
  expect(opened(declaring(['b', 't'], ['b']))).toBeNull();
  expect(opened(declaring(['t'], [1, 't']))).toBeNull();
  const names = { tokens: 'none', logits: 'none' };
  const model = declaring(['b', 't'], [1, 2]);
  expect(openShapes(model, readSummary(model, 'm'), names, 'm')).toBeNull();
});

test('keeps what the ids fix, weights and width, and drops the rest', () => {
  const model = declaring(['batch', 4], [1, 8]);
  const summary = readSummary(opened(model)!, 'm');
  expect(summary.inputs[0]!.dims).toEqual(['bpb_batch', 4]);
  expect(summary.outputs[0]!.dims).toEqual(['bpb_rows', 'bpb_positions', VOCABULARY]);
  expect(opened(declaring(['n', 'n'], ['n', 'n']))).not.toBeNull();
});

test('refuses what is no model', async () => {
  const model = declaring(['b', 't'], [1, 2]);
  const ports = readSummary(model, 'm');
  const cut = model.subarray(0, model.length - 9);
  const error = await refusalOf(() => openShapes(cut, ports, NAMES, 'm'));
  expect(error).toMatchObject({ code: 'BPB_MODEL_NOT_ONNX', path: 'm' });
});

describe.each(['onnx-cpu', 'onnx-js'] as const)('%s', (name) => {
  const batch = fullBatch(
    [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ],
    [
      [2, 3, 4],
      [5, 6, 7],
      [8, 9, 10],
    ],
  );
  const nats = async (model: Uint8Array) => {
    const engine = await openEngine(name, model);
    try {
      // The second batch of a shape finds the outputs of the first.
      await engine.score(batch);
      return { ...(await engine.score(batch)), info: engine.info };
    } finally {
      await engine.close();
    }
  };

  test.each<[string, Uint8Array, number | null]>([
    ['declares the batch of an example', declaring(['b', 't'], [1, 8]), null],
    ['names both axes alike', declaring(['n', 'n'], ['n', 'n']), null],
    ['computes its batch as a constant', declaring(['b', 't'], [2, 3], baked), 2],
  ])('a graph that %s scores any batch', async (_, model, rows) => {
    const open = await nats(tableModel(TABLE, VOCABULARY));
    const found = await nats(opened(model)!);
    expect(found.nats).toEqual(open.nats);
    expect(found.info.fixedRows).toBe(rows);
  });
});
