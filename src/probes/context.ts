/**
 * Interface of a probe, and the context that every probe gets.
 */
import type { TokenStream } from '../data/types.js';
import type { Tokenizer } from '../tokenizer/types.js';
import type { ProbeVerdict } from '../verdict.js';
import type { WindowOptions } from '../windows/options.js';
import type { Differences } from './differences.js';
import type { Subject } from './subject.js';
import { Tokens } from './tokens.js';

/** How much is done: rows and changes a probe. */
interface Effort {
  /** Rows whose later tokens are changed. */
  readonly rows: number;
  /** Changed places in each of them. */
  readonly changes: number;
  /** Rows as long as documents, of artifacts that carry state. */
  readonly longRows: number;
  /** Length of the row in which every place is changed once. */
  readonly sweep: number;
  /** Inputs of those rows with all their changes, at most; but of two rows in any case. */
  readonly tokens: number;
  /** Ids of the vocabulary that are read and predicted, drawn at random. */
  readonly ids: number;
  /** Rows of the other probes. */
  readonly samples: number;
}

export const FAST: Effort = {
  rows: 6,
  changes: 8,
  longRows: 1,
  sweep: 64,
  tokens: 40_000,
  ids: 16_384,
  samples: 4,
};
export const THOROUGH: Effort = {
  rows: 24,
  changes: 24,
  longRows: 4,
  sweep: 256,
  tokens: 400_000,
  ids: Number.POSITIVE_INFINITY,
  samples: 12,
};

export interface ProbeContext {
  readonly subject: Subject;
  readonly tokenizer: Tokenizer;
  /** The validation stream; null where there is none. */
  readonly stream: TokenStream | null;
  readonly window: WindowOptions;
  /** Logits a position; null where it could not be found out. */
  readonly width: number | null;
  readonly effort: Effort;
  readonly seed: number;
  /** Between two runs of the same rows on the same places. */
  readonly noise: Differences;
}

export interface Probe {
  readonly name: string;
  readonly what: string;
  run(context: ProbeContext): Promise<Outcome>;
}

export type Outcome = Omit<ProbeVerdict, 'name' | 'what'>;

export function tokensFor(
  { tokenizer, stream, width, seed, window }: Omit<ProbeContext, 'noise'>,
  name: string,
): Tokens {
  // A stream with ids that the logits do not have cannot be scored: the vocabulary probe says so.
  const usable = width !== null && width < tokenizer.pieces.length ? null : stream;
  return new Tokens(tokenizer, usable, width, seed, name, window.mode);
}

export function notApplicable(note: string): Outcome {
  return { effect: null, unit: null, tolerance: null, verdict: 'not_applicable', note };
}

/** Rises from 1 to `most`: short rows, powers of two and their neighbours, and the longest. */
export function lengths(most: number): number[] {
  const wanted = [1, 2, 3, 5, 8, 16, 17, 63, 64, 128, most - 1, most];
  return [...new Set(wanted.filter((length) => length >= 1 && length <= most))].sort(
    (a, b) => a - b,
  );
}
