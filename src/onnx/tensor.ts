/**
 * Tensors as numbers: constants that the optimizer computes with, broadcast without copies.
 */

import { bytes, type Chunk, int } from '../protobuf/encode.js';
import { isFloat, TYPE } from './element-types.js';
import { encodeHalves } from './float16.js';
import { TENSOR } from './schema.js';

/** fp32 or fp64 for floats; integers, booleans too, in float64, which is exact up to 2^53. */
export type Values = Float32Array | Float64Array | Int8Array | Uint8Array;

/**
 * A constant, row-major. `stored` has the rank of `dims`; where it is 1 and the dimension is not,
 * the values repeat along that axis: masks for a whole batch cost one mask.
 */
export class Tensor {
  constructor(
    readonly type: number,
    readonly dims: readonly number[],
    readonly values: Values,
    readonly stored: readonly number[] = dims,
  ) {}

  get size(): number {
    return count(this.dims);
  }

  /** The same tensor with every repetition written out. */
  dense(): Tensor {
    if (this.values.length === this.size) return new Tensor(this.type, this.dims, this.values);
    const values = emptyLike(this.values, this.size);
    const at = indexer(this.dims, this.stored);
    for (let i = 0; i < values.length; i++) values[i] = this.values[at(i)]!;
    return new Tensor(this.type, this.dims, values);
  }

  /** The one value that all elements have, or undefined. */
  uniform(): number | undefined {
    const [first] = this.values;
    if (first === undefined) return undefined;
    return this.values.every((value) => value === first) ? first : undefined;
  }

  /** Integers in order; undefined for floats. */
  integers(): number[] | undefined {
    return isFloat(this.type) ? undefined : Array.from(this.dense().values);
  }
}

export function ints(values: readonly number[], dims = [values.length]): Tensor {
  return new Tensor(TYPE.int64, dims, Float64Array.from(values));
}

export function count(dims: readonly number[]): number {
  return dims.reduce((product, dim) => product * dim, 1);
}

export function emptyLike(values: Values, length: number): Values {
  return new (values.constructor as new (length: number) => Values)(length);
}

/** Storage for values of an element type. */
export function storage(type: number, length: number): Values {
  const narrow = type === TYPE.float32 || type === TYPE.float16;
  return narrow ? new Float32Array(length) : new Float64Array(length);
}

/** Maps a flat index of `dims` to one of `stored`, whose axes of size 1 repeat. */
export function indexer(
  dims: readonly number[],
  stored: readonly number[],
): (flat: number) => number {
  const rank = dims.length;
  const offset = rank - stored.length;
  const strides = new Array<number>(rank).fill(0);
  let stride = 1;
  for (let axis = rank - 1; axis >= offset; axis--) {
    const size = stored[axis - offset]!;
    strides[axis] = size === 1 ? 0 : stride;
    stride *= size;
  }
  return (flat) => {
    let index = 0;
    let rest = flat;
    for (let axis = rank - 1; axis >= 0; axis--) {
      const size = dims[axis]!;
      index += (rest % size) * strides[axis]!;
      rest = Math.floor(rest / size);
    }
    return index;
  };
}

const LARGEST_INT64 = 2n ** 63n - 1n;

function toInt64(value: number): bigint {
  // Slices that end "at infinity" say so with the largest int64, which no double holds.
  if (value >= 2 ** 63) return LARGEST_INT64;
  return value <= -(2 ** 63) ? -LARGEST_INT64 - 1n : BigInt(value);
}

function rawBytes(tensor: Tensor): Uint8Array {
  const { type, values } = tensor.dense();
  const view = ({ buffer, byteOffset, byteLength }: ArrayBufferView) =>
    new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  switch (type) {
    case TYPE.float32:
      return view(values instanceof Float32Array ? values : Float32Array.from(values));
    case TYPE.float64:
      return view(Float64Array.from(values));
    case TYPE.float16:
      return view(encodeHalves(values));
    case TYPE.int32:
      return view(Int32Array.from(values));
    case TYPE.int64:
      return view(BigInt64Array.from(values as Float64Array, toInt64));
    case TYPE.int8:
    case TYPE.uint8:
    case TYPE.bool:
      return Uint8Array.from(values, (value) => value & 255);
    case TYPE.int4:
    case TYPE.uint4:
      return packed(values);
    default:
      throw new RangeError(`a constant of ONNX type ${type} cannot be written`);
  }
}

/** Two elements a byte, the first in the low bits. */
function packed(values: Values): Uint8Array {
  return Uint8Array.from(
    { length: Math.ceil(values.length / 2) },
    (_, k) => (values[2 * k]! & 15) | (((values[2 * k + 1] ?? 0) & 15) << 4),
  );
}

/** The fields of a TensorProto with its data in `raw_data`. */
export function tensorFields(name: string, tensor: Tensor): Chunk[] {
  return [
    ...tensor.dims.map((dim) => int(TENSOR.dims.number, dim)),
    int(TENSOR.data_type.number, tensor.type),
    bytes(TENSOR.name.number, name),
    bytes(TENSOR.raw_data.number, rawBytes(tensor)),
  ];
}
