/**
 * Element types of tensors: their numbers (`TensorProto.DataType` of onnx.proto), sizes and typed fields.
 */
import type { FieldType } from '../protobuf/schema.js';
import { TENSOR } from './schema.js';

export const TYPE = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
  uint4: 21,
  int4: 22,
} as const;
export type TypeName = keyof typeof TYPE;

const TYPE_NAMES = new Map<number, string>(
  Object.entries(TYPE).map(([name, type]) => [type, name]),
);

/** `int64`; `ONNX type 17` for one that is not in `TYPE`. */
export function typeName(type: number): string {
  return TYPE_NAMES.get(type) ?? `ONNX type ${type}`;
}

/** Whether constants of that type are computed in floating point. */
export function isFloat(type: number): boolean {
  return type === TYPE.float32 || type === TYPE.float16 || type === TYPE.float64;
}

/** How a tensor of a type is stored. */
export interface Storage {
  /** Of an element in `raw_data`; 0 for strings, which never stand there. */
  readonly bits: number;
  /** The typed field that its elements may stand in instead. */
  readonly field: FieldType;
  /** Entries of the typed field for an element. */
  readonly entries: number;
  /** Range of an entry; C++ drops the bits beyond it. */
  readonly range: readonly [least: number, most: number];
}

const { float_data, int32_data, string_data, int64_data, double_data, uint64_data } = TENSOR;
const ANY = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
/** Bit patterns, which writers give with and without a sign. */
const PATTERN_8 = [-128, 255] as const;
const PATTERN_16 = [-32768, 65535] as const;

function stored(
  bits: number,
  field: FieldType,
  range: readonly [number, number] = ANY,
  entries = 1,
): Storage {
  return { bits, field, entries, range };
}

const FLOAT8 = stored(8, int32_data, PATTERN_8);
const BITS_4 = stored(4, int32_data, PATTERN_8, 1 / 2);
const BITS_2 = stored(2, int32_data, PATTERN_8, 1 / 4);

/** By number of the type; undefined for numbers that onnx.proto does not have (IR version 13). */
export const STORAGE: readonly (Storage | undefined)[] = [
  undefined,
  stored(32, float_data),
  stored(8, int32_data, [0, 255]),
  stored(8, int32_data, [-128, 127]),
  stored(16, int32_data, [0, 65535]),
  stored(16, int32_data, [-32768, 32767]),
  stored(32, int32_data),
  stored(64, int64_data),
  stored(0, string_data),
  stored(8, int32_data, [0, 1]),
  stored(16, int32_data, PATTERN_16),
  stored(64, double_data),
  stored(32, uint64_data, [0, 2 ** 32 - 1]),
  stored(64, uint64_data),
  // Complex numbers, a real and an imaginary part each.
  stored(64, float_data, ANY, 2),
  stored(128, double_data, ANY, 2),
  stored(16, int32_data, PATTERN_16),
  FLOAT8,
  FLOAT8,
  FLOAT8,
  FLOAT8,
  BITS_4,
  BITS_4,
  BITS_4,
  FLOAT8,
  BITS_2,
  BITS_2,
];
