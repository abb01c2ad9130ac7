/**
 * Reads the items of a graph: each keeps the slice of the file that it came from.
 */

import type { Chunk } from '../protobuf/encode.js';
import { WIRE, type WireReader } from '../protobuf/wire.js';
import { type Attribute, FIELD, type Item, type Node, type Port } from './graph-items.js';
import { readTensor } from './tensor.js';

export class GraphParser {
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

export function readOpset(reader: WireReader): { domain: string; version: number } {
  let domain = '';
  let version = 0;
  while (reader.next()) {
    if (reader.field === 1) domain = reader.string();
    else if (reader.field === 2) version = reader.integer();
    else reader.skip();
  }
  return { domain: domain === 'ai.onnx' ? '' : domain, version };
}
