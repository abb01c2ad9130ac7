/**
 * Events of a ledger, as plain data that crosses worker boundaries.
 */

/** `count` targets from target `first`, `1 <= first`. */
export type TargetRange = readonly [first: number, count: number];

/** Targets of one document were scored. */
export interface ScoreEvent {
  readonly kind: 'score';
  readonly first: number;
  readonly count: number;
  readonly document: number;
  /** Sum of their nats in steps of 2^-30; infinite ones count nothing in it. */
  readonly q30: bigint;
  /** How many had probability zero. */
  readonly infinite: number;
}

/** State was adapted to targets that had been scored. */
export interface AdaptEvent {
  readonly kind: 'adapt';
  readonly ranges: readonly TargetRange[];
  /** Whose state it was; null for state that all documents share. */
  readonly document: number | null;
}

/** In the order in which they happened; survives structured cloning. */
export type LedgerEvent = ScoreEvent | AdaptEvent;
