/**
 * The verdict of one validity check: of a probe, or of a rule of the ledger.
 *
 * `warn`: an effect within the tolerance, where the same rows give the same nats to the last bit, so that
 * noise does not explain it. It fails nothing: rounding that later tokens reach explains it too.
 */
type Verdict = 'pass' | 'warn' | 'fail' | 'not_applicable';

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
  /** Why it failed, warns or could not be run, or what else is worth knowing. */
  note: string | null;
}

/** The names of the checks with a verdict, in their order. */
export function namesWith(verdict: Verdict, of: readonly Pick<ProbeVerdict, 'name' | 'verdict'>[]) {
  return of.flatMap((each) => (each.verdict === verdict ? [each.name] : []));
}
