/**
 * Writer of small ONNX models, from a plain description of a graph.
 */

import { bytes, type Chunk, float, int, join } from '../protobuf/encode.js';
import { TYPE, type TypeName } from './element-types.js';
import { type Dim, portFields } from './port.js';
import { ATTRIBUTE, ATTRIBUTE_TYPE, GRAPH, MODEL, NODE, OPSET, TENSOR } from './schema.js';
import { type Tensor, tensorFields } from './tensor.js';

interface PortSpec {
  name: string;
  type: TypeName;
  dims: readonly Dim[];
}

/** A constant of the graph; `data` are its little-endian bytes, row-major. */
export interface InitializerSpec {
  name: string;
  type: TypeName;
  dims: readonly number[];
  data: ArrayBufferView;
}

/** `int` becomes an INT attribute, `float` a FLOAT, `ints` an INTS, `string` a STRING, `tensor` a TENSOR. */
export type AttributeValue =
  | { int: number }
  | { float: number }
  | { ints: readonly number[] }
  | { string: string }
  | { tensor: Tensor };

export interface NodeSpec {
  op: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes?: Readonly<Record<string, AttributeValue>>;
  domain?: string;
}

export interface GraphSpec {
  nodes: readonly NodeSpec[];
  inputs: readonly PortSpec[];
  outputs: readonly PortSpec[];
  initializers?: readonly InitializerSpec[];
  /** Version of the default operator set; 21 by default. */
  opset?: number;
}

/** The fields of a ValueInfoProto. */
export function valueInfo({ name, type, dims }: PortSpec): Chunk[] {
  return portFields({ name, elementType: TYPE[type], dims });
}

function initializer({ name, type, dims, data }: InitializerSpec): Chunk[] {
  return [
    ...dims.map((dim) => int(TENSOR.dims.number, dim)),
    int(TENSOR.data_type.number, TYPE[type]),
    bytes(TENSOR.name.number, name),
    bytes(TENSOR.raw_data.number, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  ];
}

/** The fields of an AttributeProto. */
export function attributeFields(name: string, value: AttributeValue): Chunk[] {
  const { i, f, s, t, ints } = ATTRIBUTE;
  const typed = (type: number) => int(ATTRIBUTE.type.number, type);
  const named = bytes(ATTRIBUTE.name.number, name);
  if ('string' in value) return [named, bytes(s.number, value.string), typed(ATTRIBUTE_TYPE.s)];
  if ('int' in value) return [named, int(i.number, value.int), typed(ATTRIBUTE_TYPE.i)];
  if ('float' in value) return [named, float(f.number, value.float), typed(ATTRIBUTE_TYPE.f)];
  if ('tensor' in value) {
    return [named, bytes(t.number, tensorFields('', value.tensor)), typed(ATTRIBUTE_TYPE.t)];
  }
  const items = value.ints.map((item) => int(ints.number, item));
  return [named, ...items, typed(ATTRIBUTE_TYPE.ints)];
}

function node({ op, inputs, outputs, attributes = {}, domain }: NodeSpec): Chunk[] {
  return [
    ...inputs.map((name) => bytes(NODE.input.number, name)),
    ...outputs.map((name) => bytes(NODE.output.number, name)),
    bytes(NODE.op_type.number, op),
    ...Object.entries(attributes).map(([name, value]) =>
      bytes(NODE.attribute.number, attributeFields(name, value)),
    ),
    ...(domain === undefined ? [] : [bytes(NODE.domain.number, domain)]),
  ];
}

function opset(domain: string, version: number): Chunk {
  const fields = [bytes(OPSET.domain.number, domain), int(OPSET.version.number, version)];
  return bytes(MODEL.opset_import.number, fields);
}

/** The bytes of a `.onnx` file. */
export function onnxModel(graph: GraphSpec): Uint8Array {
  const domains = new Set(graph.nodes.map((item) => item.domain).filter((name) => name));
  const { initializers = [] } = graph;
  return join([
    int(MODEL.ir_version.number, 10),
    bytes(MODEL.producer_name.number, 'bpb-harness'),
    bytes(MODEL.graph.number, [
      ...graph.nodes.map((item) => bytes(GRAPH.node.number, node(item))),
      bytes(GRAPH.name.number, 'graph'),
      ...initializers.map((item) => bytes(GRAPH.initializer.number, initializer(item))),
      ...graph.inputs.map((item) => bytes(GRAPH.input.number, valueInfo(item))),
      ...graph.outputs.map((item) => bytes(GRAPH.output.number, valueInfo(item))),
    ]),
    opset('', graph.opset ?? 21),
    ...[...domains].map((domain) => opset(domain as string, 1)),
  ]);
}
