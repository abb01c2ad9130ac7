/**
 * Batches of a plan whose rows carry state: each row after the one whose state it reads.
 */
import type { BatchPlan } from './batches.js';
import type { WindowPlan } from './plan.js';

/** Steps of a single pass in one batch: enough to make the cost of a batch negligible. */
const STEPS_A_BATCH = 64;

/**
 * Documents side by side, longest first, as many as fit `batchTokens` inputs a step. A batch holds
 * all rows of its documents, step by step: the first rows of all, the second rows of those that have
 * one, and so on. As documents end, those that go on are the first of the step.
 *
 * @param time inputs a row, at most: context and chunk
 * @param fixedRows documents that the graphs fix, whatever `batchTokens` says
 */
export function planStatefulBatches(
  plan: WindowPlan,
  batchTokens: number,
  time: number,
  fixedRows: number | null,
): BatchPlan {
  const rowsOf = (s: number): number => plan.rowsOfSegment(s)[1] - plan.rowsOfSegment(s)[0];
  const segments = Uint32Array.from({ length: plan.segmentCount }, (_, s) => s)
    .filter((s) => rowsOf(s) > 0)
    .sort((a, b) => rowsOf(b) - rowsOf(a) || a - b);
  const documents = fixedRows ?? Math.max(1, Math.floor(batchTokens / time));
  const documentsOf = (index: number) =>
    segments.subarray(index * documents, (index + 1) * documents);
  return {
    count: Math.ceil(segments.length / documents),
    shape: [fixedRows ?? Math.min(documents, segments.length), time],
    rowIndexes(index) {
      const rows: number[] = [];
      const batch = documentsOf(index);
      for (let step = 0; batch.length > 0 && step < rowsOf(batch[0]!); step++) {
        for (const s of batch) {
          if (step >= rowsOf(s)) break;
          rows.push(plan.rowsOfSegment(s)[0] + step);
        }
      }
      return Uint32Array.from(rows);
    },
    cost: (index) => documentsOf(index).reduce((sum, s) => sum + rowsOf(s), 0) * time,
  };
}

/** The one pass from left to right of a state that never resets: batches of consecutive rows. */
export function planPass(plan: WindowPlan, time: number, fixedRows: number | null): BatchPlan {
  const size = (index: number) => Math.min(STEPS_A_BATCH, plan.rowCount - index * STEPS_A_BATCH);
  return {
    count: Math.ceil(plan.rowCount / STEPS_A_BATCH),
    shape: [fixedRows ?? 1, time],
    rowIndexes: (index) =>
      Uint32Array.from({ length: size(index) }, (_, i) => index * STEPS_A_BATCH + i),
    cost: (index) => size(index) * time,
  };
}
