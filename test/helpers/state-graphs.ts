/**
 * Small graphs that carry state, whose logits and steps a test can compute itself.
 */
import type { Adaptive, StateTensor } from '#bpb/artifact/adaptive';
import type { AdaptiveOptions } from '#bpb/engine/adaptive';
import { TYPE, type TypeName } from '#bpb/onnx/element-types';
import {
  type AttributeValue,
  type GraphSpec,
  type InitializerSpec,
  type NodeSpec,
  onnxModel,
} from '#bpb/onnx/writer';
import { engineOptions } from './engines.js';
import { normals } from './models.js';

/** Width of the logits, and ids that the tables know. */
export const VOCAB = 11;

export const TABLE = normals(VOCAB * VOCAB, 1, 2);
export const EMBED = normals(VOCAB * VOCAB, 2, 0.3);

export type Port = GraphSpec['inputs'][number];

export const idsPort = (name = 'input_ids', type: TypeName = 'int64'): Port => ({
  name,
  type,
  dims: ['batch', `${name}_time`],
});
export const statePort = (name: string, type: TypeName = 'float32', dims: number[] = [VOCAB]) => ({
  name,
  type,
  dims: ['batch', ...dims],
});
export const logitsPort: Port = { name: 'logits', type: 'float32', dims: ['b', 't', VOCAB] };

export const op = (
  name: string,
  inputs: string[],
  output: string,
  attributes: Record<string, AttributeValue> = {},
): NodeSpec => ({ op: name, inputs, outputs: [output], attributes });

const floats = (name: string, data: Float32Array, dims: number[]): InitializerSpec => ({
  name,
  type: 'float32',
  dims,
  data,
});
const ints = (name: string, ...values: number[]): InitializerSpec => ({
  name,
  type: 'int64',
  dims: [values.length],
  data: BigInt64Array.from(values, BigInt),
});

/** A graph with the constants that these use at hand: table, embed, axis1, one_hot's, rate. */
export function stateModel(graph: Omit<GraphSpec, 'initializers'>, more: InitializerSpec[] = []) {
  const square = [VOCAB, VOCAB];
  const all = [
    floats('table', TABLE, square),
    floats('embed', EMBED, square),
    ints('axis1', 1),
    { ...ints('depth', VOCAB), dims: [] },
    floats('off_on', Float32Array.of(0, 1), [2]),
    floats('rate', Float32Array.of(RATE), []),
    ...more,
  ];
  const used = new Set(graph.nodes.flatMap(({ inputs }) => inputs));
  return onnxModel({ ...graph, initializers: all.filter(({ name }) => used.has(name)) });
}

/** `logits = table[id] + state`, whatever the type of the state. */
export function addState(name: string): NodeSpec[] {
  return [
    op('Gather', ['table', 'input_ids'], 'gathered'),
    op('Cast', [name], 'as_float', { to: { int: TYPE.float32 } }),
    op('Unsqueeze', ['as_float', 'axis1'], 'row'),
    op('Add', ['gathered', 'row'], 'logits'),
  ];
}

/** A recurrent model: `sum_next = sum + Σ embed[id]` over the chunk. */
export function sumModel(): Uint8Array {
  return stateModel({
    nodes: [
      ...addState('sum'),
      op('Gather', ['embed', 'input_ids'], 'embedded'),
      op('ReduceSum', ['embedded', 'axis1'], 'step', { keepdims: { int: 0 } }),
      op('Add', ['sum', 'step'], 'sum_next'),
    ],
    inputs: [idsPort(), statePort('sum')],
    outputs: [logitsPort, statePort('sum_next')],
  });
}

/** A bias on the logits, learned by `biasAdapt`. */
export function biasScore(): Uint8Array {
  return stateModel({
    nodes: addState('bias'),
    inputs: [idsPort(), statePort('bias')],
    outputs: [logitsPort],
  });
}

export const RATE = 0.5;

/** One step of gradient descent on the chunk's mean nats; inputs must be the chunk's own. */
export function biasAdapt(ids: TypeName = 'int64'): Uint8Array {
  return stateModel({
    nodes: [
      ...addState('bias'),
      op('Softmax', ['logits'], 'p', { axis: { int: 2 } }),
      op('Cast', ['targets'], 'wide', { to: { int: TYPE.int64 } }),
      op('OneHot', ['wide', 'depth', 'off_on'], 'hot'),
      op('Sub', ['p', 'hot'], 'error'),
      op('ReduceMean', ['error', 'axis1'], 'gradient', { keepdims: { int: 0 } }),
      op('Mul', ['gradient', 'rate'], 'change'),
      op('Sub', ['bias', 'change'], 'bias_next'),
    ],
    inputs: [idsPort('input_ids', ids), idsPort('targets', ids), statePort('bias')],
    outputs: [statePort('bias_next')],
  });
}

export function tensor(name: string, changes: Partial<StateTensor> = {}): StateTensor {
  const ports = { in: name, out: `${name}_next` };
  return {
    name,
    ...ports,
    shape: [VOCAB],
    dtype: 'float32',
    init: null,
    reset: 'document',
    ...changes,
  };
}

/** The bytes of an array, as an artifact's init file has them. */
export function initOf(array: ArrayBufferView): Uint8Array<SharedArrayBuffer> {
  const copy = new Uint8Array(new SharedArrayBuffer(array.byteLength));
  copy.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  return copy;
}

export function adaptGraph(
  bytes: Uint8Array,
  names: string[],
  changes: Partial<NonNullable<Adaptive['adapt']>> = {},
): NonNullable<Adaptive['adapt']> {
  return {
    path: 'adapt.onnx',
    bytes: initOf(bytes),
    tokens: 'input_ids',
    targets: 'targets',
    reads: names,
    writes: names,
    ...changes,
  };
}

export function adaptiveOptions(
  model: Uint8Array,
  tensors: StateTensor[],
  changes: Partial<Adaptive> = {},
  options: Partial<AdaptiveOptions> = {},
): AdaptiveOptions {
  const adaptive = { tensors, chunk: 4, context: 0, steps: 1, adapt: null, ...changes };
  return { ...engineOptions(model), adaptive, ...options };
}

/** Nats of `target` after `id` with `added` on the logits, in float64. */
export function nats(id: number, target: number, added: ArrayLike<number>): number {
  const row = Array.from(TABLE.subarray(id * VOCAB, (id + 1) * VOCAB), (x, v) => x + added[v]!);
  const max = Math.max(...row);
  return Math.log(row.reduce((sum, x) => sum + Math.exp(x - max), 0)) + max - row[target]!;
}
