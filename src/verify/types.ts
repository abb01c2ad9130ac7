/**
 * The report `bpb-verify/1`: what was checked of a result, and the verdict that the checks give.
 */
import type { ScoreResult } from '../score/result.js';

export interface VerifyCheck {
  /** Stable: programs may ask for it. */
  readonly name: string;
  /** What holds where it passes, in one clause. */
  readonly what: string;
  readonly verdict: 'pass' | 'fail' | 'not_checked';
  /** Where it fails: what was expected, and what was found instead. */
  readonly expected: string | null;
  readonly found: string | null;
  /** Why it was not checked, or on what a pass rests; where it fails, the way out. */
  readonly note: string | null;
}

/** Rows that were scored again, and how far their nats are from the result's own. */
export interface RowsAgain {
  /** What was drawn: `rows` where the nats of each target are known, else `documents`. */
  readonly unit: 'rows' | 'documents';
  readonly drawn: number;
  /** How many there are to draw from. */
  readonly of: number;
  /** Rows that were scored for them, those that they build on included. */
  readonly scored: number;
  readonly targets: number;
  readonly seed: number;
  /** Differences in nats a target, result minus reference: mean, mean size, largest of a unit. */
  readonly mean_nats: number | null;
  readonly mean_abs_nats: number | null;
  readonly worst_abs_nats: number | null;
  /** Of the mean size over all targets, and over those of one unit. */
  readonly tolerance_nats: number;
  readonly unit_tolerance_nats: number;
  /** With 99 % confidence at most this share of all units is beyond the tolerance of a unit. */
  readonly differ_at_most: number | null;
}

export interface VerifyReport {
  readonly schema: 'bpb-verify/1';
  /**
   * `confirmed`: every check passed that could be made, and rows of the artifact that were scored again
   * agree. `claimed`: nothing contradicts the result, and nothing was scored again. `failed`: a check fails.
   */
  readonly verdict: 'confirmed' | 'claimed' | 'failed';
  /** What the verdict rests on, in one sentence. */
  readonly why: string;
  readonly result: {
    readonly file: string;
    readonly sha256: string;
    readonly status: ScoreResult['status'];
    readonly evidence: ScoreResult['score']['evidence'];
    readonly val_bpb: number | null;
    readonly val_loss: number | null;
    readonly partial: boolean;
    readonly part: readonly [number, number] | null;
    readonly artifact: { readonly name: string; readonly sha256: string } | null;
    /** Of the run's own verification; null for a claimed score. */
    readonly verification: ScoreResult['verification']['verdict'] | null;
    readonly harness: string;
  };
  readonly checks: readonly VerifyCheck[];
  /** Null where nothing was scored again. */
  readonly rows: RowsAgain | null;
  readonly time: { readonly total_s: number };
  readonly run: {
    readonly harness: string;
    readonly commit: string | null;
    readonly command: string;
    readonly date: string;
  };
}
