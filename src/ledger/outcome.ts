/**
 * What the run of a ledger came to, which its order and its sums do not show.
 */
import type { ProbeVerdict } from '../verdict.js';
import type { CheckedLedger } from './check.js';
import type { LedgerResult } from './format.js';

/** `none`: the run named itself, and ended before it gave a result. */
export type RunOutcome = LedgerResult['result'] | 'none';

type Stated = Pick<CheckedLedger, 'header' | 'result'>;

/** Null where the header names no run: such a ledger does not say whether there was a result. */
export function outcomeOf({ header, result }: Stated): RunOutcome | null {
  if (header.run === undefined) return null;
  return result?.result ?? 'none';
}

/** Why there is less of a run than its ledger looks like; null where there is a result with a headline. */
export function outcomeText(outcome: RunOutcome | null): string | null {
  if (outcome === 'withheld') return 'its run gave a result whose headline is withheld';
  return outcome === 'none' ? 'its run gave no result' : null;
}

/** What withheld a result and what ended a run before it, the ledger does not know. */
export function resultVerdict(checked: Stated): ProbeVerdict {
  const outcome = outcomeOf(checked);
  const unsaid = 'the header names no run, so that it does not say whether there was a result';
  const verdict = outcome === 'scored' ? 'pass' : outcome === null ? 'not_applicable' : 'warn';
  return {
    name: 'ledger-result',
    what: 'the run gave a result with a headline',
    effect: null,
    unit: null,
    tolerance: null,
    verdict,
    note: outcome === null ? unsaid : outcomeText(outcome),
  };
}
