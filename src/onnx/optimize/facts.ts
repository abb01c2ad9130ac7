/**
 * Static facts about values: what is known of them before anything runs, and how rules look it up.
 */
import type { Node } from '../graph.js';
import type { Tensor } from '../tensor.js';

/** A dimension; null where only a run shows it. */
export type KnownDim = number | null;

export interface Fact {
  /** ONNX element type; 0 when unknown. */
  readonly type: number;
  readonly dims: readonly KnownDim[] | null;
  /** The elements of a vector of integers that holds a shape, as far as they are known. */
  readonly shape: readonly KnownDim[] | null;
  /** Of an open axis: how many of its places belong to one row of the batch. */
  readonly perRow: number;
  readonly constant: (() => Tensor | null) | null;
}

export const UNKNOWN: Fact = { type: 0, dims: null, shape: null, perRow: 1, constant: null };

/** What a rule of inference may ask about the graph. */
export interface Lookup {
  fact(name: string): Fact;
  constant(name: string): Tensor | null;
  /** An attribute that is a number; undefined where it is not given. */
  number(node: Node, name: string): number | undefined;
  /** An attribute that is a list of numbers. */
  list(node: Node, name: string): readonly number[] | undefined;
}
