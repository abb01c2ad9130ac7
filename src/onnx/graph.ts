/**
 * Editable ONNX model: read into items, changed, written again.
 *
 * Every item keeps the slice of the file that it came from and is written back as that slice unless
 * it was replaced, so an untouched model comes out byte for byte, and fields that the schema lacks
 * survive. Items are never changed in place.
 */

import { bytes, type Chunk, int, join, prefix } from '../protobuf/encode.js';
import { domainOf } from './check-names.js';
import type { Attribute, Initializer, Item, Node, PortItem } from './graph-items.js';
import { portFields } from './port.js';
import { readItems } from './read-items.js';
import { readModel } from './reader.js';
import { GRAPH, MODEL, NODE, OPSET } from './schema.js';
import { readOpsets } from './summary.js';
import { type Tensor, tensorFields } from './tensor.js';
import { type AttributeValue, attributeFields } from './writer.js';

export type { Attribute, Initializer, Node } from './graph-items.js';

/** A field of the model other than its graph. */
interface Around {
  readonly raw: Chunk;
  /** Where it imports an operator set. */
  readonly imports: { readonly domain: string; readonly version: number } | null;
}

export class OnnxGraph {
  /** In the order of the file; nodes among themselves in topological order, as ONNX asks. */
  readonly items: Item[];
  private readonly original: readonly Item[];

  private constructor(
    items: Item[],
    readonly irVersion: number,
    readonly opsets: Map<string, number>,
    /** Fields of the model before and after its graph. */
    private readonly before: readonly Around[],
    private readonly after: readonly Around[],
    private readonly field: Chunk,
  ) {
    this.items = items;
    this.original = [...items];
  }

  /** @throws BPB_MODEL_NOT_ONNX */
  static parse(file: Uint8Array, path: string): OnnxGraph {
    const model = readModel(file, path);
    const at = model.fields.findIndex(({ type }) => type === MODEL.graph);
    const around = model.fields.map((value): Around => {
      const opset = value.type === MODEL.opset_import ? value.message! : null;
      const imports = opset && {
        domain: domainOf(opset, OPSET.domain),
        version: opset.integer(OPSET.version),
      };
      return { raw: model.raw(value), imports };
    });
    return new OnnxGraph(
      readItems(model.child(MODEL.graph)!),
      model.integer(MODEL.ir_version),
      readOpsets(model),
      around.slice(0, at),
      around.slice(at + 1),
      around[at]!.raw,
    );
  }

  get nodes(): Node[] {
    return this.items.filter((item): item is Node => item.kind === 'node');
  }

  get initializers(): Initializer[] {
    return this.items.filter((item): item is Initializer => item.kind === 'initializer');
  }

  ports(kind: PortItem['kind']): PortItem[] {
    return this.items.filter((item): item is PortItem => item.kind === kind);
  }

  /** The bytes of the `.onnx` file. */
  serialize(): Uint8Array {
    const same = this.items.length === this.original.length;
    const touched = !same || this.items.some((item, k) => item !== this.original[k]);
    const graph = touched ? this.encode() : [this.field];
    const around = [...this.before, ...this.after];
    const known = new Set(around.map(({ imports }) => imports?.domain));
    const added = [...this.opsets].filter(([domain]) => !known.has(domain));
    const opsets = added.map(([domain, version]) => encodeOpset(domain, version));
    const written = (fields: readonly Around[]) => fields.map((field) => this.imported(field));
    return join([...written(this.before), ...graph, ...written(this.after), ...opsets]);
  }

  /** A field around the graph; where it imports an operator set, in the version that is now wanted. */
  private imported({ raw, imports }: Around): Chunk {
    const version = imports && this.opsets.get(imports.domain);
    if (version === null || version === undefined || version === imports?.version) return raw;
    return encodeOpset(imports!.domain, version);
  }

  private encode(): Chunk[] {
    const chunks = this.items.map((item) => item.raw ?? encodeItem(item));
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    return [prefix(MODEL.graph.number, length), ...chunks];
  }
}

function encodeItem(item: Item): Chunk {
  switch (item.kind) {
    case 'node':
      return bytes(GRAPH.node.number, [
        ...item.inputs.map((name) => bytes(NODE.input.number, name)),
        ...item.outputs.map((name) => bytes(NODE.output.number, name)),
        ...(item.name === '' ? [] : [bytes(NODE.name.number, item.name)]),
        bytes(NODE.op_type.number, item.op),
        ...[...item.attributes.values()].map(({ raw }) => bytes(NODE.attribute.number, raw)),
        ...(item.domain === '' ? [] : [bytes(NODE.domain.number, item.domain)]),
        ...item.rest,
      ]);
    case 'initializer':
      return bytes(GRAPH.initializer.number, tensorFields(item.name, item.decode()!));
    case 'other':
      return item.raw;
    default:
      return bytes(PORT_FIELD[item.kind].number, portFields(withOwnAxes(item)));
  }
}

const PORT_FIELD = { input: GRAPH.input, output: GRAPH.output, value: GRAPH.value_info } as const;

/** Open axes get names of their own: an axis of the same name elsewhere may be fixed now. */
function withOwnAxes(port: PortItem): PortItem {
  const dims = port.dims?.map((dim, axis) =>
    typeof dim === 'number' ? dim : `${port.name}_axis${axis}`,
  );
  return { ...port, dims: dims ?? null };
}

/** A node that is not from the file. */
export function makeNode(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  domain = '',
): Node {
  const parsed = Object.entries(attributes).map(([name, value]): [string, Attribute] => [
    name,
    { raw: join(attributeFields(name, value)), value: parsedValue(value), captures: [] },
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

function parsedValue(value: AttributeValue): Attribute['value'] {
  if (!('tensor' in value)) return Object.values(value)[0] as number | string | readonly number[];
  const { tensor } = value;
  return { name: '', type: tensor.type, dims: tensor.dims, decode: () => tensor };
}

export function makeInitializer(name: string, tensor: Tensor): Initializer {
  const { type, dims } = tensor;
  return { kind: 'initializer', name, type, dims, decode: () => tensor, raw: null };
}

function encodeOpset(domain: string, version: number): Chunk {
  const name = domain === '' ? [] : [bytes(OPSET.domain.number, domain)];
  return bytes(MODEL.opset_import.number, [...name, int(OPSET.version.number, version)]);
}
