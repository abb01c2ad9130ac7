/**
 * An ONNX model that can be edited: parsed into items, changed, written again.
 *
 * Every item keeps the slice of the file that it came from and is written back as that slice unless
 * it was replaced, so an untouched model comes out byte for byte, and what the project does not know
 * of the format survives. Items are never changed in place.
 */
import { WIRE, WireReader } from '../../wire.js';
import { bytes, type Chunk, int, join, varint } from './encode.js';
import { readTensor, type Tensor, type TensorHead, tensorFields } from './tensor.js';
import { type Attribute as AttributeValue, attribute } from './writer.js';

/** An attribute: its slice, and its value where that is a number, a text, a list or a tensor. */
export interface Attribute {
  readonly raw: Chunk;
  readonly value: number | string | readonly number[] | TensorHead | null;
  /** Names that a subgraph in it uses: they may be values of the graph around it. */
  readonly captures: readonly string[];
}

export interface Node {
  readonly kind: 'node';
  readonly op: string;
  /** '' for ai.onnx. */
  readonly domain: string;
  readonly name: string;
  /** '' where an optional input is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** Fields that are kept as they are: documentation, metadata. */
  readonly rest: readonly Chunk[];
  readonly raw: Chunk | null;
}

export interface Initializer {
  readonly kind: 'initializer';
  readonly name: string;
  readonly type: number;
  readonly dims: readonly number[];
  readonly decode: () => Tensor | null;
  readonly raw: Chunk | null;
}

export interface Port {
  readonly kind: 'input' | 'output' | 'value';
  readonly name: string;
  /** ONNX element type; 0 when not a tensor. */
  readonly type: number;
  /** Null for a symbolic axis; the whole null when the shape is not given. */
  readonly dims: readonly (number | null)[] | null;
  readonly raw: Chunk | null;
}

interface Other {
  readonly kind: 'other';
  readonly raw: Chunk;
}

type Item = Node | Initializer | Port | Other;

const FIELD = { node: 1, initializer: 5, input: 11, output: 12, value: 13 } as const;

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

function readOpset(reader: WireReader): { domain: string; version: number } {
  let domain = '';
  let version = 0;
  while (reader.next()) {
    if (reader.field === 1) domain = reader.string();
    else if (reader.field === 2) version = reader.integer();
    else reader.skip();
  }
  return { domain: domain === 'ai.onnx' ? '' : domain, version };
}

class GraphParser {
  constructor(private readonly file: Uint8Array) {}

  items(reader: WireReader): Item[] {
    const items: Item[] = [];
    for (let from = reader.offset; reader.next(); from = reader.offset) {
      const item = this.item(reader);
      items.push({ ...item, raw: this.file.subarray(from, reader.offset) });
    }
    return items;
  }

  private item(reader: WireReader): Item {
    switch (reader.field) {
      case FIELD.node:
        return this.node(reader.message());
      case FIELD.initializer: {
        const { name, type, dims, decode } = readTensor(reader.message());
        return { kind: 'initializer', name, type, dims, decode: once(decode), raw: null };
      }
      case FIELD.input:
        return this.port('input', reader.message());
      case FIELD.output:
        return this.port('output', reader.message());
      case FIELD.value:
        return this.port('value', reader.message());
      default:
        reader.skip();
        return { kind: 'other', raw: new Uint8Array() };
    }
  }

  private node(reader: WireReader): Node {
    const inputs: string[] = [];
    const outputs: string[] = [];
    const attributes = new Map<string, Attribute>();
    const rest: Chunk[] = [];
    let [op, domain, name] = ['', '', ''];
    for (let from = reader.offset; reader.next(); from = reader.offset) {
      if (reader.field === 1) inputs.push(reader.string());
      else if (reader.field === 2) outputs.push(reader.string());
      else if (reader.field === 3) name = reader.string();
      else if (reader.field === 4) op = reader.string();
      else if (reader.field === 5) attributes.set(...this.attribute(reader.message()));
      else if (reader.field === 7) domain = reader.string();
      else {
        reader.skip();
        rest.push(this.file.subarray(from, reader.offset));
      }
    }
    if (domain === 'ai.onnx') domain = '';
    return { kind: 'node', op, domain, name, inputs, outputs, attributes, rest, raw: null };
  }

  private attribute(reader: WireReader): [string, Attribute] {
    const from = reader.offset;
    const list: number[] = [];
    const captures: string[] = [];
    let name = '';
    let value: Attribute['value'] = null;
    while (reader.next()) {
      const { field } = reader;
      if (field === 1) name = reader.string();
      else if (field === 2) value = reader.float();
      else if (field === 3) value = Number(reader.int64());
      else if (field === 4) value = new TextDecoder().decode(reader.bytes());
      else if (field === 5) value = readTensor(reader.message());
      else if (field === 6 || field === 11) captures.push(...this.captures(reader.message()));
      else if (field === 7 && reader.wire === WIRE.fixed32) list.push(reader.float());
      else if (field === 8) list.push(...reader.packed().map(Number));
      else if (field === 20 && reader.integer() === 7) value = list;
      else if (field !== 20) reader.skip();
    }
    const raw = this.file.subarray(from, reader.offset);
    return [name, { raw, value, captures }];
  }

  private captures(reader: WireReader): string[] {
    return this.items(reader).flatMap((item) => {
      if (item.kind === 'output') return [item.name];
      if (item.kind !== 'node') return [];
      return [...item.inputs, ...[...item.attributes.values()].flatMap((each) => each.captures)];
    });
  }

  private port(kind: Port['kind'], reader: WireReader): Port {
    let name = '';
    let type: Pick<Port, 'type' | 'dims'> = { type: 0, dims: null };
    while (reader.next()) {
      if (reader.field === 1) name = reader.string();
      else if (reader.field === 2) type = readType(reader.message());
      else reader.skip();
    }
    return { kind, name, ...type, raw: null };
  }
}

function readType(reader: WireReader): Pick<Port, 'type' | 'dims'> {
  let type = 0;
  let dims: (number | null)[] | null = null;
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip();
      continue;
    }
    const tensor = reader.message();
    while (tensor.next()) {
      if (tensor.field === 1) type = tensor.integer();
      else if (tensor.field === 2) dims = readShape(tensor.message());
      else tensor.skip();
    }
  }
  return { type, dims };
}

function readShape(reader: WireReader): (number | null)[] {
  const dims: (number | null)[] = [];
  while (reader.next()) {
    const entry = reader.message();
    let dim: number | null = null;
    while (entry.next()) {
      if (entry.field === 1) dim = entry.integer();
      else entry.skip();
    }
    dims.push(dim);
  }
  return dims;
}

function once<T>(compute: () => T): () => T {
  let result: { value: T } | undefined;
  return () => {
    result ??= { value: compute() };
    return result.value;
  };
}
