/**
 * Turns rows of the plan into a padded batch, and says which targets of which documents it scores.
 */
import type { TokenStream } from '../data/types.js';
import type { Batch } from '../engine/types.js';
import type { WindowPlan } from '../windows/plan.js';

/** Runs of consecutive scored targets, each inside one row and one document. */
export interface ScoredRuns {
  readonly document: Uint32Array;
  /** Stream index of the run's first target. */
  readonly first: Uint32Array;
  readonly count: Uint32Array;
}

/** Any id is right for padding: nothing that follows a row's end is scored, and models are causal. */
const PADDING_ID = 0;

/**
 * Gathers `rows` (indexes into the plan) into one batch; its time is the longest row's length.
 * Segment `s` of the batch is run `s`.
 */
export function assembleBatch(
  stream: TokenStream,
  plan: WindowPlan,
  rows: Uint32Array,
): { batch: Batch; runs: ScoredRuns } {
  const { ids: tokens, documentStarts } = stream;
  const layout = Array.from(rows, (index) => plan.row(index));
  const time = layout.reduce((longest, row) => Math.max(longest, row.length), 0);
  const scoredCount = layout.reduce((sum, row) => sum + row.length - row.firstScored, 0);

  const ids = new Int32Array(rows.length * time).fill(PADDING_ID);
  const scored = new Uint32Array(scoredCount);
  const targets = new Int32Array(scoredCount);
  const documents: number[] = [];
  const firsts: number[] = [];
  const counts: number[] = [];
  const ends: number[] = [];

  let k = 0;
  layout.forEach(({ start, length, firstScored }, r) => {
    const base = r * time;
    for (let j = 0; j < length; j++) ids[base + j] = tokens[start + j]!;
    for (let j = firstScored; j < length; j++, k++) {
      scored[k] = base + j;
      targets[k] = tokens[start + j + 1]!;
    }
    // Target i belongs to the document of t[i-1], so runs are cut where an input begins a document.
    let at = start + firstScored;
    const end = start + length;
    let document = documentOf(documentStarts, at);
    while (at < end) {
      const until = Math.min(end, documentStarts[document + 1] ?? end);
      documents.push(document);
      firsts.push(at + 1);
      counts.push(until - at);
      ends.push((ends.at(-1) ?? 0) + until - at);
      at = until;
      document++;
    }
  });
  return {
    batch: { rows: rows.length, time, ids, scored, targets, segmentEnds: Uint32Array.from(ends) },
    runs: {
      document: Uint32Array.from(documents),
      first: Uint32Array.from(firsts),
      count: Uint32Array.from(counts),
    },
  };
}

/** Index of the document that holds stream position `position`. */
export function documentOf(documentStarts: Uint32Array, position: number): number {
  let low = 0;
  let high = documentStarts.length - 1;
  while (low < high) {
    const mid = (low + high + 1) >>> 1;
    if (documentStarts[mid]! <= position) low = mid;
    else high = mid - 1;
  }
  return low;
}
