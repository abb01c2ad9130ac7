/**
 * Static inference of a node's outputs: type, dimensions, the elements of shapes.
 *
 * An operator that is not listed gives outputs of which nothing is known, and nothing that depends
 * on them is rewritten.
 */

import { TYPE } from '../element-types.js';
import type { Node } from '../graph.js';
import type { StoredTensor } from '../stored-tensor.js';
import { type Fact, type Lookup, UNKNOWN } from './facts.js';
import {
  broadcastOpen,
  concat,
  type Dims,
  expand,
  flatten,
  gather,
  gatherNd,
  type Rule,
  range,
  reshape,
  slice,
  split,
  squeeze,
  tile,
  transpose,
  unsqueeze,
} from './infer-moves.js';
import { ownRule } from './infer-own.js';
import { PRODUCTS } from './infer-products.js';
import { chosenSizes, combinedSizes } from './infer-sizes.js';
import { normalAxis, sliceRange } from './movement.js';
import { integersOf } from './operands.js';
import { DOMAIN } from './own-operators.js';

/** Outputs have the first input's type and dimensions. */
const same: Rule = (_, __, [x]) => (x ? [{ type: x.type, dims: x.dims }] : null);

/** In the type of its scale, which may be another than that of what is normalized. */
const rmsNorm: Rule = (_, __, [x, scale]) =>
  x ? [{ type: scale?.type || x.type, dims: x.dims }] : null;

const elementwise: Rule = (_, node, inputs) => [
  { type: inputs[0]!.type, dims: broadcastAll(inputs), shape: combinedSizes(node.op, inputs) },
];

const comparison: Rule = (_, node, inputs) => [
  { type: TYPE.bool, dims: broadcastAll(inputs), shape: combinedSizes(node.op, inputs) },
];

const where: Rule = (_, __, inputs) => [
  { type: inputs[1]!.type, dims: broadcastAll(inputs), shape: chosenSizes(inputs) },
];

function broadcastAll(inputs: readonly Fact[]): Dims {
  let dims: Dims = [];
  for (const input of inputs) dims = dims && input.dims && broadcastOpen(dims, input.dims);
  return dims;
}

const shapeOf: Rule = (lookup, node, [x]) => {
  if (!x?.dims) return [{ type: TYPE.int64 }];
  const rank = x.dims.length;
  const [start, end] = [lookup.number(node, 'start') ?? 0, lookup.number(node, 'end') ?? rank];
  const { from, length } = sliceRange(rank, start, end, 1);
  // An open element of a shape stands for the rows of the batch, and for nothing else.
  const shape = x.perRow === 1 ? x.dims.slice(from, from + length) : null;
  return [{ type: TYPE.int64, dims: [length], shape }];
};

const reduce: Rule = (lookup, node, [x]) => {
  const given = integersOf(lookup, node, 1, 'axes');
  const axes = given?.map((axis) => normalAxis(axis, x?.dims?.length ?? 0));
  // Without any axes it is over all of them, or over none.
  if (!x?.dims || !axes?.length) return x ? [{ type: x.type }] : null;
  const keep = lookup.number(node, 'keepdims') !== 0;
  const dims = x.dims.map((dim, k) => (axes.includes(k) ? (keep ? 1 : null) : dim));
  return [{ type: x.type, dims: keep ? dims : dims.filter((_, k) => !axes.includes(k)) }];
};

const cast: Rule = (lookup, node, [x]) => {
  const type = lookup.number(node, 'to') ?? 0;
  // Other types do not hold every size.
  return x ? [{ type, dims: x.dims, shape: type === TYPE.int64 ? x.shape : null }] : null;
};

const constant: Rule = (_, node) => {
  const value = node.attributes.get('value')?.value as StoredTensor | undefined;
  if (value?.decode === undefined) return null;
  const { type, dims, decode } = value;
  const shape = type === TYPE.int64 && dims.length <= 1 ? (decode()?.integers() ?? null) : null;
  return [{ type, dims, shape, constant: decode }];
};

const constantOfShape: Rule = (_, node, [x]) => {
  const value = node.attributes.get('value')?.value as StoredTensor | undefined;
  return [{ type: value?.type ?? TYPE.float32, dims: x?.shape ?? null }];
};

