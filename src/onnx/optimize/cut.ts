/**
 * A part of a value computed by itself: the product that makes the value with those columns of its
 * weights alone, and what stands between the two on that part alone.
 *
 * What stands between must work on each place of the cut axis by itself: reshapes and transposes
 * that keep the part in one piece, norms and rotations of single heads, products with constants.
 */

import { TYPE } from '../element-types.js';
import type { Node } from '../graph.js';
import { ints, type Tensor } from '../tensor.js';
import { sliced } from './constants.js';
import type { KnownDim } from './facts.js';
import { normalAxis } from './movement.js';
import { MICROSOFT, type Workspace } from './workspace.js';

/** The places `from` up to `to` of an axis. */
export interface Part {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
}

const UNARY = new Set('Identity Cast Neg Abs Relu Tanh Sigmoid Gelu Erf Sqrt Exp'.split(' '));
const BINARY = new Set(['Mul', 'Div', 'Add', 'Sub']);

/**
 * Computes the part before the node `before`; gives its name, or null where it cannot be done
 * without computing the whole as well. Nothing has been added to the graph then.
 */
export function cut(ws: Workspace, name: string, part: Part, before: Node): string | null {
  const node = ws.producer(name);
  const rank = ws.dims(name)?.length;
  if (node === undefined || rank === undefined || node.outputs.length !== 1) return null;
  if (node.domain === MICROSOFT) return cutRotary(ws, node, part, before);
  if (node.domain !== '') return null;
  switch (node.op) {
    case 'MatMul':
    case 'Gemm':
      return part.axis === rank - 1 ? cutProduct(ws, node, part, before) : null;
    case 'Reshape':
      return cutReshape(ws, node, part, before);
    case 'Transpose': {
      const axis = ws.list(node, 'perm')?.[part.axis];
      const inner = axis === undefined ? null : only(ws, node, { ...part, axis }, before);
      return inner && ws.insertCopy(node, [inner], before);
    }
    case 'SimplifiedLayerNormalization': {
      const along = normalAxis(ws.number(node, 'axis') ?? -1, rank);
      if (along !== rank - 1 || part.axis === along) return null;
      const inner = only(ws, node, part, before);
      return inner && ws.insertCopy(node, [inner, ...node.inputs.slice(1)], before);
    }
    default: {
      if (BINARY.has(node.op)) return cutBinary(ws, node, part, before);
      const inner = UNARY.has(node.op) ? only(ws, node, part, before) : null;
      return inner && ws.insertCopy(node, [inner], before);
    }
  }
}

/** The part of the node's first input, or of another, which the node must be the only one to read. */
function only(ws: Workspace, node: Node, part: Part, before: Node, input = 0): string | null {
  const name = node.inputs[input]!;
  return ws.seenOutside(name, new Set([node])) ? null : cut(ws, name, part, before);
}

/** The same product with some columns of its weights, and of its bias. */
function cutProduct(ws: Workspace, node: Node, part: Part, before: Node): string | null {
  const [x, weights, bias] = node.inputs;
  const matrix = ws.constant(weights!);
  if (matrix?.dims.length !== 2) return null;
  const columns = node.op === 'Gemm' && ws.number(node, 'transB') === 1 ? 0 : 1;
  const inputs = [x!];
  let addend: string | null = null;
  if (bias) {
    addend = cutConstant(ws, bias, 2, { ...part, axis: 1 });
    if (addend === null) return null;
  }
  inputs.push(ws.add(sliced(matrix, columns, part.from, part.to), 'weights'));
  if (addend !== null) inputs.push(addend);
  return ws.insertCopy(node, inputs, before);
}

/** A constant beside a value of that rank, as it stands beside the part; null where it is none. */
function cutConstant(ws: Workspace, name: string, rank: number, part: Part): string | null {
  const tensor = ws.constant(name);
  if (tensor === null || tensor.dims.length > rank) return null;
  const axis = part.axis - rank + tensor.dims.length;
  if (axis < 0 || tensor.dims[axis] === 1) return name;
  return ws.add(sliced(tensor, axis, part.from, part.to));
}

function cutBinary(ws: Workspace, node: Node, part: Part, before: Node): string | null {
  const dims = ws.dims(node.outputs[0]!)!;
  const at = node.inputs.findIndex((name) => ws.constant(name) === null);
  const other = node.inputs[1 - at];
  if (at < 0 || other === undefined || ws.constant(other) === null) return null;
  // The value itself has the axis, and not only the constant.
  if (ws.dims(node.inputs[at]!)?.join() !== dims.join()) return null;
  const inner = only(ws, node, part, before, at);
  const constant = inner && cutConstant(ws, other, dims.length, part);
  if (!inner || !constant) return null;
  return ws.insertCopy(node, at === 0 ? [inner, constant] : [constant, inner], before);
}

/** Elements of the axes from `axis` on; null where one is open. */
function trailing(dims: readonly KnownDim[], axis: number): number | null {
  return dims
    .slice(axis)
    .reduce<KnownDim>((size, dim) => (size === null || dim === null ? null : size * dim), 1);
}

/** The axis of a Reshape's input that begins where this one of its output does; null where none does. */
export function axisBefore(
  from: readonly KnownDim[],
  to: readonly KnownDim[],
  axis: number,
): number | null {
  const size = trailing(to, axis);
  const before = size ? from.findLastIndex((_, k) => trailing(from, k) === size) : -1;
  return before < 0 ? null : before;
}

function cutReshape(ws: Workspace, node: Node, part: Part, before: Node): string | null {
  const [from, to] = [ws.dims(node.inputs[0]!), ws.dims(node.outputs[0]!)];
  const axis = from && to && axisBefore(from, to, part.axis);
  if (!from || !to || axis === null) return null;
  const [wide, narrow] = [trailing(to, part.axis + 1)!, trailing(from, axis + 1)!];
  const [start, end] = [(part.from * wide) / narrow, (part.to * wide) / narrow];
  if (!Number.isInteger(start) || !Number.isInteger(end)) return null;
  const dims = to.map((dim, k) => (k === part.axis ? part.to - part.from : (dim ?? -1)));
  if (dims.filter((dim) => dim === -1).length > 1 || dims.includes(0)) return null;
  const inner = only(ws, node, { axis, from: start, to: end }, before);
  return inner && ws.insert(before, 'Reshape', [inner, ws.add(ints(dims), 'shape')]);
}

/** Whole heads of a rotation, which turns each by itself. */
function cutRotary(ws: Workspace, node: Node, part: Part, before: Node): string | null {
  const dims = ws.dims(node.outputs[0]!);
  const heads = ws.number(node, 'num_heads');
  if (node.op !== 'RotaryEmbedding' || !dims || !heads) return null;
  const width = dims.length === 3 ? dims[2]! / heads : 1;
  if (part.axis !== (dims.length === 3 ? 2 : 1)) return null;
  const [from, to] = [part.from / width, part.to / width];
  if (!Number.isInteger(from) || !Number.isInteger(to)) return null;
  const inner = only(ws, node, part, before);
  const inputs = [inner ?? '', ...node.inputs.slice(1)];
  return inner && ws.insertCopy(node, inputs, before, { num_heads: { int: to - from } });
}

/** The one place that a constant scalar picks, or null. */
export function scalarIndex(tensor: Tensor | null, size: number): number | null {
  if (tensor === null || tensor.type === TYPE.float32 || tensor.dims.length > 0) return null;
  const index = normalAxis(tensor.values[0]!, size);
  return Number.isInteger(index) && index >= 0 && index < size ? index : null;
}
