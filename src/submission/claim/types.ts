/**
 * Types of a judged claim: what is claimed, what it fits, and the verdict.
 */
import type { Family } from '../families.js';
import type { Denominator } from './bytes-per-token.js';
import type { Interval, Printed } from './decimals.js';

/**
 * - `fits`: right accounting on the canonical set
 * - `partial`: right accounting on part of it
 * - `near`: within 0.1 % of right accounting, but further than rounding allows
 * - `other-set`: another validation set
 * - `mistake`: a known accounting mistake
 * - `ambiguous`: the digits allow a right and a wrong accounting, or the mistake is one of a tokenizer that
 *   nothing shows
 * - `unknown`: none of these
 */
export type ClaimVerdict =
  | 'fits'
  | 'partial'
  | 'near'
  | 'other-set'
  | 'mistake'
  | 'ambiguous'
  | 'unknown';

export interface ClaimInput {
  /** Mean nats per target; as text to keep the printed digits. */
  readonly valLoss: string | number;
  /** Bits per byte; as text to keep the printed digits. */
  readonly valBpb: string | number;
  /** Scored targets, where the claim states them (`val_tokens`, `tokens:` of the loader). */
  readonly tokens?: number | undefined;
  /** A family, or a tokenizer's name or path that speaks of one. */
  readonly family?: string | undefined;
}

/** A denominator or a mistake that the claim is consistent with. */
export interface Fit {
  /**
   * A known `set` or `mistake` whose expectation the claim meets; or what is only `possible`: a wide
   * expectation, of which no verdict is made.
   */
  readonly kind: 'set' | 'mistake' | 'possible';
  readonly name: string;
  /** Known set (`KNOWN_SETS`), or the id of the mistake or the possibility. */
  readonly id: string;
  readonly family: Family | null;
  readonly window: Denominator['window'];
  readonly role: 'right' | 'partial' | 'other-set' | 'mistake' | 'possible';
  /** Bytes per token that the explanation expects; null where the token count decided. */
  readonly expected: Interval | null;
  /** val_bpb that the claimed val_loss would have with the expected bytes per token. */
  readonly gives: Interval | null;
  /** Claimed bytes per token over expected, minus one; null where the token count decided. */
  readonly deviation: number | null;
  /** Half-width of the expectation, relative: a sharp fit says more than one in a wide band. */
  readonly tolerance: number;
  readonly explanation: string;
  readonly remedy: string | null;
  readonly source: string;
}

/** An explanation that the claim does not fit: what it would have given instead. */
export interface Alternative {
  readonly kind: 'set' | 'mistake' | 'possible';
  readonly name: string;
  readonly id: string;
  /** Bytes per token that it expects. */
  readonly expected: Interval;
  /** val_bpb that the claimed val_loss would have with them. */
  readonly gives: Interval;
  /** Claimed bytes per token over the nearest end of the expectation, minus one. */
  readonly deviation: number;
}

export interface Claim {
  readonly valLoss: Printed;
  readonly valBpb: Printed;
  readonly tokens: number | null;
  readonly family: Family | null;
  /** Every value that rounds to the printed digits. */
  readonly bytesPerToken: Interval;
  /** `bytesPerToken · tokens`; null without a token count. */
  readonly bytes: Interval | null;
  /** What it is consistent with: the sharpest expectation first, what is only possible last. */
  readonly fits: readonly Fit[];
  /** The nearest explanations that it does not fit. */
  readonly others: readonly Alternative[];
  /** The known right accounting that comes closest, fitting or not. */
  readonly nearest: { readonly name: string; readonly deviation: number } | null;
  readonly verdict: ClaimVerdict;
  /** One or two sentences: the verdict in words. */
  readonly explanation: string;
}
