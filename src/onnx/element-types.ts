/**
 * Element types of tensors with their numbers (`TensorProto.DataType` of onnx.proto).
 */

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

/** Whether constants of that type are computed in floating point. */
export function isFloat(type: number): boolean {
  return type === TYPE.float32 || type === TYPE.float16 || type === TYPE.float64;
}
