/**
 * Types of a judged summary: the scores that a submission.json states, of each seed and as a mean.
 */
import type { Family } from '../../families.js';
import type { Judged, Refusal } from '../table/types.js';
import type { Claim } from '../types.js';

/** A score as a summary states it; a figure is empty where it states none. */
export interface StatedScore {
  /** `score` for the summary's own, `seed 42`, or what its keys say besides the figures. */
  readonly name: string;
  /** The seed whose score it is; null where none is said. */
  readonly seed: string | null;
  readonly valLoss: string;
  readonly valBpb: string;
}

/** What was read of a summary. */
export interface Summary {
  /** The score that the summary claims; null where it states those of seeds alone. */
  readonly headline: StatedScore | null;
  readonly seeds: readonly StatedScore[];
  /** Other pairs that it states, such as those before quantization. */
  readonly others: readonly StatedScore[];
  readonly statedDeviation: { readonly valLoss: string; readonly valBpb: string };
  readonly tokens: number | undefined;
  readonly tokenizer: string | undefined;
}

export interface SummaryScore extends StatedScore {
  readonly role: 'headline' | 'seed' | 'other';
  readonly claim: Claim | null;
  readonly error: Refusal | null;
  /** The line of a log beside it that prints the same val_bpb; null where none does. */
  readonly log: { readonly path: string; readonly line: number } | null;
}

/** The mean over seeds, computed again. */
export interface SeedMean {
  readonly figure: 'val_loss' | 'val_bpb';
  readonly seeds: number;
  readonly mean: number;
  /** Sample standard deviation (n − 1); null for one seed. */
  readonly deviation: number | null;
  /** As stated; null where the summary does not say. */
  readonly statedMean: string | null;
  readonly statedDeviation: string | null;
}

export interface SummaryFinding {
  readonly check: 'accounting' | 'mean' | 'deviation' | 'best-seed' | 'log' | 'same-seed';
  readonly severity: 'fail' | 'warn' | 'info';
  readonly explanation: string;
  readonly remedy: string | null;
}

export interface SummaryClaim {
  readonly path: string;
  readonly family: Family | null;
  readonly verdict: Judged;
  /** The verdict in one sentence. */
  readonly explanation: string;
  readonly scores: readonly SummaryScore[];
  readonly means: readonly SeedMean[];
  readonly findings: readonly SummaryFinding[];
}
