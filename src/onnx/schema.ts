/**
 * Messages of ONNX's file format with their field numbers, as onnx/onnx.proto of the ONNX project
 * declares them (github.com/onnx/onnx, IR version 13).
 */
import { declare, enumeration, type MessageType, optional, repeated } from '../protobuf/schema.js';

const types = new Map<string, MessageType>();

/** All of the messages by name. */
export const SCHEMA: ReadonlyMap<string, MessageType> = types;

export const MODEL = declare(types, 'ModelProto', {
  ir_version: optional(1, 'int64'),
  producer_name: optional(2, 'string'),
  producer_version: optional(3, 'string'),
  domain: optional(4, 'string'),
  model_version: optional(5, 'int64'),
  doc_string: optional(6, 'string'),
  graph: optional(7, 'GraphProto'),
  opset_import: repeated(8, 'OperatorSetIdProto'),
  metadata_props: repeated(14, 'StringStringEntryProto'),
  training_info: repeated(20, 'TrainingInfoProto'),
  functions: repeated(25, 'FunctionProto'),
  configuration: repeated(26, 'DeviceConfigurationProto'),
});

export const OPSET = declare(types, 'OperatorSetIdProto', {
  domain: optional(1, 'string'),
  version: optional(2, 'int64'),
});

export const GRAPH = declare(types, 'GraphProto', {
  node: repeated(1, 'NodeProto'),
  name: optional(2, 'string'),
  initializer: repeated(5, 'TensorProto'),
  doc_string: optional(10, 'string'),
  input: repeated(11, 'ValueInfoProto'),
  output: repeated(12, 'ValueInfoProto'),
  value_info: repeated(13, 'ValueInfoProto'),
  quantization_annotation: repeated(14, 'TensorAnnotation'),
  sparse_initializer: repeated(15, 'SparseTensorProto'),
  metadata_props: repeated(16, 'StringStringEntryProto'),
});

export const NODE = declare(types, 'NodeProto', {
  input: repeated(1, 'string'),
  output: repeated(2, 'string'),
  name: optional(3, 'string'),
  op_type: optional(4, 'string'),
  attribute: repeated(5, 'AttributeProto'),
  doc_string: optional(6, 'string'),
  domain: optional(7, 'string'),
  overload: optional(8, 'string'),
  metadata_props: repeated(9, 'StringStringEntryProto'),
  device_configurations: repeated(10, 'NodeDeviceConfigurationProto'),
});

export const ATTRIBUTE = declare(types, 'AttributeProto', {
  name: optional(1, 'string'),
  f: optional(2, 'float'),
  i: optional(3, 'int64'),
  s: optional(4, 'bytes'),
  t: optional(5, 'TensorProto'),
  g: optional(6, 'GraphProto'),
  floats: repeated(7, 'float'),
  ints: repeated(8, 'int64'),
  strings: repeated(9, 'bytes'),
  tensors: repeated(10, 'TensorProto'),
  graphs: repeated(11, 'GraphProto'),
  doc_string: optional(13, 'string'),
  tp: optional(14, 'TypeProto'),
  type_protos: repeated(15, 'TypeProto'),
  type: enumeration(20, 15),
  ref_attr_name: optional(21, 'string'),
  sparse_tensor: optional(22, 'SparseTensorProto'),
  sparse_tensors: repeated(23, 'SparseTensorProto'),
});

/** Values of `AttributeProto.type`. */
export const ATTRIBUTE_TYPE = {
  f: 1,
  i: 2,
  s: 3,
  t: 4,
  g: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparse_tensor: 11,
  sparse_tensors: 12,
  tp: 13,
  type_protos: 14,
} as const satisfies Partial<Record<keyof typeof ATTRIBUTE, number>>;

export const TENSOR = declare(types, 'TensorProto', {
  dims: repeated(1, 'int64'),
  data_type: optional(2, 'int32'),
  segment: optional(3, 'TensorProto.Segment'),
  float_data: repeated(4, 'float'),
  int32_data: repeated(5, 'int32'),
  string_data: repeated(6, 'bytes'),
  int64_data: repeated(7, 'int64'),
  name: optional(8, 'string'),
  raw_data: optional(9, 'bytes'),
  double_data: repeated(10, 'double'),
  uint64_data: repeated(11, 'uint64'),
  doc_string: optional(12, 'string'),
  external_data: repeated(13, 'StringStringEntryProto'),
  data_location: enumeration(14, 2),
  metadata_props: repeated(16, 'StringStringEntryProto'),
});

declare(types, 'TensorProto.Segment', { begin: optional(1, 'int64'), end: optional(2, 'int64') });