/** ai.onnx Attention: `[B, H, T, h]`, or `[B, T, H h]` with the heads in attributes. */
const attention: Rule = (lookup, node, [q, , v]) => {
  if (!q?.dims || !v?.dims) return null;
  if (q.dims.length === 4) return [{ type: q.type, dims: [...q.dims.slice(0, 3), v.dims[3]!] }];
  const heads = lookup.number(node, 'q_num_heads');
  const shared = lookup.number(node, 'kv_num_heads');
  const width = v.dims[2];
  if (!heads || !shared || !width) return null;
  return [{ type: q.type, dims: [q.dims[0]!, q.dims[1]!, (width / shared) * heads] }];
};

/** com.microsoft GroupQueryAttention, whose queries may stand beside their keys and values in one matrix. */
const groupQueryAttention: Rule = (lookup, node, [q]) => {
  if (!q) return null;
  const [heads, shared] = ['num_heads', 'kv_num_heads'].map((name) => lookup.number(node, name));
  const width = q.dims?.at(-1);
  const state = { type: q.type };
  if (node.inputs[1]) return [q, state, state];
  if (!heads || !shared || !width) return [state, state, state];
  const own = (width / (heads + 2 * shared)) * heads;
  return [{ ...q, dims: [...q.dims!.slice(0, -1), own] }, state, state];
};

const RULES: Readonly<Record<string, Rule>> = {
  ...named('Identity', cloneShape),
  ...named('Neg Abs Sqrt Reciprocal Exp Log Cos Sin Tanh Sigmoid Relu Gelu Erf Softmax', same),
  ...named(
    'LogSoftmax LeakyRelu Silu FastGelu BiasGelu QuickGelu Trilu Clip Floor Ceil Dropout',
    same,
  ),
  ...named('RMSNormalization SimplifiedLayerNormalization', rmsNorm),
  LayerNormalization: same,
  ...named('RotaryEmbedding Swish Elu Softplus HardSwish Mish CumSum ScatterND', same),
  ...named('Add Sub Mul Div Pow Min Max Mod Sum Mean PRelu', elementwise),
  ...named('Equal Less LessOrEqual Greater GreaterOrEqual And Or Xor', comparison),
  // Values as wide as the queries; `attention.ts` checks that before it relies on it.
  MultiHeadAttention: same,
  ...named('SkipSimplifiedLayerNormalization SkipLayerNormalization', (_, __, [x]) =>
    x ? [x, {}, {}, x] : null,
  ),
  GroupQueryAttention: groupQueryAttention,
  ...named('ReduceMean ReduceSum ReduceMax ReduceMin ReduceL1 ReduceL2 ReduceSumSquare', reduce),
  Attention: attention,
  Not: (_, __, [x]) => [{ type: TYPE.bool, dims: x?.dims ?? null }],
  IsNaN: (_, __, [x]) => [{ type: TYPE.bool, dims: x?.dims ?? null }],
  Where: where,
  ...PRODUCTS,
  Shape: shapeOf,
  Range: range,
  Reshape: reshape,
  Flatten: flatten,
  Slice: slice,
  Concat: concat,
  Gather: gather,
  GatherND: gatherNd,
  GatherElements: (_, __, [x, indices]) => [{ type: x?.type ?? 0, dims: indices?.dims ?? null }],
  Transpose: transpose,
  Unsqueeze: unsqueeze,
  Squeeze: squeeze,
  Expand: expand,
  Tile: tile,
  Split: split,
  Cast: cast,
  Constant: constant,
  ConstantOfShape: constantOfShape,
};

function cloneShape(_: Lookup, __: Node, [x]: readonly Fact[]): Partial<Fact>[] | null {
  return x ? [x] : null;
}

function named(operators: string, rule: Rule): Record<string, Rule> {
  return Object.fromEntries(operators.split(' ').map((operator) => [operator, rule]));
}

/** Facts of the node's outputs, in their order; fewer where nothing is known of the others. */
export function inferNode(lookup: Lookup, node: Node): Fact[] {
  const known = node.domain === '' || node.domain === 'com.microsoft' ? RULES[node.op] : undefined;
  const rule = node.domain === DOMAIN ? ownRule : known;
  if (rule === undefined) return node.outputs.map(() => UNKNOWN);
  const inputs = node.inputs.map((name) => lookup.fact(name));
  const facts = rule(lookup, node, inputs);
  const perRow = inputs.find(({ dims }) => dims?.includes(null))?.perRow ?? 1;
  return node.outputs.map((_, k) => ({ ...UNKNOWN, perRow, ...facts?.[k] }));
}
