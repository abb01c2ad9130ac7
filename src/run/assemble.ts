/**
 * Turns rows of the plan into a padded batch, and says which targets of which documents it scores.
 */
import type { TokenIds, TokenStream } from '../data/types.js';
import type { Batch } from '../engine/types.js';
import type { Row, WindowPlan } from '../windows/plan.js';
import { BatchMemory } from './batch-memory.js';

/** Runs of consecutive scored targets, each inside one row and one document. */
export interface ScoredRuns {
  readonly document: Uint32Array;
  /** Stream index of the run's first target. */
  readonly first: Uint32Array;
  readonly count: Uint32Array;
}

/** Any id is right for padding: nothing that follows a row's end is scored, and models are causal. */
const PADDING_ID = 0;

/** So many numbers are copied by a loop before a call of the runtime has begun. */
const SHORT = 128;

/**
 * Gathers `rows` (indexes into the plan) into one batch; its time is the longest row's length.
 * Segment `s` of the batch is run `s`.
 *
 * @param memory where the batch's arrays lie; it is free again when the batch has been scored
 */
export function assembleBatch(
  stream: TokenStream,
  plan: WindowPlan,
  rows: Uint32Array,
  memory = new BatchMemory(),
): { batch: Batch; runs: ScoredRuns } {
  const { ids: tokens, documentStarts } = stream;
  const layout: Row[] = [];
  let time = 0;
  let scoredCount = 0;
  for (const index of rows) {
    const row = plan.row(index);
    layout.push(row);
    time = Math.max(time, row.length);
    scoredCount += row.length - row.firstScored;
  }

  const ids = memory.ids(rows.length * time);
  const scored = memory.scored(scoredCount);
  const targets = memory.targets(scoredCount);
  let base = 0;
  let k = 0;
  let last: Row = { start: 0, length: 0, firstScored: 0 };
  for (const row of layout) {
    const { start, length, firstScored } = row;
    const end = start + length;
    const shared = sharedInputs(last, row);
    if (shared > 0) {
      const from = base - time + (start - last.start);
      ids.copyWithin(base, from, from + shared);
    }
    copyIds(ids, base + shared, tokens, start + shared, end);
    if (length < time) ids.fill(PADDING_ID, base + length, base + time);
    count(scored, k, base + firstScored, base + length);
    if (length - firstScored > SHORT) {
      // The row's own inputs, one place later, are of the same type: that is one move of memory.
      targets.set(ids.subarray(base + firstScored + 1, base + length), k);
      targets[k + length - firstScored - 1] = tokens[end]!;
    } else copyIds(targets, k, tokens, start + firstScored + 1, end + 1);
    k += length - firstScored;
    base += time;
    last = row;
  }
  const runs = scoredRuns(layout, documentStarts);
  const segmentEnds = endsOf(runs.count);
  return { batch: { rows: rows.length, time, ids, scored, targets, segmentEnds }, runs };
}

/** Inputs that a row begins with and the row before it ends with: in sliding windows most of them. */
function sharedInputs(before: Row, row: Row): number {
  if (row.start < before.start) return 0;
  return Math.max(0, Math.min(before.start + before.length - row.start, row.length));
}

/** Target i belongs to the document of t[i-1], so runs are cut where an input begins a document. */
function scoredRuns(layout: readonly Row[], documentStarts: Uint32Array): ScoredRuns {
  const documents: number[] = [];
  const firsts: number[] = [];
  const counts: number[] = [];
  let document = 0;
  for (const { start, length, firstScored } of layout) {
    const end = start + length;
    let at = start + firstScored;
    // Rows mostly follow each other, and with them their documents.
    const next = documentStarts[document + 1] ?? end;
    if (!(documentStarts[document]! <= at && at < next)) document = documentOf(documentStarts, at);
    while (at < end) {
      const until = Math.min(end, documentStarts[document + 1] ?? end);
      documents.push(document);
      firsts.push(at + 1);
      counts.push(until - at);
      at = until;
      if (at < end) document++;
    }
  }
  return {
    document: new Uint32Array(documents),
    first: new Uint32Array(firsts),
    count: new Uint32Array(counts),
  };
}

function endsOf(counts: Uint32Array): Uint32Array {
  const ends = new Uint32Array(counts.length);
  let end = 0;
  for (let s = 0; s < counts.length; s++) {
    end += counts[s]!;
    ends[s] = end;
  }
  return ends;
}

/** `to[at ..]` becomes `tokens[from .. end)`: a loop, as rows may be short and types differ. */
function copyIds(to: Int32Array, at: number, tokens: TokenIds, from: number, end: number): void {
  for (let i = from; i < end; i++) to[at++] = tokens[i]!;
}

/** `to[at ..]` becomes `from, from + 1, … end - 1`. */
function count(to: Uint32Array, at: number, from: number, end: number): void {
  for (let i = from; i < end; i++) to[at++] = i;
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
