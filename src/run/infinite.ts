/**
 * Targets to which a model gave probability zero: how many, where the first is, and in which runs.
 */
import type { ScoredRuns } from './assemble.js';

/** An infinite target: the model gave probability zero to what came. */
export interface InfiniteTargets {
  readonly count: number;
  /** Lowest stream index among them; -1 when there is none. */
  readonly first: number;
}

export function infiniteTargets(
  nats: Float32Array,
  runs: ScoredRuns,
): { infinite: InfiniteTargets; infiniteRuns: Uint32Array | null } {
  // Nearly always there is none, which a search by the runtime finds out fastest.
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
