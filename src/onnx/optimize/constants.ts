/**
 * Constants cut, turned and scaled for the rewrites: matrices of weights, so row by row and not
 * element by element.
 */
import { count, emptyLike, Tensor } from '../tensor.js';

/** The places `from` up to `to` of an axis, as a constant of its own. */
export function sliced(tensor: Tensor, axis: number, from: number, to: number): Tensor {
  const dims = tensor.dims.map((dim, k) => (k === axis ? to - from : dim));
  if (tensor.stored[axis] === 1 && tensor.dims[axis] !== 1) {
    // One value for the whole axis: any part of it is the same.
    return new Tensor(tensor.type, dims, tensor.values, tensor.stored);
  }
  const stored = tensor.stored.map((dim, k) => (k === axis ? to - from : dim));
  const inner = count(tensor.stored.slice(axis + 1));
  const size = tensor.stored[axis]! * inner;
  const part = (to - from) * inner;
  const values = emptyLike(tensor.values, count(stored));
  for (let row = 0; row * part < values.length; row++) {
    const start = row * size + from * inner;
    values.set(tensor.values.subarray(start, start + part), row * part);
  }
  return new Tensor(tensor.type, dims, values, stored);
}

/** A matrix turned, every element times `factor`. */
export function turnedMatrix(tensor: Tensor, factor = 1): Tensor {
  const [rows, columns] = tensor.dims as [number, number];
  const from = tensor.dense().values;
  const values = emptyLike(from, from.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      values[column * rows + row] = from[row * columns + column]! * factor;
    }
  }
  return new Tensor(tensor.type, [columns, rows], values);
}

/** What a constant holds for each of `width` places of the last axis; null where it is not the same for all else. */
export function channels(tensor: Tensor, width: number): Float32Array | null {
  const last = tensor.dims.at(-1) ?? 1;
  const uniform = tensor.uniform();
  if (uniform !== undefined) return new Float32Array(width).fill(uniform);
  if (last !== width || tensor.dims.slice(0, -1).some((dim) => dim !== 1)) return null;
  return Float32Array.from(tensor.dense().values);
}

const [SMALLEST, LARGEST] = [2 ** -126, (2 - 2 ** -23) * 2 ** 127];

/** Whether fp32 holds every product of an element of one and an element of the other. */
export function inRange(one: Tensor, other: Tensor): boolean {
  let [least, most] = [1, 1];
  for (const { values } of [one, other]) {
    let [small, large] = [Number.POSITIVE_INFINITY, 0];
    for (const value of values) {
      const size = Math.abs(value);
      if (!(size <= LARGEST)) return false;
      if (size > 0 && size < small) small = size;
      if (size > large) large = size;
    }
    least *= small;
    most *= large;
  }
  return least >= SMALLEST && most <= LARGEST;
}
