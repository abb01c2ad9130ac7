/**
 * Sums of losses and of byte counts, kept by the stream position of the target that each term belongs to.
 */
import { PyObject } from './values.js';

/** What the terms of a sum are: nats of targets, or counts (bytes, tokens) that targets add. */
export type SumKind = 'loss' | 'count';

/**
 * `constant + Σ terms.get(p) · atom(p)` over stream positions p. The atom of a `loss` is the nats of target p, whose
 * value is not known; a `count` has atom 1, so its numeric value is `constant + Σ terms`.
 */
export class Sum extends PyObject {
  readonly typeName = 'Tensor';
  constructor(
    readonly kind: SumKind,
    readonly terms: ReadonlyMap<number, number>,
    readonly constant: number,
  ) {
    super();
  }
}

/** `numerator / denominator`; at least one of them is a sum with terms. */
export class Ratio extends PyObject {
  readonly typeName = 'Tensor';
  constructor(
    readonly numerator: Sum | number,
    readonly denominator: Sum | number,
  ) {
    super();
  }
}
