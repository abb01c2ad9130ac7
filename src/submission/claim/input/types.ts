/**
 * Types of a report on inputs: what each came to, and the means over the logs of a folder.
 */
import type { Judged, Refusal } from '../table/types.js';

/** One entry for each file, in order; a folder is one for each file that is found in it. */
export interface InputAnswer {
  readonly path: string;
  /** Null where it could not be read. */
  readonly kind: 'log' | 'summary' | 'table' | null;
  /** `skipped`: found by the search of a folder, and without any score. */
  readonly verdict: Judged | 'skipped';
  /** The input before it with the same content, which counts in its place; null for none. */
  readonly sameAs: string | null;
  readonly error: Refusal | null;
}

/** The mean over the final scores of one evaluation in the logs of a folder, each log once. */
export interface LogMean {
  readonly folder: string;
  /** The label of the score lines. */
  readonly label: string;
  readonly logs: readonly string[];
  readonly scores: number;
  /** Scores left out: with the figures of one before them. */
  readonly repeated: number;
  readonly valLoss: { readonly mean: number; readonly deviation: number | null };
  readonly valBpb: { readonly mean: number; readonly deviation: number | null };
}
