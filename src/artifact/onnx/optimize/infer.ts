/**
 * What can be known of a node's outputs: type, dimensions, the elements of shapes.
 *
 * An operator that is not listed gives outputs of which nothing is known, and nothing that depends
 * on them is rewritten.
 */
import type { Node } from '../graph.js';
import { ELEMENT, type TensorHead } from '../tensor.js';
import { normalAxis, sliceRange, unsqueezed } from './movement.js';
import { type Dim, type Fact, UNKNOWN, type Workspace } from './workspace.js';

type Dims = readonly Dim[] | null;
type Rule = (ws: Workspace, node: Node, inputs: readonly Fact[]) => Partial<Fact>[] | null;

/** Outputs have the first input's type and dimensions. */
const same: Rule = (_, __, [x]) => (x ? [{ type: x.type, dims: x.dims }] : null);

const elementwise: Rule = (_, __, inputs) => [
  { type: inputs[0]!.type, dims: broadcastAll(inputs) },
];

const comparison: Rule = (_, __, inputs) => [{ type: ELEMENT.bool, dims: broadcastAll(inputs) }];

function broadcastAll(inputs: readonly Fact[]): Dims {
  let dims: Dims = [];
  for (const input of inputs) dims = dims && input.dims && broadcastOpen(dims, input.dims);
  return dims;
}

/** As a broadcast, where an open axis beside a known one larger than 1 must equal it. */
function broadcastOpen(a: readonly Dim[], b: readonly Dim[]): Dims {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const one = axis - rank + a.length < 0 ? 1 : a[axis - rank + a.length]!;
    const two = axis - rank + b.length < 0 ? 1 : b[axis - rank + b.length]!;
    if (one === 1) return two;
    if (two === 1) return one;
    return one ?? two;
  });
}

const matMul: Rule = (_, __, [a, b]) => {
  if (!a?.dims || !b?.dims || a.dims.length < 2 || b.dims.length < 2) return null;
  const batch = broadcastOpen(a.dims.slice(0, -2), b.dims.slice(0, -2));
  return [{ type: a.type, dims: batch && [...batch, a.dims.at(-2)!, b.dims.at(-1)!] }];
};

const gemm: Rule = (ws, node, [a, b]) => {
  if (a?.dims?.length !== 2 || b?.dims?.length !== 2) return null;
  const rows = a.dims[ws.number(node, 'transA') === 1 ? 1 : 0]!;
  const columns = b.dims[ws.number(node, 'transB') === 1 ? 0 : 1]!;
  return [{ type: a.type, dims: [rows, columns] }];
};

const shapeOf: Rule = (ws, node, [x]) => {
  if (!x?.dims) return [{ type: ELEMENT.int64 }];
  const rank = x.dims.length;
  const from = normalAxis(ws.number(node, 'start') ?? 0, rank);
  const shape = x.dims.slice(from, normalAxis(ws.number(node, 'end') ?? rank, rank));
  return [{ type: ELEMENT.int64, dims: [shape.length], shape }];
};

/** Integers of a constant input, as a list. */
function list(ws: Workspace, node: Node, input: number, attribute: string) {
  const name = node.inputs[input];
  if (name === undefined || name === '') return ws.list(node, attribute);
  return ws.constant(name)?.integers();
}

const reshape: Rule = (ws, node, [x, to]) => {
  if (!x || !to?.shape) return x ? [{ type: x.type }] : null;
  const zero = ws.number(node, 'allowzero') === 1;
  const dims: Dim[] = to.shape.map((dim, k) => (dim === 0 && !zero ? (x.dims?.[k] ?? null) : dim));
  const open = dims.indexOf(-1);
  if (open >= 0) dims[open] = missing(x.dims, dims);
  return [{ type: x.type, dims }];
};

/** The dimension that makes the sizes agree; open axes on both sides are taken to be the same. */
function missing(from: Dims, to: readonly Dim[]): Dim {
  const size = (dims: readonly Dim[]) =>
    dims.reduce<number>(
      (product, dim) => (dim === null || dim === -1 ? product : product * dim),
      1,
    );
  const opens = (dims: readonly Dim[]) => dims.filter((dim) => dim === null).length;
  if (from === null || opens(from) !== opens(to)) return null;
  const quotient = size(from) / size(to);
  return Number.isInteger(quotient) ? quotient : null;
}

