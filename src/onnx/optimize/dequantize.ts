/**
 * DequantizeLinear of constants: `(q − zero) · scale`, one scale in all, a slice of an axis, or a
 * block of it (ONNX operator reference, DequantizeLinear-21 and -23).
 */

import { isFloat } from '../element-types.js';
import { count, Tensor } from '../tensor.js';
import { normalAxis } from './movement.js';

/**
 * Rounded to fp32 once, as the runtime does before it stores them in the type of the scale.
 *
 * @returns null where the shapes do not fit each other
 */
export function dequantize(
  quantized: Tensor,
  scale: Tensor,
  zero: Tensor | null,
  axis: number,
  blockSize: number,
): Tensor | null {
  if (!isFloat(scale.type)) return null;
  const { dims } = quantized;
  const at = normalAxis(axis, dims.length);
  const index = scaleIndex(dims, scale, at, blockSize);
  if (index === null || (zero !== null && count(zero.dims) !== count(scale.dims))) return null;
  const from = quantized.dense().values;
  const scales = scale.dense().values;
  const zeros = zero?.dense().values;
  const values = new Float32Array(from.length);
  for (let i = 0; i < values.length; i++) {
    const k = index(i);
    values[i] = (from[i]! - (zeros === undefined ? 0 : zeros[k]!)) * scales[k]!;
  }
  return new Tensor(scale.type, dims, values);
}

/** Which scale element `i` has. */
function scaleIndex(
  dims: readonly number[],
  scale: Tensor,
  axis: number,
  blockSize: number,
): ((i: number) => number) | null {
  if (count(scale.dims) === 1 && blockSize === 0) return () => 0;
  const size = dims[axis];
  if (size === undefined) return null;
  const inner = count(dims.slice(axis + 1));
  if (blockSize === 0) {
    if (scale.dims.length !== 1 || scale.dims[0] !== size) return null;
    return (i) => Math.floor(i / inner) % size;
  }
  const blocks = Math.ceil(size / blockSize);
  const expected = dims.map((dim, k) => (k === axis ? blocks : dim));
  if (scale.dims.join() !== expected.join()) return null;
  return (i) => {
    const along = Math.floor(i / inner) % size;
    const outer = Math.floor(i / inner / size);
    return (outer * blocks + Math.floor(along / blockSize)) * inner + (i % inner);
  };
}
