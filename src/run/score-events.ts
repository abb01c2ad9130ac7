/**
 * What a ledger records of scored runs.
 */
import type { ScoreEvent } from '../ledger/events.js';
import type { ScoredRuns } from './assemble.js';

/**
 * @param totals Q30 sum of each run
 * @param infiniteRuns how many targets of each run are infinite; left out where none is
 */
export function scoreEvents(
  { document, first, count }: ScoredRuns,
  totals: BigInt64Array,
  infiniteRuns?: Uint32Array | null,
): ScoreEvent[] {
  return Array.from(count, (targets, r) => ({
    kind: 'score',
    first: first[r]!,
    count: targets,
    document: document[r]!,
    q30: totals[r]!,
    infinite: infiniteRuns?.[r] ?? 0,
  }));
}
