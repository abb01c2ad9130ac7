/**
 * What is known of a value before anything runs.
 */
import type { Tensor } from '../tensor.js';

/** A dimension; null where only a run can tell. */
export type Dim = number | null;

/** What is known of a value before anything runs. */
export interface Fact {
  /** ONNX element type; 0 when unknown. */
  readonly type: number;
  readonly dims: readonly Dim[] | null;
  /** The elements of a vector of integers that holds a shape, as far as they are known. */
  readonly shape: readonly Dim[] | null;
  /** Of an open axis: how many of its places belong to one row of the batch. */
  readonly perRow: number;
  readonly constant: (() => Tensor | null) | null;
}

export const UNKNOWN: Fact = { type: 0, dims: null, shape: null, perRow: 1, constant: null };
