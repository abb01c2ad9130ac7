/** A past whose head size only its GroupQueryAttention says, as GenAI's builder writes it. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { bindModel } from '#bpb/onnx/bind/bind';
import { TYPE } from '#bpb/onnx/element-types';
import { OnnxGraph } from '#bpb/onnx/graph';
import { readSummary } from '#bpb/onnx/summary';
import { onnxModel } from '#bpb/onnx/writer';
import {
  GraphBuilder,
  largestDifference,
  runLogits,
  someIds,
  VOCAB,
} from '../../helpers/graph-builder.js';
import { refusalOf } from '../../helpers/refusal.js';

const [HEADS, SHARED, SIZE, ROWS, TIME] = [2, 1, 16, 3, 5];
const PAST = ['batch_size', SHARED, 'past_sequence_length', 'kv_cache_dim'];

/** @param width declared of the query, or of query, keys and values in one */
function model(packed: boolean, width: number | null): Uint8Array {
  const g = new GraphBuilder();
  const wide = (packed ? HEADS + 2 * SHARED : HEADS) * SIZE;
  const project = (size: number) => g.op('MatMul', [g.embed(8), g.weights([8, size])]);
  const query = project(wide);
  const keys = packed ? ['', ''] : [project(SHARED * SIZE), project(SHARED * SIZE)];
  const int32 = { to: { int: TYPE.int32 } };
  const seen = g.op('ReduceSum', ['attention_mask', g.ints([1])]);
  const last = g.op('Cast', [g.op('Sub', [seen, g.ints([1])])], int32);
  const total = g.op('Gather', [g.op('Shape', ['attention_mask']), g.ints([1], [])]);
  g.nodes.push({
    op: 'GroupQueryAttention',
    domain: 'com.microsoft',
    inputs: [query, ...keys, 'past.key', 'past.value', last, g.op('Cast', [total], int32)],
    outputs: ['mixed', 'present.key', 'present.value'],
    attributes: { num_heads: { int: HEADS }, kv_num_heads: { int: SHARED } },
  });
  g.op('MatMul', ['mixed', g.weights([HEADS * SIZE, VOCAB])], {}, 'logits');
  const past = { type: 'float32', dims: PAST } as const;
  const file = onnxModel({
    nodes: g.nodes,
    initializers: g.initializers,
    inputs: [
      { name: 'input_ids', type: 'int64', dims: ['batch_size', 'sequence_length'] },
      { name: 'attention_mask', type: 'int64', dims: ['batch_size', 'total_sequence_length'] },
      { name: 'past.key', ...past },
      { name: 'past.value', ...past },
    ],
    outputs: [
      { name: 'logits', type: 'float32', dims: ['batch_size', 'sequence_length', VOCAB] },
      { name: 'present.key', ...past },
      { name: 'present.value', ...past },
    ],
    opset: 18,
  });
  if (width === null) return file;
  const graph = OnnxGraph.parse(file, 'm.onnx');
  const dims = ['batch_size', 'sequence_length', width];
  graph.items.push({ kind: 'value', name: query, elementType: TYPE.float32, dims, raw: null });
  return graph.serialize();
}

function bound(file: Uint8Array) {
  return bindModel(file, readSummary(file, 'm.onnx'), 'm.onnx', {
    tokens: undefined,
    logits: undefined,
    rules: [],
    logitsAre: 'logits',
    given: { inputs: new Set(), outputs: new Set() },
  });
}

async function fed(file: Uint8Array, ids: readonly number[]): Promise<Float32Array> {
  const session = await InferenceSession.create(file, { graphOptimizationLevel: 'disabled' });
  const past = () => new Tensor('float32', new Float32Array(0), [ROWS, SHARED, 0, SIZE]);
  const { logits } = await session.run({
    input_ids: new Tensor('int64', BigInt64Array.from(ids, BigInt), [ROWS, TIME]),
    attention_mask: new Tensor('int64', new BigInt64Array(ids.length).fill(1n), [ROWS, TIME]),
    'past.key': past(),
    'past.value': past(),
  });
  await session.release();
  return Float32Array.from(logits!.data as Float32Array);
}

test.each([
  ['no declared width', null],
  ['a width that no heads divide', 17],
])('%s: refused, naming the axis', async (_, width) => {
  const error = await refusalOf(() => bound(model(true, width)));
  expect(error.code).toBe('BPB_MODEL_INPUT');
  expect(error.message).toContain('kv_cache_dim');
  expect(error.hint).toContain('--input');
});

describe.each([
  ['query, keys and values in one', true, (HEADS + 2 * SHARED) * SIZE],
  ['a query of its own', false, HEADS * SIZE],
] as const)('%s', (_, packed, width) => {
  test('the past is empty and the logits those of the graph that is fed by hand', async () => {
    const file = model(packed, width);
    const ids = someIds(ROWS, TIME);
    const { model: bytes, inputs } = bound(file);
    expect(inputs.map(({ kind }) => kind)).toEqual(['ones', 'empty', 'empty']);
    const [wanted, given] = [await fed(file, ids), await runLogits(bytes, ids, ROWS)];
    expect(largestDifference(wanted, given)).toBe(0);
    expect(Math.max(...wanted)).toBeGreaterThan(0);
  });
});
