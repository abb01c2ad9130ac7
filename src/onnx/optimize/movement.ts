/**
 * Constant folding, operators that move elements: slices, reshapes, transposes, gathers.
 */

import { TYPE } from '../element-types.js';
import { count, emptyLike, storage, Tensor } from '../tensor.js';

interface Attributes {
  int(name: string): number | undefined;
  ints(name: string): readonly number[] | undefined;
}

export function normalAxis(axis: number, rank: number): number {
  return axis < 0 ? axis + rank : axis;
}

/** `dims` with a 1 put in at each of `axes`, which count in the result. */
export function unsqueezed<T>(dims: readonly T[], axes: readonly number[], one: T): T[] {
  const rank = dims.length + axes.length;
  const added = new Set(axes.map((axis) => normalAxis(axis, rank)));
  const rest = [...dims];
  return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? one : rest.shift()!));
}

/** One axis of a Slice: first index, step and how many, as ONNX clamps them. */
export function sliceRange(
  size: number,
  start: number,
  end: number,
  step: number,
): { from: number; length: number } {
  const clamp = (at: number, low: number, high: number) =>
    Math.min(Math.max(at < 0 ? at + size : at, low), high);
  const from = step > 0 ? clamp(start, 0, size) : clamp(start, 0, size - 1);
  const to = step > 0 ? clamp(end, 0, size) : clamp(end, -1, size - 1);
  return { from, length: Math.max(0, Math.ceil((to - from) / step)) };
}

/** Dimensions that a Reshape asks for; null where they do not fit. */
function reshaped(
  from: readonly number[],
  shape: readonly number[],
  allowZero: boolean,
): number[] | null {
  const dims = shape.map((dim, k) => (dim === 0 && !allowZero ? (from[k] ?? -2) : dim));
  const open = dims.indexOf(-1);
  const known = dims.reduce((product, dim) => (dim === -1 ? product : product * dim), 1);
  if (open >= 0) dims[open] = known === 0 ? 0 : count(from) / known;
  return count(dims) === count(from) && dims.every((dim) => dim >= 0) ? dims : null;
}

export function transpose(input: Tensor, perm: readonly number[]): Tensor {
  const dims = perm.map((axis) => input.dims[axis]!);
  const stored = perm.map((axis) => input.stored[axis]!);
  return gatherAll(input, dims, stored, (index) => {
    const source = new Array<number>(perm.length);
    perm.forEach((axis, k) => {
      source[axis] = index[k]!;
    });
    return source;
  });
}

/** Fills a result by asking where in the stored values of `input` each element comes from. */
function gatherAll(
  input: Tensor,
  dims: readonly number[],
  stored: readonly number[],
  source: (index: readonly number[]) => readonly number[],
): Tensor {
  const values = emptyLike(input.values, count(stored));
  const index = new Array<number>(stored.length).fill(0);
  for (let i = 0; i < values.length; i++) {
    let at = 0;
    const from = source(index);
    for (let axis = 0; axis < input.stored.length; axis++) {
      at = at * input.stored[axis]! + (input.stored[axis] === 1 ? 0 : from[axis]!);
    }
    values[i] = input.values[at]!;
    for (let axis = stored.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      if (index[axis]! < stored[axis]!) break;
      index[axis] = 0;
    }
  }
  return new Tensor(input.type, dims, values, stored);
}

function slice(inputs: readonly Tensor[], attributes: Attributes): Tensor | null {
  const [input, starts, ends, axes, steps] = inputs;
  const from = starts?.integers() ?? attributes.ints('starts');
  const to = ends?.integers() ?? attributes.ints('ends');
  if (input === undefined || from === undefined || to === undefined) return null;
  const along = axes?.integers() ?? attributes.ints('axes') ?? from.map((_, k) => k);
  const by = steps?.integers() ?? from.map(() => 1);
  const dims = [...input.dims];
  const first = dims.map(() => 0);
  const step = dims.map(() => 1);
  along.forEach((given, k) => {
    const axis = normalAxis(given, dims.length);
    const range = sliceRange(dims[axis]!, from[k]!, to[k]!, by[k]!);
    dims[axis] = range.length;
    first[axis] = range.from;
    step[axis] = by[k]!;
  });
  const source = input.dense();
  return gatherAll(source, dims, dims, (index) => index.map((i, k) => first[k]! + i * step[k]!));
}

function concat(inputs: readonly Tensor[], axis: number): Tensor | null {
  const [first] = inputs;
  if (first === undefined) return null;
  const at = normalAxis(axis, first.dims.length);
  const dims = [...first.dims];
  dims[at] = inputs.reduce((sum, input) => sum + input.dims[at]!, 0);
  const values = emptyLike(first.values, count(dims));
  const inner = count(dims.slice(at + 1));
  let offset = 0;
  for (const input of inputs) {
    const { values: part } = input.dense();
    const width = input.dims[at]! * inner;
    for (let row = 0; row * width < part.length; row++) {
      values.set(part.subarray(row * width, (row + 1) * width), row * dims[at]! * inner + offset);
    }
    offset += width;
  }
  return new Tensor(first.type, dims, values);
}

