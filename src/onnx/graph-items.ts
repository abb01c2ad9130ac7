/**
 * Items of an editable graph: nodes, constants and ports, each with the slice of the file that it came from.
 *
 * Items are never changed in place.
 */
import type { Chunk } from '../protobuf/encode.js';
import type { Port } from './port.js';
import type { StoredTensor } from './stored-tensor.js';

export interface Attribute {
  /** The fields of its AttributeProto. */
  readonly raw: Chunk;
  /** Its value where that is a number, a text, a list of numbers or a tensor. */
  readonly value: number | string | readonly number[] | StoredTensor | null;
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
  /** The field of the graph that it came from; null for one that was made or changed here. */
  readonly raw: Chunk | null;
}

export interface Initializer extends StoredTensor {
  readonly kind: 'initializer';
  readonly raw: Chunk | null;
}

export interface PortItem extends Port {
  readonly kind: 'input' | 'output' | 'value';
  readonly raw: Chunk | null;
}

interface Other {
  readonly kind: 'other';
  readonly raw: Chunk;
}

export type Item = Node | Initializer | PortItem | Other;
