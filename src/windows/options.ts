/**
 * Options of a window plan, and their check.
 */
import { type BpbError, usageError } from '../errors.js';

export const WINDOW_MODES = ['chunk', 'sliding', 'document'] as const;
export type WindowMode = (typeof WINDOW_MODES)[number];

/** The historical evaluator whose short tail rows score the last `stride` targets again. */
export const SLIDING_2026_03_19 = 'sliding-2026-03-19';

/** Why targets were left out: the plan's tail, another part's batches, a claim's own ledger. */
export type SkipReason = 'tail' | 'part' | 'ledger';

export interface WindowOptions {
  readonly mode: WindowMode;
  /** Input tokens a row, at most. */
  readonly seqLen: number;
  /** Targets a row scores after a segment's first row; null scores whole rows. */
  readonly stride: number | null;
  /** `drop` leaves `(n-1) mod seqLen` targets unscored, as the challenge's evaluator does. */
  readonly tail: 'drop' | 'score';
  readonly compat: typeof SLIDING_2026_03_19 | null;
}

/** The windows with rows of at most `most` inputs. */
export function shortenRows(options: WindowOptions, most: number): WindowOptions {
  const seqLen = Math.min(options.seqLen, most);
  const stride = options.stride === null ? null : Math.min(options.stride, seqLen);
  return { ...options, seqLen, stride };
}

/** Refuses options that contradict each other; the error names the flag. */
export function checkWindowOptions(options: WindowOptions): void {
  const { mode, seqLen, stride, compat } = options;
  if (!WINDOW_MODES.includes(mode)) {
    throw usageError('BPB_USAGE_WINDOW', {
      message: '--window is not a way to cut the stream',
      path: '--window',
      expected: WINDOW_MODES.join(', '),
      actual: String(mode),
    });
  }
  requirePositive('--seq-len', seqLen);
  if (mode === 'chunk' && stride !== null) {
    throw usageError('BPB_USAGE_STRIDE', {
      message: '--stride has no meaning with --window chunk',
      path: '--stride',
      expected: 'no stride, or --window sliding or document',
      actual: String(stride),
    });
  }
  if (mode === 'sliding' && stride === null) {
    throw usageError('BPB_USAGE_STRIDE', {
      message: '--window sliding needs a stride',
      path: '--stride',
      expected: `an integer from 1 to ${seqLen} (the challenge used 64)`,
      actual: 'none',
    });
  }
  if (stride !== null) {
    requirePositive('--stride', stride);
    if (stride > seqLen) {
      throw usageError('BPB_USAGE_STRIDE', {
        message: 'a stride beyond the row would leave targets out',
        path: '--stride',
        expected: `at most --seq-len, ${seqLen}`,
        actual: String(stride),
      });
    }
  }
  if (compat !== null && (mode !== 'sliding' || options.tail === 'score')) {
    throw usageError('BPB_USAGE_COMPAT', {
      message: `--compat ${compat} reproduces a sliding evaluator that drops the tail`,
      path: '--compat',
      expected: '--window sliding --tail drop',
      actual: `--window ${mode} --tail ${options.tail}`,
    });
  }
}

/** The way out where the tokenizer is not known that could name an id. */
export const NO_START_HINT =
  'add --document-start ID where an id stands before each document, or take --window chunk or sliding';

/** Document windows where nothing stands before a document: its first token would have no input. */
export function noDocumentWindows(hint: string): BpbError {
  return usageError('BPB_USAGE_DOCUMENT_WINDOWS', {
    message: 'document windows begin at the id before each document, and there is none',
    path: '--window',
    expected: '--document-start ID beside it, or --window chunk or sliding',
    actual: '--window document without an id that begins a document',
    hint,
  });
}

function requirePositive(flag: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw usageError('BPB_USAGE_INTEGER', {
    message: `${flag} must be a positive integer`,
    path: flag,
    expected: 'an integer from 1',
    actual: String(value),
  });
}
