/**
 * An ONNX model that can be edited: parsed into items, changed, written again.
 *
 * Every item keeps the slice of the file that it came from and is written back as that slice unless
 * it was replaced, so an untouched model comes out byte for byte, and what the project does not know
 * of the format survives. Items are never changed in place.
 */

import { bytes, type Chunk, int, join, varint } from '../protobuf/encode.js';
import { WIRE, WireReader } from '../protobuf/wire.js';
import {
  type Attribute,
  FIELD,
  type Initializer,
  type Item,
  type Node,
  type Port,
} from './graph-items.js';
import { GraphParser, readOpset } from './graph-parser.js';
import { type Tensor, tensorFields } from './tensor.js';
import { type Attribute as AttributeValue, attribute } from './writer.js';

export type { Attribute, Initializer, Node, Port } from './graph-items.js';

export class OnnxGraph {
  /** In the order of the file; nodes among themselves in topological order, as ONNX asks. */
  readonly items: Item[];
  readonly opsets: Map<string, number>;
  private readonly original: readonly Item[];

  private constructor(
    items: Item[],
    opsets: Map<string, number>,
    /** Fields of the model before and after its graph. */
    private readonly before: readonly Chunk[],
    private readonly after: readonly Chunk[],
    private readonly field: Chunk,
    /** Of the fields around the graph those that import an operator set, as they were read. */
    private readonly imports: ReadonlyMap<Chunk, { domain: string; version: number }>,
  ) {
    this.items = items;
    this.original = [...items];
    this.opsets = opsets;
  }

  /** @throws BPB_MODEL_NOT_ONNX */
  static parse(file: Uint8Array, path: string): OnnxGraph {
    const source = { path, code: 'BPB_MODEL_NOT_ONNX', what: 'an ONNX model' } as const;
    const reader = new WireReader(file, source);
    const before: Chunk[] = [];
    const after: Chunk[] = [];
    const opsets = new Map<string, number>();
    const imports = new Map<Chunk, { domain: string; version: number }>();
    let graph: { items: Item[]; field: Chunk } | null = null;
    for (let from = 0; reader.next(); from = reader.offset) {
      if (reader.field === 7 && graph === null) {
        const items = new GraphParser(file).items(reader.message());
        graph = { items, field: file.subarray(from, reader.offset) };
        continue;
      }
      const found = reader.field === 8 ? readOpset(reader.message()) : null;
      if (found === null) reader.skip();
      const field = file.subarray(from, reader.offset);
      if (found !== null) {
        opsets.set(found.domain, found.version);
        imports.set(field, found);
      }
      (graph === null ? before : after).push(field);
    }
    if (graph === null) throw reader.refuse('no graph');
    return new OnnxGraph(graph.items, opsets, before, after, graph.field, imports);
  }

  get nodes(): Node[] {
    return this.items.filter((item): item is Node => item.kind === 'node');
  }

  get initializers(): Initializer[] {
    return this.items.filter((item): item is Initializer => item.kind === 'initializer');
  }

  ports(kind: Port['kind']): Port[] {
    return this.items.filter((item): item is Port => item.kind === kind);
  }

  /** The bytes of the `.onnx` file. */
  serialize(): Uint8Array {
    const same = this.items.length === this.original.length;
    const touched = !same || this.items.some((item, k) => item !== this.original[k]);
    const graph = touched ? this.encode() : [this.field];
    const known = new Set([...this.imports.values()].map(({ domain }) => domain));
    const added = [...this.opsets].filter(([domain]) => !known.has(domain));
    const around = (fields: readonly Chunk[]) => fields.map((field) => this.imported(field));
    const opsets = added.map(([domain, version]) => encodeOpset(domain, version));
    return join([...around(this.before), ...graph, ...around(this.after), ...opsets]);
  }

  /** A field around the graph; where it imports an operator set, in the version that is now wanted. */
  private imported(field: Chunk): Chunk {
    const found = this.imports.get(field);
    const version = found && this.opsets.get(found.domain);
    if (version === undefined || version === found?.version) return field;
    return encodeOpset(found!.domain, version);
  }

  private encode(): Chunk[] {
    const chunks = this.items.map((item) => item.raw ?? encodeItem(item));
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    return [varint((7 << 3) | WIRE.bytes), varint(length), ...chunks];
  }
}

function encodeItem(item: Item): Chunk {
  switch (item.kind) {
    case 'node':
      return bytes(FIELD.node, [
        ...item.inputs.map((name) => bytes(1, name)),
        ...item.outputs.map((name) => bytes(2, name)),
        ...(item.name === '' ? [] : [bytes(3, item.name)]),
        bytes(4, item.op),
        ...[...item.attributes.values()].map(({ raw }) => bytes(5, raw)),
        ...(item.domain === '' ? [] : [bytes(7, item.domain)]),
        ...item.rest,
      ]);
    case 'initializer':
      return bytes(FIELD.initializer, tensorFields(item.name, item.decode()!));
    case 'other':
      return item.raw;
    default: {
      const dims = item.dims?.map((dim, axis) =>
        bytes(1, [dim === null ? bytes(2, `${item.name}_axis${axis}`) : int(1, dim)]),
      );
      const shape = dims === undefined ? [] : [bytes(2, dims)];
      const type = bytes(2, [bytes(1, [int(1, item.type), ...shape])]);
      return bytes(FIELD[item.kind], [bytes(1, item.name), type]);
    }
  }
}

/** A node of our own making. */
export function makeNode(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  domain = '',
): Node {
  const parsed = Object.entries(attributes).map(([name, value]): [string, Attribute] => [
    name,
    { raw: join(attribute(name, value)), value: Object.values(value)[0], captures: [] },
  ]);
  const name = outputs[0] ?? '';
  return {
    kind: 'node',
    op,
    domain,
    name,
    inputs,
    outputs,
    attributes: new Map(parsed),
    rest: [],
    raw: null,
  };
}

export function makeInitializer(name: string, tensor: Tensor): Initializer {
  const { type, dims } = tensor;
  return { kind: 'initializer', name, type, dims, decode: () => tensor, raw: null };
}

function encodeOpset(domain: string, version: number): Chunk {
  return bytes(8, [...(domain === '' ? [] : [bytes(1, domain)]), int(2, version)]);
}