const slice: Rule = (ws, node, [x]) => {
  const starts = list(ws, node, 1, 'starts');
  const ends = list(ws, node, 2, 'ends');
  if (!x?.dims || !starts || !ends) return x ? [{ type: x.type }] : null;
  const axes = list(ws, node, 3, 'axes') ?? starts.map((_, k) => k);
  const steps = list(ws, node, 4, 'steps') ?? starts.map(() => 1);
  const dims: Dim[] = [...x.dims];
  axes.forEach((given, k) => {
    const axis = normalAxis(given, dims.length);
    const size = dims[axis];
    if (size === null || size === undefined) return;
    dims[axis] = sliceRange(size, starts[k]!, ends[k]!, steps[k]!).length;
  });
  const range = x.shape && sliceRange(x.shape.length, starts[0]!, ends[0]!, 1);
  const shape =
    range && steps[0] === 1 ? x.shape!.slice(range.from, range.from + range.length) : null;
  return [{ type: x.type, dims, shape }];
};

const concat: Rule = (ws, node, inputs) => {
  const known = inputs.every((input) => input.dims);
  const [first] = inputs;
  if (!first || !known) return first ? [{ type: first.type }] : null;
  const dims: Dim[] = [...first.dims!];
  const axis = normalAxis(ws.number(node, 'axis') ?? 0, dims.length);
  dims[axis] = inputs.reduce<Dim>((sum, { dims: each }) => {
    const dim = each![axis] ?? null;
    return sum === null || dim === null ? null : sum + dim;
  }, 0);
  const shape = inputs.every((input) => input.shape) ? inputs.flatMap((i) => [...i.shape!]) : null;
  return [{ type: first.type, dims, shape: dims.length === 1 ? shape : null }];
};

const gather: Rule = (ws, node, [x, indices]) => {
  if (!x?.dims || !indices?.dims) return x ? [{ type: x.type }] : null;
  const axis = normalAxis(ws.number(node, 'axis') ?? 0, x.dims.length);
  const dims = [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)];
  const at = x.shape && ws.constant(node.inputs[1]!)?.integers();
  const shape =
    at && dims.length <= 1 ? at.map((k) => x.shape![normalAxis(k, x.shape!.length)] ?? null) : null;
  return [{ type: x.type, dims, shape }];
};

const transpose: Rule = (ws, node, [x]) => {
  const perm = ws.list(node, 'perm') ?? x?.dims?.map((_, k) => x.dims!.length - 1 - k);
  if (!x?.dims || !perm) return x ? [{ type: x.type }] : null;
  return [{ type: x.type, dims: perm.map((axis) => x.dims![axis]!) }];
};

const unsqueeze: Rule = (ws, node, [x]) => {
  const axes = list(ws, node, 1, 'axes');
  if (!x?.dims || !axes) return x ? [{ type: x.type }] : null;
  // Elements are kept of vectors and scalars only: a column is no shape.
  const shape = x.dims.length === 0 && axes.length === 1 ? x.shape : null;
  return [{ type: x.type, dims: unsqueezed<Dim>(x.dims, axes, 1), shape }];
};

const squeeze: Rule = (ws, node, [x]) => {
  if (!x?.dims) return x ? [{ type: x.type }] : null;
  const axes = list(ws, node, 1, 'axes')?.map((axis) => normalAxis(axis, x.dims!.length));
  const dims = x.dims.filter((dim, k) => (axes ? !axes.includes(k) : dim !== 1));
  return [{ type: x.type, dims, shape: dims.length <= 1 ? x.shape : null }];
};

const tile: Rule = (ws, node, [x]) => {
  const times = ws.constant(node.inputs[1] ?? '')?.integers();
  if (!x?.dims || times?.length !== x.dims.length) return x ? [{ type: x.type }] : null;
  return [{ type: x.type, dims: x.dims.map((dim, k) => (dim === null ? null : dim * times[k]!)) }];
};

const expand: Rule = (_, __, [x, to]) => {
  if (!x?.dims || !to?.shape) return x ? [{ type: x.type }] : null;
  return [{ type: x.type, dims: broadcastOpen(x.dims, to.shape) }];
};

const split: Rule = (ws, node, [x]) => {
  if (!x?.dims) return null;
  const axis = normalAxis(ws.number(node, 'axis') ?? 0, x.dims.length);
  const size = x.dims[axis] ?? null;
  const parts = node.outputs.length;
  const even = size === null ? null : Math.ceil(size / parts);
  const sizes = list(ws, node, 1, 'split');
  return node.outputs.map((_, k) => {
    const last = even === null || size === null ? null : Math.min(even, size - k * even);
    const own = sizes === undefined ? last : (sizes[k] ?? null);
    return { type: x.type, dims: x.dims!.map((dim, at) => (at === axis ? own : dim)) };
  });
};

