/**
 * Types of a judged training log: its final scores and what was found in it.
 */
import type { Family } from '../families.js';
import type { LogFacts } from '../log/facts.js';
import type { ScoreLine } from '../log/score-line.js';
import type { Claim } from './types.js';

/** How a final score was evaluated, and what says so. */
export interface WindowEvidence {
  readonly mode: 'standard' | 'sliding' | 'adaptive' | 'unknown';
  readonly by: 'bytes per token' | 'label' | 'line' | 'final_eval_mode' | 'same score' | 'none';
}

export interface FinalClaim {
  readonly line: ScoreLine;
  /** Null where the figures are not positive finite numbers. */
  readonly claim: Claim | null;
  /** Line with more digits of the same score, whose fingerprint speaks for this one. */
  readonly exactLine: number | null;
  readonly window: WindowEvidence;
  /** The run of the log that it belongs to, from 1: some files have several. */
  readonly run: number;
  /** Whether it is the one of its run that a mean over seeds would take. */
  readonly counted: boolean;
}

export interface LogClaim {
  readonly path: string;
  readonly facts: Readonly<LogFacts>;
  /** From the tokenizer's or the data's path, else from the target count; null if none shows it. */
  readonly family: Family | null;
  /** One per final line, in order; the last step line where the run printed no final. */
  readonly finals: readonly FinalClaim[];
  /** The score that the log leads to: the counted final of its last run. */
  readonly headline: FinalClaim;
  readonly findings: readonly LogFinding[];
}

/** One finding on a log, beyond the judgement of its single scores. */
export interface LogFinding {
  readonly check:
    | 'accounting'
    | 'not-a-number'
    | 'label-window'
    | 'label-codec'
    | 'two-denominators'
    | 'train-val-overlap'
    | 'size'
    | 'size-sum'
    | 'no-final'
    | 'bpb-alone'
    | 'several-runs'
    | 'later-final-worse';
  readonly severity: 'fail' | 'warn' | 'info';
  /** 1-based; null where the log as a whole is meant. */
  readonly line: number | null;
  readonly explanation: string;
  readonly remedy: string | null;
}
