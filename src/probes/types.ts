/**
 * Verdict of a probe: one check, its largest effect and the tolerance.
 */

export type Verdict = 'pass' | 'fail' | 'not_applicable';

export interface ProbeVerdict {
  /** Which probe: `causality`, `batch`, `graph`, … */
  name: string;
  /** What was done, in one sentence. */
  what: string;
  /** The largest effect that was found, in `unit`; null where nothing was measured. */
  effect: number | null;
  /** `nats`, `tokens`, …; null where nothing was measured. */
  unit: string | null;
  /** The largest effect that is still let pass; null where the verdict hangs on no number. */
  tolerance: number | null;
  verdict: Verdict;
  /** Why it failed or could not be run, or what else is worth knowing. */
  note: string | null;
}
