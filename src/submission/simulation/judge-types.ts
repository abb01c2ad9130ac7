/**
 * What the judgement of runs works on: evaluations of a script, and how each run of one reads.
 */
import type { Addition, Stop } from '../python/values.js';
import type { Words } from '../source/report.js';
import type { Score, Trial } from './types.js';

/** A finding of the judgement, at a line of the script. */
export interface Judged extends Words {
  readonly at: Stop;
  readonly severity: 'fail' | 'warn';
}

/** One run of an evaluation, with its sums taken apart. */
export interface Reading {
  readonly trial: Trial;
  readonly score: Score;
  /** Targets are the stream positions 1 to `last`. */
  readonly last: number;
  /** Right bytes by stream position: the sidecar's where the set has one. */
  readonly right: readonly number[];
  /** Weight of each target's loss, relative to the smallest; targets without a loss are not in it. */
  readonly weights: ReadonlyMap<number, number>;
  /** `equal`: one weight · `whole`: multiples of the smallest · `fractions`: anything else. */
  readonly spread: 'equal' | 'whole' | 'fractions';
  /** Weights that are whole multiples are still those of means over batches of unequal length. */
  readonly areMeans: boolean;
  /** Bytes that the run counted by stream position; null where it divided by no byte count. */
  readonly bytes: ReadonlyMap<number, number> | null;
  /** Bytes are counted as often as the loss is weighted. */
  readonly bytesFollow: boolean;
  /** The counted bytes are entries of the sidecar, not of a table. */
  readonly fromSidecar: boolean;
  /** Only how many bytes were counted in all was seen: those of the rule, of the documents' text, or its characters. */
  readonly inAll: 'rule' | 'text' | 'characters' | null;
  /** The quotient is a mean of scores, each with its own bytes. */
  readonly ofScores: boolean;
  /** Scores of the same targets that are in such a mean. */
  readonly scores: number;
  /** Losses of targets that are not of the stream, such as padding, by the weight of one. */
  readonly padding: number;
  /** The narrowest type in which losses or bytes were added up one after another; null for float64. */
  readonly running: string | null;
  /** What was added to some of the losses, so that they are not nats alone. */
  readonly additions: readonly Addition[];
  /** Losses of entries of the sidecar, which were read as tokens. */
  readonly sidecarLosses: number;
  /** Bits per byte that the quotient gives for one bit per byte: 1, ln 2 for nats; null where it cannot be told. */
  readonly factor: number | null;
}

/** The same quotient in all runs. */
export interface Evaluation {
  readonly at: Stop;
  readonly kind: Score['kind'];
  /** The function that made it. */
  readonly name: string;
  /** With one rank, by length of the stream; then with more. */
  readonly readings: readonly Reading[];
  /** A result of the run, not a running figure. */
  readonly final: boolean;
  /** The run printed it as bits per byte. */
  readonly printed: boolean;
  /** Unequal weights come from means of means, not from repeats. */
  readonly grouped: boolean;
}

/** `12,345` */
export const count = (value: number): string => value.toLocaleString('en-US');