const reduce: Rule = (ws, node, [x]) => {
  const axes = list(ws, node, 1, 'axes')?.map((axis) => normalAxis(axis, x?.dims?.length ?? 0));
  if (!x?.dims || !axes) return x ? [{ type: x.type }] : null;
  const keep = ws.number(node, 'keepdims') !== 0;
  const dims = x.dims.map((dim, k) => (axes.includes(k) ? (keep ? 1 : null) : dim));
  return [{ type: x.type, dims: keep ? dims : dims.filter((_, k) => !axes.includes(k)) }];
};

const cast: Rule = (ws, node, [x]) =>
  x ? [{ type: ws.number(node, 'to') ?? 0, dims: x.dims, shape: x.shape }] : null;

const constant: Rule = (_, node) => {
  const value = node.attributes.get('value')?.value as TensorHead | undefined;
  if (value?.decode === undefined) return null;
  const { type, dims, decode } = value;
  const shape = type === ELEMENT.int64 && dims.length <= 1 ? (decode()?.integers() ?? null) : null;
  return [{ type, dims, shape, constant: decode }];
};

const constantOfShape: Rule = (_, node, [x]) => {
  const value = node.attributes.get('value')?.value as TensorHead | undefined;
  return [{ type: value?.type ?? ELEMENT.float, dims: x?.shape ?? null }];
};

/** ai.onnx Attention: `[B, H, T, h]`, or `[B, T, H h]` with the heads in attributes. */
const attention: Rule = (ws, node, [q, , v]) => {
  if (!q?.dims || !v?.dims) return null;
  if (q.dims.length === 4) return [{ type: q.type, dims: [...q.dims.slice(0, 3), v.dims[3]!] }];
  const heads = ws.number(node, 'q_num_heads');
  const shared = ws.number(node, 'kv_num_heads');
  const width = v.dims[2];
  if (!heads || !shared || !width) return null;
  return [{ type: q.type, dims: [q.dims[0]!, q.dims[1]!, (width / shared) * heads] }];
};

const RULES: Readonly<Record<string, Rule>> = {
  ...named('Identity', cloneShape),
  ...named('Neg Abs Sqrt Reciprocal Exp Log Cos Sin Tanh Sigmoid Relu Gelu Erf Softmax', same),
  ...named('LogSoftmax LeakyRelu Silu FastGelu QuickGelu Trilu Clip Floor Ceil Dropout', same),
  ...named('RMSNormalization SimplifiedLayerNormalization LayerNormalization', same),
  ...named('RotaryEmbedding Swish Elu Softplus HardSwish Mish', same),
  ...named('Add Sub Mul Div Pow Min Max Mod', elementwise),
  ...named('Equal Less LessOrEqual Greater GreaterOrEqual And Or Xor', comparison),
  // Values as wide as the queries; `attention.ts` checks that before it relies on it.
  MultiHeadAttention: same,
  SkipSimplifiedLayerNormalization: (_, __, [x]) => (x ? [x, {}, {}, x] : null),
  GroupQueryAttention: (_, __, [q]) => (q ? [q, { type: q.type }, { type: q.type }] : null),
  ...named('ReduceMean ReduceSum ReduceMax ReduceMin', reduce),
  Attention: attention,
  Not: (_, __, [x]) => [{ type: ELEMENT.bool, dims: x?.dims ?? null }],
  IsNaN: (_, __, [x]) => [{ type: ELEMENT.bool, dims: x?.dims ?? null }],
  Where: (_, __, inputs) => [{ type: inputs[1]!.type, dims: broadcastAll(inputs) }],
  DequantizeLinear: (_, __, [x, scale]) => [{ type: scale?.type ?? 0, dims: x?.dims ?? null }],
  MatMul: matMul,
  Gemm: gemm,
  Shape: shapeOf,
  Reshape: reshape,
  Slice: slice,
  Concat: concat,
  Gather: gather,
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

function cloneShape(_: Workspace, __: Node, [x]: readonly Fact[]): Partial<Fact>[] | null {
  return x ? [x] : null;
}

function named(operators: string, rule: Rule): Record<string, Rule> {
  return Object.fromEntries(operators.split(' ').map((operator) => [operator, rule]));
}

/** Facts of the node's outputs, in their order; fewer where nothing is known of the others. */
export function inferNode(ws: Workspace, node: Node): Fact[] {
  const rule = node.domain === '' || node.domain === 'com.microsoft' ? RULES[node.op] : undefined;
  if (rule === undefined) return node.outputs.map(() => UNKNOWN);
  const inputs = node.inputs.map((name) => ws.fact(name));
  const facts = rule(ws, node, inputs);
  return node.outputs.map((_, k) => ({ ...UNKNOWN, ...facts?.[k] }));
}
