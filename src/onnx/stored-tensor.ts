/**
 * Tensors as they stand in a file: name, type and dimensions, and the data decoded on demand.
 */
import type { Message } from '../protobuf/message.js';
import { isExternal } from './check-tensor.js';
import { TYPE } from './element-types.js';
import { decodeHalves } from './float16.js';
import { TENSOR } from './schema.js';
import { count, Tensor, type Values } from './tensor.js';

export interface StoredTensor {
  readonly name: string;
  readonly type: number;
  readonly dims: readonly number[];
  /** Null where the data is in another file, or of a type that nothing here computes with. */
  decode(): Tensor | null;
}

/** Reads a TensorProto; its data is decoded once, when it is first asked for. */
export function readTensor(message: Message): StoredTensor {
  const type = message.number(TENSOR.data_type);
  const dims = message.integers(TENSOR.dims);
  let decoded: Tensor | null | undefined;
  const decode = () => {
    if (isExternal(message)) return null;
    const [raw] = message.byteStrings(TENSOR.raw_data);
    const values = raw === undefined ? fromTyped(message, type) : fromRaw(type, raw, count(dims));
    return values?.length === count(dims) ? new Tensor(type, dims, values) : null;
  };
  return {
    name: message.string(TENSOR.name),
    type,
    dims,
    decode() {
      if (decoded === undefined) decoded = decode();
      return decoded;
    },
  };
}

function fromTyped(message: Message, type: number): Values | null {
  switch (type) {
    case TYPE.float32:
      return message.numbers(TENSOR.float_data);
    case TYPE.float16:
      return decodeHalves(Uint16Array.from(message.numbers(TENSOR.int32_data)));
    case TYPE.int64:
      return message.numbers(TENSOR.int64_data);
    case TYPE.uint8:
    case TYPE.int8:
    case TYPE.int32:
    case TYPE.bool:
      return message.numbers(TENSOR.int32_data);
    default:
      return null;
  }
}

function fromRaw(type: number, raw: Uint8Array, size: number): Values | null {
  // A copy, for the slice need not be aligned; not slice(), which a Buffer does not copy with.
  const { buffer } = new Uint8Array(raw);
  const whole = (width: number) => raw.length === size * width;
  switch (type) {
    case TYPE.float32:
      return whole(4) ? new Float32Array(buffer) : null;
    case TYPE.float64:
      return whole(8) ? new Float64Array(buffer) : null;
    case TYPE.float16:
      return whole(2) ? decodeHalves(new Uint16Array(buffer)) : null;
    case TYPE.int8:
      return new Int8Array(buffer);
    case TYPE.uint8:
      return new Uint8Array(buffer);
    case TYPE.bool:
      return Float64Array.from(raw);
    case TYPE.int32:
      return whole(4) ? Float64Array.from(new Int32Array(buffer)) : null;
    case TYPE.int64:
      return whole(8) ? Float64Array.from(new BigInt64Array(buffer), Number) : null;
    case TYPE.int4:
    case TYPE.uint4:
      return nibbles(raw, size, type === TYPE.int4);
    default:
      return null;
  }
}

/** Two elements a byte, the first in the low bits. */
function nibbles(raw: Uint8Array, size: number, signed: boolean): Values | null {
  if (raw.length !== Math.ceil(size / 2)) return null;
  const values = new Int8Array(size);
  for (let i = 0; i < size; i++) {
    const nibble = (raw[i >> 1]! >> (4 * (i & 1))) & 15;
    values[i] = signed && nibble > 7 ? nibble - 16 : nibble;
  }
  return values;
}
