/**
 * Types of a judged table of claims.
 */
import type { ErrorCode } from '../../../errors.js';
import type { Claim } from '../types.js';

/** Why something was not judged, as in `bpb-error/1`. */
export interface Refusal {
  readonly code: ErrorCode;
  readonly message: string;
  readonly path: string | null;
  readonly expected: string | null;
  readonly actual: string | null;
  readonly hint: string | null;
}

/**
 * `fail` for a known mistake or another set; `not_judged` where nothing known explains the figures, or
 * where there are no two figures to judge.
 */
export type Judged = 'pass' | 'fail' | 'not_judged';

/** A row as it was read: texts, empty where the table has none. */
export interface TableRow {
  /** 1-based, of the file; null in a JSON document. */
  readonly line: number | null;
  readonly name: string;
  readonly valLoss: string;
  readonly valBpb: string;
  readonly tokens: string;
  readonly tokenizer: string;
  /** What is wrong with the row as a row. */
  readonly fault: string | null;
}

export interface RowClaim {
  /** 1-based, without the header. */
  readonly row: number;
  readonly line: number | null;
  readonly name: string;
  readonly valLoss: string;
  readonly valBpb: string;
  readonly verdict: Judged;
  /** Null where the row cannot be judged. */
  readonly claim: Claim | null;
  readonly error: Refusal | null;
}

export interface TableClaim {
  readonly path: string;
  readonly format: 'csv' | 'json' | 'jsonl' | 'markdown';
  readonly verdict: Judged;
  /** Rows by verdict. */
  readonly counts: { readonly pass: number; readonly fail: number; readonly not_judged: number };
  readonly rows: readonly RowClaim[];
}
