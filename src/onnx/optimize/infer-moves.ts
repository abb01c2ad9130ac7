/**
 * Static inference for operators that move elements: reshapes, slices, gathers.
 */
import type { Node } from '../graph.js';
import type { Fact, KnownDim, Lookup } from './facts.js';
import { normalAxis, sliceRange, unsqueezed } from './movement.js';
import { integersOf, sliceBounds } from './operands.js';

export type Dims = readonly KnownDim[] | null;
export type Rule = (lookup: Lookup, node: Node, inputs: readonly Fact[]) => Partial<Fact>[] | null;

/** As a broadcast, where an open axis beside a known one larger than 1 must equal it. */
export function broadcastOpen(a: readonly KnownDim[], b: readonly KnownDim[]): Dims {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const one = axis - rank + a.length < 0 ? 1 : a[axis - rank + a.length]!;
    const two = axis - rank + b.length < 0 ? 1 : b[axis - rank + b.length]!;
    if (one === 1) return two;
    if (two === 1) return one;
    return one ?? two;
  });
}

export const reshape: Rule = (lookup, node, [x, to]) => {
  if (!x || !to?.shape) return x ? [{ type: x.type }] : null;
  const zero = lookup.number(node, 'allowzero') === 1;
  const dims: KnownDim[] = to.shape.map((dim, k) =>
    dim === 0 && !zero ? (x.dims?.[k] ?? null) : dim,
  );
  const open = dims.indexOf(-1);
  if (open >= 0) {
    // A zero takes the open axis over as it is; from a Shape it is that of the batch.
    const rows = to.shape[dims.indexOf(null)] === 0 ? 1 : x.perRow;
    const size = missing(x.dims, dims, rows);
    if (size === undefined) return [{ type: x.type }];
    dims[open] = size;
  }
  const perRow = x.dims === null ? 1 : (x.perRow * known(x.dims)) / known(dims);
  const shape = dims.length <= 1 ? x.shape : null;
  return [{ type: x.type, dims, shape, perRow: opens(dims) === 1 && perRow > 0 ? perRow : 1 }];
};

export const flatten: Rule = (lookup, node, [x]) => {
  if (!x?.dims || opens(x.dims) > 1) return x ? [{ type: x.type }] : null;
  const axis = normalAxis(lookup.number(node, 'axis') ?? 1, x.dims.length);
  const parts = [x.dims.slice(0, axis), x.dims.slice(axis)];
  const dims = parts.map((part) => (opens(part) === 1 ? null : known(part)));
  const merged = parts.find((part) => opens(part) === 1);
  return [{ type: x.type, dims, perRow: merged ? x.perRow * known(merged) : 1 }];
};

/** As long as its limit where it counts from 0 by 1. */
export const range: Rule = (lookup, node, [start, limit]) => {
  const [from, by] = [node.inputs[0]!, node.inputs[2]!].map((name) => lookup.constant(name));
  const counts = from?.uniform() === 0 && by?.uniform() === 1 && limit?.shape?.length === 1;
  return start ? [{ type: start.type, dims: counts ? limit.shape : null }] : null;
};

/** Product of the dimensions that are known. */
function known(dims: readonly KnownDim[]): number {
  return dims.reduce<number>((size, dim) => (dim === null || dim === -1 ? size : size * dim), 1);
}

function opens(dims: readonly KnownDim[]): number {
  return dims.filter((dim) => dim === null).length;
}

/**
 * The dimension that makes the sizes agree: null where it is the open one, undefined where it may be
 * anything. An open axis of `from` is `times` that of `to`.
 */
function missing(from: Dims, to: readonly KnownDim[], times: number): KnownDim | undefined {
  if (from === null || opens(from) !== opens(to)) return opens(to) === 0 ? null : undefined;
  const quotient = (known(from) * (opens(from) === 1 ? times : 1)) / known(to);
  return Number.isInteger(quotient) ? quotient : undefined;
}

/** What exporters write for an end without a limit is this, or more. */
const ENDLESS = 2 ** 31 - 1;

export const slice: Rule = (lookup, node, [x]) => {
  const bounds = sliceBounds(lookup, node);
  if (!x?.dims || !bounds) return x ? [{ type: x.type }] : null;
  const { starts, ends, axes, steps } = bounds;
  const dims: KnownDim[] = [...x.dims];
  for (const [k, given] of axes.entries()) {
    const axis = normalAxis(given, dims.length);
    const size = dims[axis];
    if (size === undefined) return [{ type: x.type }];
    if (size !== null) dims[axis] = sliceRange(size, starts[k]!, ends[k]!, steps[k]!).length;
    // Some rows of an open batch; all of them where it runs from the first to beyond the last.
    else if (starts[k] !== 0 || ends[k]! < ENDLESS || steps[k] !== 1) return [{ type: x.type }];
  }
  const range = x.shape && sliceRange(x.shape.length, starts[0]!, ends[0]!, 1);
  const shape =
    range && steps[0] === 1 ? x.shape!.slice(range.from, range.from + range.length) : null;
  return [{ type: x.type, dims, shape }];
};

