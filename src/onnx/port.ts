/**
 * Ports of a graph, its inputs, outputs and declared inner values: name, element type, dimensions.
 */
import { bytes, type Chunk, int } from '../protobuf/encode.js';
import type { Message } from '../protobuf/message.js';
import { typeName } from './element-types.js';
import { DIMENSION, SHAPE, TENSOR_TYPE, TYPE_PROTO, VALUE_INFO } from './schema.js';

/** A number for a fixed axis, its name for a symbolic one; '?' for one without a name, or of a negative size. */
export type Dim = number | string;

export interface Port {
  readonly name: string;
  /** ONNX element type (1 float, 6 int32, 7 int64, 10 float16, 16 bfloat16); 0 when not a tensor. */
  readonly elementType: number;
  /** Null when the shape is not given. */
  readonly dims: readonly Dim[] | null;
}

/** Reads a ValueInfoProto. */
export function readPort(message: Message): Port {
  const name = message.string(VALUE_INFO.name);
  const tensor = message.child(VALUE_INFO.type)?.child(TYPE_PROTO.tensor_type);
  const shape = tensor?.child(TENSOR_TYPE.shape);
  return {
    name,
    elementType: tensor?.number(TENSOR_TYPE.elem_type) ?? 0,
    dims: shape?.children(SHAPE.dim).map(readDim) ?? null,
  };
}

function readDim(message: Message): Dim {
  const name = message.string(DIMENSION.dim_param);
  if (!message.has(DIMENSION.dim_value)) return name === '' ? '?' : name;
  const size = message.integer(DIMENSION.dim_value);
  // Some exporters write -1 for an open axis, and the runtime takes every negative number for one.
  return size < 0 ? '?' : size;
}

/** `int64 [batch, 1024]` */
export function describePort({ elementType, dims }: Port): string {
  const type = elementType === 0 ? 'no tensor' : typeName(elementType);
  return `${type} ${dims === null ? 'of any shape' : `[${dims.join(', ')}]`}`;
}

/** The fields of a ValueInfoProto. */
export function portFields({ name, elementType, dims }: Port): Chunk[] {
  const shape = dims?.map((dim) =>
    bytes(SHAPE.dim.number, [
      typeof dim === 'number'
        ? int(DIMENSION.dim_value.number, dim)
        : bytes(DIMENSION.dim_param.number, dim),
    ]),
  );
  const tensor = [
    int(TENSOR_TYPE.elem_type.number, elementType),
    ...(shape === undefined ? [] : [bytes(TENSOR_TYPE.shape.number, shape)]),
  ];
  return [
    bytes(VALUE_INFO.name.number, name),
    bytes(VALUE_INFO.type.number, [bytes(TYPE_PROTO.tensor_type.number, tensor)]),
  ];
}
