/**
 * Assembly of batches of plan rows, and the step that scores one on an engine.
 *
 * The only place that builds a batch: scores, stateful or not, their verification and the probes all
 * call it.
 */
import { documentOf, ownerOffset } from '../data/document-starts.js';
import type { TokenIds, TokenStream } from '../data/types.js';
import type { Batch, BatchScore } from '../engine/types.js';
import type { Row, WindowPlan } from '../windows/plan.js';
import { BatchMemory } from './batch-memory.js';
import { locateError } from './locate-error.js';
import { type InfiniteCounts, infiniteTargets, type ScoredSpans } from './scored-spans.js';

/** What rows are looked up in: a window plan, or any other list of rows. */
export type RowSource = Pick<WindowPlan, 'row'>;

/** The score of a batch of plan rows, with everything that is derived from its nats. */
export interface ScoredRows extends BatchScore, InfiniteCounts {
  readonly spans: ScoredSpans;
}

/** Any id serves as padding: nothing that follows a row's end is scored, and models are causal. */
const PADDING_ID = 0;

/** Up to this length a copying loop is faster than a call into the runtime. */
const SHORT = 128;

/**
 * Gathers `rows` (indexes into the plan) into one batch; its time is the longest row's length.
 * Span `s` ends at target `spanEnds[s]` of the batch.
 *
 * @param memory holds the arrays of the batch; it may be used again once the batch is scored
 */
export function assembleBatch(
  stream: TokenStream,
  plan: RowSource,
  rows: Uint32Array,
  memory = new BatchMemory(),
): { batch: Batch; spans: ScoredSpans } {
  const { ids: tokens } = stream;
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
  const spans = scoredSpans(layout, stream);
  const spanEnds = endsOf(spans.count);
  return { batch: { rows: rows.length, time, ids, scored, targets, spanEnds }, spans };
}

/**
 * Assembles `rows` and scores them as one batch.
 *
 * @param score the engine, with the state that the rows read where they carry one
 * @throws what the engine throws; BPB_NAN_LOGITS also names the stream position
 */
export async function scoreRows(
  stream: TokenStream,
  plan: RowSource,
  rows: Uint32Array,
  score: (batch: Batch) => Promise<BatchScore>,
  memory?: BatchMemory,
): Promise<{ batch: Batch; scored: ScoredRows }> {
  const { batch, spans } = assembleBatch(stream, plan, rows, memory);
  try {
    const scores = await score(batch);
    return { batch, scored: { ...scores, spans, ...infiniteTargets(scores.nats, spans) } };
  } catch (error) {
    throw locateError(error, rows, plan, stream);
  }
}

/** Inputs that a row begins with and the row before it ends with: in sliding windows most of them. */
function sharedInputs(before: Row, row: Row): number {
  if (row.start < before.start) return 0;
  return Math.max(0, Math.min(before.start + before.length - row.start, row.length));
}

/**
 * Spans are cut where an input begins a document, as target i belongs to the document of t[i-1]; in a
 * stream without a start id one input earlier, as it belongs to that of t[i].
 */
function scoredSpans(layout: readonly Row[], stream: TokenStream): ScoredSpans {
  const { documentStarts } = stream;
  const offset = ownerOffset(stream);
  const documents: number[] = [];
  const firsts: number[] = [];
  const counts: number[] = [];
  let document = 0;
  for (const { start, length, firstScored } of layout) {
    const end = start + length;
    let at = start + firstScored;
    // Rows mostly follow each other, and so do their documents.
    const beginning = (k: number) => (documentStarts[k] ?? end + offset) - offset;
    if (!(beginning(document) <= at && at < beginning(document + 1))) {
      document = documentOf(documentStarts, at + offset);
    }
    while (at < end) {
      const until = Math.min(end, beginning(document + 1));
      documents.push(document);
      firsts.push(at + 1);
      counts.push(until - at);
      at = until;
      // Empty documents begin where the next one does, and have no target.
      if (at < end) while (beginning(++document + 1) <= at);
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
