/**
 * What a graph is made of. Items are never changed in place.
 */
import type { Chunk } from '../protobuf/encode.js';
import type { Tensor, TensorHead } from './tensor.js';

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

export interface Other {
  readonly kind: 'other';
  readonly raw: Chunk;
}

export type Item = Node | Initializer | Port | Other;

/** Field numbers of a GraphProto. */
export const FIELD = { node: 1, initializer: 5, input: 11, output: 12, value: 13 } as const;
