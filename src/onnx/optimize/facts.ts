/**
 * Static facts about values: what is known of them before anything runs, and how rules look it up.
 */
import { TYPE } from '../element-types.js';
import type { Node } from '../graph.js';
import type { StoredTensor } from '../stored-tensor.js';
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

/** Integers of a constant that may be a shape, at most. */
const MAX_SHAPE = 16;

/** What is known of a constant of the file. */
export function constantFact({ type, dims, decode }: StoredTensor): Fact {
  const small = type === TYPE.int64 && dims.length <= 1 && (dims[0] ?? 1) <= MAX_SHAPE;
  const shape = small ? (decode()?.integers() ?? null) : null;
  return { ...UNKNOWN, type, dims, shape, constant: decode };
}

/** What a rule of inference may ask about the graph. */
export interface Lookup {
  fact(name: string): Fact;
  constant(name: string): Tensor | null;
  /** An attribute that is a number; undefined where it is not given. */
  number(node: Node, name: string): number | undefined;
  /** An attribute that is a list of numbers. */
  list(node: Node, name: string): readonly number[] | undefined;
}
