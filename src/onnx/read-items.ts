/**
 * Reader of a graph's items from its message.
 */
import type { FieldValue, Message } from '../protobuf/message.js';
import type { FieldType } from '../protobuf/schema.js';
import { domainOf } from './check-names.js';
import type { Attribute, Item, Node, PortItem } from './graph-items.js';
import { attributeOf, type Given } from './node-attribute.js';
import { readPort } from './port.js';
import { ATTRIBUTE, ATTRIBUTE_TYPE, GRAPH, NODE } from './schema.js';
import { readTensor } from './stored-tensor.js';

const PORTS = new Map<FieldType | null, PortItem['kind']>([
  [GRAPH.input, 'input'],
  [GRAPH.output, 'output'],
  [GRAPH.value_info, 'value'],
]);

/** In file order; what is neither node, initializer nor port is kept as bytes. */
export function readItems(graph: Message): Item[] {
  return graph.fields.map((field) => readItem(graph, field));
}

function readItem(graph: Message, field: FieldValue): Item {
  const { type, message } = field;
  const raw = graph.raw(field);
  const port = PORTS.get(type);
  if (port !== undefined) return { kind: port, ...readPort(message!), raw };
  if (type === GRAPH.node) return readNode(message!, raw);
  if (type === GRAPH.initializer) return { kind: 'initializer', ...readTensor(message!), raw };
  return { kind: 'other', raw };
}

/** A byte order mark is a part of the text, as for the runtime. */
const text = new TextDecoder('utf-8', { ignoreBOM: true });

const NODE_FIELDS: readonly (FieldType | null)[] = [
  NODE.input,
  NODE.output,
  NODE.name,
  NODE.op_type,
  NODE.attribute,
  NODE.domain,
];

function readNode(node: Message, raw: Uint8Array): Node {
  return {
    kind: 'node',
    op: node.string(NODE.op_type),
    domain: domainOf(node, NODE.domain),
    name: node.string(NODE.name),
    inputs: node.strings(NODE.input),
    outputs: node.strings(NODE.output),
    attributes: new Map(node.children(NODE.attribute).map(readAttribute)),
    rest: node.fields
      .filter(({ type }) => !NODE_FIELDS.includes(type))
      .map((each) => node.raw(each)),
    raw,
  };
}

/** A node of a function, its attributes as its caller gives them. */
export function readCalledNode(message: Message, given: Given): Node {
  const node = readNode(message, message.bytes);
  const attributes = [...node.attributes.keys()].flatMap((name) => {
    const value = attributeOf(message, name, given);
    return value === undefined ? [] : [[name, readAttribute(value)[1]] as const];
  });
  return { ...node, attributes: new Map(attributes) };
}

function readAttribute(attribute: Message): [string, Attribute] {
  const graphs = [...attribute.children(ATTRIBUTE.g), ...attribute.children(ATTRIBUTE.graphs)];
  const captures = graphs.flatMap(namesUsed);
  const name = attribute.string(ATTRIBUTE.name);
  return [name, { raw: attribute.bytes, value: valueOfAttribute(attribute), captures }];
}

/** Fields that are left out have the default of their type; a graph's attributes are no references. */
function valueOfAttribute(attribute: Message): Attribute['value'] {
  switch (attribute.number(ATTRIBUTE.type)) {
    case ATTRIBUTE_TYPE.f:
      return attribute.number(ATTRIBUTE.f);
    case ATTRIBUTE_TYPE.i:
      return attribute.number(ATTRIBUTE.i);
    case ATTRIBUTE_TYPE.s:
      return text.decode(attribute.byteStrings(ATTRIBUTE.s)[0]);
    case ATTRIBUTE_TYPE.t: {
      const tensor = attribute.child(ATTRIBUTE.t);
      return tensor === undefined ? null : readTensor(tensor);
    }
    case ATTRIBUTE_TYPE.ints:
      return Array.from(attribute.numbers(ATTRIBUTE.ints));
    default:
      return null;
  }
}

/** Of a subgraph: the names that it reads, its own values among them. */
function namesUsed(graph: Message): string[] {
  const items = readItems(graph);
  return items.flatMap((item) => {
    if (item.kind === 'output') return [item.name];
    if (item.kind !== 'node') return [];
    return [...item.inputs, ...[...item.attributes.values()].flatMap((each) => each.captures)];
  });
}