export const concat: Rule = (lookup, node, inputs) => {
  const known = inputs.every((input) => input.dims);
  const [first] = inputs;
  if (!first || !known) return first ? [{ type: first.type }] : null;
  const dims: KnownDim[] = [...first.dims!];
  const axis = normalAxis(lookup.number(node, 'axis') ?? 0, dims.length);
  dims[axis] = inputs.reduce<KnownDim>((sum, { dims: each }) => {
    const dim = each![axis] ?? null;
    return sum === null || dim === null ? null : sum + dim;
  }, 0);
  // Rows of an open batch and more: no longer the axis that is open elsewhere.
  if (dims[axis] === null && inputs.length > 1) return [{ type: first.type }];
  const shape = inputs.every((input) => input.shape) ? inputs.flatMap((i) => [...i.shape!]) : null;
  return [{ type: first.type, dims, shape: dims.length === 1 ? shape : null }];
};

export const gather: Rule = (lookup, node, [x, indices]) => {
  if (!x?.dims || !indices?.dims) return x ? [{ type: x.type }] : null;
  const axis = normalAxis(lookup.number(node, 'axis') ?? 0, x.dims.length);
  const dims = [...x.dims.slice(0, axis), ...indices.dims, ...x.dims.slice(axis + 1)];
  const at = x.shape && lookup.constant(node.inputs[1]!)?.integers();
  const shape =
    at && dims.length <= 1 ? at.map((k) => x.shape![normalAxis(k, x.shape!.length)] ?? null) : null;
  // An open axis that is picked from gives way to that of the picks.
  const kept = x.dims.some((dim, k) => dim === null && k !== axis);
  return [{ type: x.type, dims, shape, perRow: kept ? x.perRow : indices.perRow }];
};

export const gatherNd: Rule = (lookup, node, [x, indices]) => {
  const picked = indices?.dims?.at(-1);
  const batched = (lookup.number(node, 'batch_dims') ?? 0) !== 0;
  if (!x?.dims || !indices?.dims || !picked || batched) return x ? [{ type: x.type }] : null;
  const rest = x.dims.slice(picked);
  const dims = [...indices.dims.slice(0, -1), ...rest];
  return [{ type: x.type, dims, perRow: opens(rest) > 0 ? x.perRow : indices.perRow }];
};

export const transpose: Rule = (lookup, node, [x]) => {
  const perm = lookup.list(node, 'perm') ?? x?.dims?.map((_, k) => x.dims!.length - 1 - k);
  if (!x?.dims || !perm) return x ? [{ type: x.type }] : null;
  return [{ type: x.type, dims: perm.map((axis) => x.dims![axis]!) }];
};

export const unsqueeze: Rule = (lookup, node, [x]) => {
  const axes = integersOf(lookup, node, 1, 'axes');
  if (!x?.dims || !axes) return x ? [{ type: x.type }] : null;
  // Elements are kept of vectors and scalars only: a column is no shape.
  const shape = x.dims.length === 0 && axes.length === 1 ? x.shape : null;
  return [{ type: x.type, dims: unsqueezed<KnownDim>(x.dims, axes, 1), shape }];
};

export const squeeze: Rule = (lookup, node, [x]) => {
  const given = integersOf(lookup, node, 1, 'axes');
  if (!x?.dims || given === null) return x ? [{ type: x.type }] : null;
  const axes = given?.map((axis) => normalAxis(axis, x.dims!.length));
  const dims = x.dims.filter((dim, k) => (axes ? !axes.includes(k) : dim !== 1));
  return [{ type: x.type, dims, shape: dims.length <= 1 ? x.shape : null }];
};

export const tile: Rule = (_, __, [x, repeats]) => {
  const times = repeats?.shape;
  if (!x?.dims || times?.length !== x.dims.length) return x ? [{ type: x.type }] : null;
  const dims: KnownDim[] = [];
  for (const [k, dim] of x.dims.entries()) {
    const by = times[k]!;
    // Several times an open size, or an open number of times more than one, is no axis that is open elsewhere.
    if (dim === null ? by !== 1 : by === null && dim !== 1) return [{ type: x.type }];
    dims.push(dim === null || by === null ? null : dim * by);
  }
  return [{ type: x.type, dims }];
};

export const expand: Rule = (_, __, [x, to]) => {
  if (!x?.dims || !to?.shape) return x ? [{ type: x.type }] : null;
  return [{ type: x.type, dims: broadcastOpen(x.dims, to.shape) }];
};

export const split: Rule = (lookup, node, [x]) => {
  if (!x?.dims) return x ? node.outputs.map(() => ({ type: x.type })) : null;
  const axis = normalAxis(lookup.number(node, 'axis') ?? 0, x.dims.length);
  const size = x.dims[axis] ?? null;
  const parts = node.outputs.length;
  const even = size === null ? null : Math.ceil(size / parts);
  const sizes = integersOf(lookup, node, 1, 'split');
  if (sizes === null || size === null) return node.outputs.map(() => ({ type: x.type }));
  return node.outputs.map((_, k) => {
    const last = even === null || size === null ? null : Math.min(even, size - k * even);
    const own = sizes === undefined ? last : (sizes[k] ?? null);
    return { type: x.type, dims: x.dims!.map((dim, at) => (at === axis ? own : dim)) };
  });
};