export const SPARSE_TENSOR = declare(types, 'SparseTensorProto', {
  values: optional(1, 'TensorProto'),
  indices: optional(2, 'TensorProto'),
  dims: repeated(3, 'int64'),
});

export const VALUE_INFO = declare(types, 'ValueInfoProto', {
  name: optional(1, 'string'),
  type: optional(2, 'TypeProto'),
  doc_string: optional(3, 'string'),
  metadata_props: repeated(4, 'StringStringEntryProto'),
});

export const TYPE_PROTO = declare(types, 'TypeProto', {
  tensor_type: optional(1, 'TypeProto.Tensor', 'value'),
  sequence_type: optional(4, 'TypeProto.Sequence', 'value'),
  map_type: optional(5, 'TypeProto.Map', 'value'),
  denotation: optional(6, 'string'),
  opaque_type: optional(7, 'TypeProto.Opaque', 'value'),
  sparse_tensor_type: optional(8, 'TypeProto.SparseTensor', 'value'),
  optional_type: optional(9, 'TypeProto.Optional', 'value'),
});

export const TENSOR_TYPE = declare(types, 'TypeProto.Tensor', {
  elem_type: optional(1, 'int32'),
  shape: optional(2, 'TensorShapeProto'),
});

declare(types, 'TypeProto.SparseTensor', {
  elem_type: optional(1, 'int32'),
  shape: optional(2, 'TensorShapeProto'),
});
declare(types, 'TypeProto.Sequence', { elem_type: optional(1, 'TypeProto') });
declare(types, 'TypeProto.Optional', { elem_type: optional(1, 'TypeProto') });
declare(types, 'TypeProto.Map', {
  key_type: optional(1, 'int32'),
  value_type: optional(2, 'TypeProto'),
});
declare(types, 'TypeProto.Opaque', {
  domain: optional(1, 'string'),
  name: optional(2, 'string'),
});

export const SHAPE = declare(types, 'TensorShapeProto', {
  dim: repeated(1, 'TensorShapeProto.Dimension'),
});

export const DIMENSION = declare(types, 'TensorShapeProto.Dimension', {
  dim_value: optional(1, 'int64', 'value'),
  dim_param: optional(2, 'string', 'value'),
  denotation: optional(3, 'string'),
});

export const FUNCTION = declare(types, 'FunctionProto', {
  name: optional(1, 'string'),
  input: repeated(4, 'string'),
  output: repeated(5, 'string'),
  attribute: repeated(6, 'string'),
  node: repeated(7, 'NodeProto'),
  doc_string: optional(8, 'string'),
  opset_import: repeated(9, 'OperatorSetIdProto'),
  domain: optional(10, 'string'),
  attribute_proto: repeated(11, 'AttributeProto'),
  value_info: repeated(12, 'ValueInfoProto'),
  overload: optional(13, 'string'),
  metadata_props: repeated(14, 'StringStringEntryProto'),
});

export const ENTRY = declare(types, 'StringStringEntryProto', {
  key: optional(1, 'string'),
  value: optional(2, 'string'),
});
declare(types, 'TensorAnnotation', {
  tensor_name: optional(1, 'string'),
  quant_parameter_tensor_names: repeated(2, 'StringStringEntryProto'),
});
declare(types, 'TrainingInfoProto', {
  initialization: optional(1, 'GraphProto'),
  algorithm: optional(2, 'GraphProto'),
  initialization_binding: repeated(3, 'StringStringEntryProto'),
  update_binding: repeated(4, 'StringStringEntryProto'),
});
declare(types, 'DeviceConfigurationProto', {
  name: optional(1, 'string'),
  num_devices: optional(2, 'int32'),
  device: repeated(3, 'string'),
});
declare(types, 'NodeDeviceConfigurationProto', {
  configuration_id: optional(1, 'string'),
  sharding_spec: repeated(2, 'ShardingSpecProto'),
  pipeline_stage: optional(3, 'int32'),
});
declare(types, 'ShardingSpecProto', {
  tensor_name: optional(1, 'string'),
  device: repeated(2, 'int64'),
  index_to_device_group_map: repeated(3, 'IntIntListEntryProto'),
  sharded_dim: repeated(4, 'ShardedDimProto'),
});
declare(types, 'IntIntListEntryProto', {
  key: optional(1, 'int64'),
  value: repeated(2, 'int64'),
});
declare(types, 'ShardedDimProto', {
  axis: optional(1, 'int64'),
  simple_sharding: repeated(2, 'SimpleShardedDimProto'),
});
declare(types, 'SimpleShardedDimProto', {
  dim_value: optional(1, 'int64', 'dim'),
  dim_param: optional(2, 'string', 'dim'),
  num_shards: optional(3, 'int64'),
});