function gather(input: Tensor, indices: Tensor, given: number): Tensor {
  const axis = normalAxis(given, input.dims.length);
  const at = indices.dense().values;
  const dims = [...input.dims.slice(0, axis), ...indices.dims, ...input.dims.slice(axis + 1)];
  const size = input.dims[axis]!;
  return gatherAll(input.dense(), dims, dims, (index) => {
    const within = index.slice(axis, axis + indices.dims.length);
    const flat = within.reduce((sum, i, k) => sum * indices.dims[k]! + i, 0);
    const picked = normalAxis(at[flat]!, size);
    return [...index.slice(0, axis), picked, ...index.slice(axis + indices.dims.length)];
  });
}

function trilu(input: Tensor, diagonal: number, upper: boolean): Tensor {
  const { type, dims, values } = input.dense();
  const [rows, columns] = [dims.at(-2)!, dims.at(-1)!];
  const kept = values.slice();
  for (let i = 0; i < kept.length; i++) {
    const offset = (i % columns) - (Math.floor(i / columns) % rows);
    if (upper ? offset < diagonal : offset > diagonal) kept[i] = 0;
  }
  return new Tensor(type, dims, kept);
}

const MAX_RANGE = 1 << 22;

function range(inputs: readonly Tensor[]): Tensor | null {
  const [start, limit, delta] = inputs.map((input) => input.values[0]!);
  if (start === undefined || limit === undefined || delta === undefined) return null;
  const { type } = inputs[0]!;
  const length = Math.max(0, Math.ceil((limit - start) / delta));
  // A range longer than any row is no position table.
  if (!(length <= MAX_RANGE)) return null;
  const values = storage(type, length);
  for (let i = 0; i < values.length; i++) values[i] = start + i * delta;
  return new Tensor(type, [values.length], values);
}

function expand(input: Tensor, shape: readonly number[]): Tensor | null {
  const rank = Math.max(shape.length, input.dims.length);
  const pad = <T>(list: readonly T[], one: T): T[] => [
    ...new Array<T>(rank - list.length).fill(one),
    ...list,
  ];
  const own = pad(input.dims, 1);
  const dims = pad(shape, 1).map((dim, k) => (own[k] === 1 ? dim : own[k]!));
  return new Tensor(input.type, dims, input.values, pad(input.stored, 1));
}

/** The operator's result, or null where it is not one of these or its inputs do not suit it. */
export function movement(
  op: string,
  inputs: readonly Tensor[],
  attributes: Attributes,
): Tensor | null {
  const [a, b] = inputs;
  const integers = b?.integers();
  if (op === 'Range') return range(inputs);
  if (op === 'Concat') return concat(inputs, attributes.int('axis') ?? 0);
  if (a === undefined) return null;
  switch (op) {
    case 'Slice':
      return slice(inputs, attributes);
    case 'Gather':
      return b === undefined ? null : gather(a, b, attributes.int('axis') ?? 0);
    case 'Transpose': {
      const reversed = a.dims.map((_, k) => a.dims.length - 1 - k);
      return transpose(a, attributes.ints('perm') ?? reversed);
    }
    case 'Unsqueeze': {
      const axes = integers ?? attributes.ints('axes') ?? [];
      const stored = unsqueezed(a.stored, axes, 1);
      return new Tensor(a.type, unsqueezed(a.dims, axes, 1), a.values, stored);
    }
    case 'Squeeze': {
      const axes = integers ?? attributes.ints('axes');
      const kept = a.dims.map((dim, k) =>
        axes === undefined
          ? dim !== 1
          : !axes.some((axis) => normalAxis(axis, a.dims.length) === k),
      );
      const pick = (list: readonly number[]) => list.filter((_, k) => kept[k]);
      return new Tensor(a.type, pick(a.dims), a.values, pick(a.stored));
    }
    case 'Reshape': {
      if (integers === undefined) return null;
      const dims = reshaped(a.dims, integers, attributes.int('allowzero') === 1);
      return dims && new Tensor(a.type, dims, a.dense().values);
    }
    case 'Expand':
      return integers === undefined ? null : expand(a, integers);
    case 'Trilu':
      return trilu(a, integers?.[0] ?? 0, attributes.int('upper') !== 0);
    default:
      return null;
  }
}

/** An outer product, which is how exporters multiply positions with frequencies. */
export function outer(a: Tensor, b: Tensor): Tensor {
  const [left, right] = [a.dense().values, b.dense().values];
  const values = storage(a.type, left.length * right.length);
  for (let i = 0; i < values.length; i++) {
    values[i] = left[Math.floor(i / right.length)]! * right[i % right.length]!;
  }
  return new Tensor(a.type, [left.length, right.length], values);
}

export function filled(dims: readonly number[], value: Tensor | null): Tensor {
  const type = value?.type ?? TYPE.float32;
  const values = storage(type, 1).fill(value?.values[0] ?? 0);
  return new Tensor(
    type,
    dims,
    values,
    dims.map(() => 1),
  );
}
