/**
 * The verdict of one validity check: of a probe, or of a rule of the ledger.
 */
type Verdict = 'pass' | 'fail' | 'not_applicable';

export interface ProbeVerdict {
  /** Which check: `causality`, `batch`, `graph`, `ledger-order`, … */
  name: string;
  /** What was done, in one sentence. */
  what: string;
  /** The largest effect that was found, in `unit`; null where nothing was measured. */
  effect: number | null;
  /** `nats`, `tokens`, …; null where nothing was measured. */
  unit: string | null;
  /** The largest effect that passes; null where the verdict depends on no number. */
  tolerance: number | null;
  verdict: Verdict;
  /** Why it failed or could not be run, or what else is worth knowing. */
  note: string | null;
}
