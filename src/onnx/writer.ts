/**
 * Writes small ONNX models from a plain description of a graph.
 */

import { bytes, type Chunk, float, int, join } from '../protobuf/encode.js';
import { TYPE, type TypeName } from './element-types.js';

/** A dimension: a number is static, a string symbolic. */
export type Dim = number | string;

export interface ValueInfo {
  name: string;
  type: TypeName;
  dims: readonly Dim[];
}

/** A constant of the graph; `data` are its little-endian bytes, row-major. */
export interface Initializer {
  name: string;
  type: TypeName;
  dims: readonly number[];
  data: ArrayBufferView;
}

/** `int` becomes an INT attribute, `float` a FLOAT, `ints` an INTS, `string` a STRING. */
export type Attribute =
  | { int: number }
  | { float: number }
  | { ints: readonly number[] }
  | { string: string };

export interface Node {
  op: string;
  inputs: readonly string[];
  outputs: readonly string[];
  attributes?: Readonly<Record<string, Attribute>>;
  domain?: string;
}

export interface Graph {
  nodes: readonly Node[];
  inputs: readonly ValueInfo[];
  outputs: readonly ValueInfo[];
  initializers?: readonly Initializer[];
  /** Version of the default operator set; 21 unless told. */
  opset?: number;
}

/** The fields of a ValueInfoProto. */
export function valueInfo({ name, type, dims }: ValueInfo): Chunk[] {
  const shape = dims.map((dim) =>
    bytes(1, [typeof dim === 'number' ? int(1, dim) : bytes(2, dim)]),
  );
  return [bytes(1, name), bytes(2, [bytes(1, [int(1, TYPE[type]), bytes(2, shape)])])];
}

function initializer({ name, type, dims, data }: Initializer): Chunk[] {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return [...dims.map((dim) => int(1, dim)), int(2, TYPE[type]), bytes(8, name), bytes(9, raw)];
}

/** The fields of an AttributeProto. */
export function attribute(name: string, value: Attribute): Chunk[] {
  if ('string' in value) return [bytes(1, name), bytes(4, value.string), int(20, 3)];
  if ('int' in value) return [bytes(1, name), int(3, value.int), int(20, 2)];
  if ('float' in value) return [bytes(1, name), float(2, value.float), int(20, 1)];
  return [bytes(1, name), ...value.ints.map((item) => int(8, item)), int(20, 7)];
}

function node({ op, inputs, outputs, attributes = {}, domain }: Node): Chunk[] {
  return [
    ...inputs.map((name) => bytes(1, name)),
    ...outputs.map((name) => bytes(2, name)),
    bytes(4, op),
    ...Object.entries(attributes).map(([name, value]) => bytes(5, attribute(name, value))),
    ...(domain === undefined ? [] : [bytes(7, domain)]),
  ];
}

/** The bytes of a `.onnx` file. */
export function onnxModel(graph: Graph): Uint8Array {
  const domains = new Set(graph.nodes.map((item) => item.domain).filter((name) => name));
  return join([
    int(1, 10),
    bytes(2, 'bpb-harness'),
    bytes(7, [
      ...graph.nodes.map((item) => bytes(1, node(item))),
      bytes(2, 'graph'),
      ...(graph.initializers ?? []).map((item) => bytes(5, initializer(item))),
      ...graph.inputs.map((item) => bytes(11, valueInfo(item))),
      ...graph.outputs.map((item) => bytes(12, valueInfo(item))),
    ]),
    bytes(8, [bytes(1, ''), int(2, graph.opset ?? 21)]),
    ...[...domains].map((domain) => bytes(8, [bytes(1, domain as string), int(2, 1)])),
  ]);
}
