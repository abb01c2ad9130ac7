/**
 * Batches of a plan: which rows run together, the same for every run with the same batch shape.
 */
import { type FixedAxes, OPEN_AXES } from '../fixed-axes.js';
import type { WindowPlan } from './plan.js';

export interface BatchPlan {
  readonly count: number;
  /** Row indexes of the plan in batch `index`. */
  rowIndexes(index: number): Uint32Array;
  /** Input tokens of batch `index` with its padding: its cost. */
  cost(index: number): number;
  /** Rows and input tokens a row of the largest batch, with its padding. */
  readonly shape: readonly [rows: number, time: number];
}

/**
 * Groups rows into batches of at most `batchTokens` padded input tokens, at least one row each.
 *
 * Rows of document windows differ in length: they run longest first, so that rows of one length
 * share a batch and the largest batch, the one that could exhaust memory, comes first.
 *
 * @param fixed every batch is run in the shape of the first, as on a GPU: then short rows cost as much
 * as long ones, no batch holds more of them, and all batches cost the same
 * @param axes of the graph: a batch has as many rows as it fixes, whatever `batchTokens` says, and
 * rows cost the time that they are padded to
 */
export function planBatches(
  plan: WindowPlan,
  batchTokens: number,
  fixed = false,
  { fixedRows, fixedTime }: FixedAxes = OPEN_AXES,
): BatchPlan {
  const order = plan.options.mode === 'document' ? byLengthDescending(plan) : null;
  const rowAt = (i: number): number => (order === null ? i : order[i]!);
  const ends: number[] = [];
  let at = 0;
  let largest: readonly [number, number] = [0, 0];
  while (at < plan.rowCount) {
    // Longest first within a batch too: chunk and sliding rows only shorten at the very end.
    const time = fixedTime ?? plan.row(rowAt(at)).length;
    const fitting = fixed && at > 0 ? largest[0] : Math.max(1, Math.floor(batchTokens / time));
    const rows = Math.min(fixedRows ?? fitting, plan.rowCount - at);
    const run = fixedRows ?? rows;
    if (run * time > largest[0] * largest[1]) largest = [run, time];
    at += rows;
    ends.push(at);
  }
  const start = (index: number): number => (index === 0 ? 0 : ends[index - 1]!);
  return {
    count: ends.length,
    shape: largest,
    rowIndexes(index) {
      const from = start(index);
      if (order !== null) return order.slice(from, ends[index]);
      const rows = new Uint32Array(ends[index]! - from);
      for (let i = 0; i < rows.length; i++) rows[i] = from + i;
      return rows;
    },
    cost: (index) =>
      fixed
        ? largest[0] * largest[1]
        : (fixedRows ?? ends[index]! - start(index)) *
          (fixedTime ?? plan.row(rowAt(start(index))).length),
  };
}

/** Input tokens of the longest row; 1 where there is none. */
export function longestRow(plan: WindowPlan, batches: BatchPlan): number {
  // Rows run longest first, or are all as long as the first one.
  return batches.count === 0 ? 1 : plan.row(batches.rowIndexes(0)[0]!).length;
}

function byLengthDescending(plan: WindowPlan): Uint32Array {
  const lengths = Uint32Array.from({ length: plan.rowCount }, (_, i) => plan.row(i).length);
  const order = Uint32Array.from(lengths, (_, i) => i);
  return order.sort((a, b) => lengths[b]! - lengths[a]! || a - b);
}
