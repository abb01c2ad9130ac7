/**
 * Scored spans of a batch, with what is derived from them once: infinite targets and ledger events.
 */
import type { ScoreEvent } from '../ledger/events.js';

/** Runs of consecutive scored targets, each inside one row and one document. */
export interface ScoredRuns {
  readonly document: Uint32Array;
  /** Stream index of the run's first target. */
  readonly first: Uint32Array;
  readonly count: Uint32Array;
}

/** Targets to which the model gave probability zero. */
export interface InfiniteTargets {
  readonly count: number;
  /** Lowest stream index among them; -1 when there is none. */
  readonly first: number;
}

/** Infinite targets of a batch, in all and by run. */
export interface InfiniteCounts {
  readonly infinite: InfiniteTargets;
  /** How many targets of each run are infinite; null where none is. */
  readonly infiniteRuns: Uint32Array | null;
}

/** @param nats of every scored target, in the order of the runs */
export function infiniteTargets(nats: Float32Array, runs: ScoredRuns): InfiniteCounts {
  // Nearly always there is none, and the runtime's own search is the fastest way to know.
  if (!nats.includes(Number.POSITIVE_INFINITY)) {
    return { infinite: { count: 0, first: -1 }, infiniteRuns: null };
  }
  let count = 0;
  let first = -1;
  let infiniteRuns: Uint32Array | null = null;
  let k = 0;
  for (let r = 0; r < runs.count.length; r++) {
    for (let j = 0; j < runs.count[r]!; j++, k++) {
      if (nats[k] !== Number.POSITIVE_INFINITY) continue;
      count++;
      infiniteRuns ??= new Uint32Array(runs.count.length);
      infiniteRuns[r]!++;
      const index = runs.first[r]! + j;
      if (first < 0 || index < first) first = index;
    }
  }
  return { infinite: { count, first }, infiniteRuns };
}

/**
 * One ledger event a run.
 *
 * @param totals Q30 sum of each run
 * @param infiniteRuns infinite targets of each run; null where none is
 */
export function scoreEvents(
  { document, first, count }: ScoredRuns,
  totals: BigInt64Array,
  infiniteRuns: Uint32Array | null,
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
