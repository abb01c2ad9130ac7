/**
 * The rows that a run scores a second time, for its verification and for the proof of a rewrite:
 * choosing them, and keeping their first nats.
 */

import type { BatchPlan } from '../windows/batches.js';
import type { WindowPlan } from '../windows/plan.js';
import type { RowsScore } from './messages.js';
import { proofRows, type Rewritten } from './optimize-run.js';
import type { Prepared } from './prepare.js';
import { sampleIndexes } from './sample.js';
import { defaultVerifyRows } from './verify.js';

/** Rows of this run's part that will be scored a second time. */
export function sampledRows(
  { options, batches, range }: Prepared,
  seed: number,
): ReadonlySet<number> {
  const rows = partRows(batches, range);
  return drawn(rows, options.verifyRows ?? defaultVerifyRows(rows.length), seed);
}

/** Rows of this run's part that prove its rewritten model; none where there is none. */
export function provedRows(
  { plan, batches, range }: Prepared,
  rewritten: Rewritten | null,
  seed: number,
): ReadonlySet<number> {
  if (rewritten === null) return new Set();
  const rows = partRows(batches, range);
  const targets = rows.reduce((sum, row) => sum + scoredOf(plan, row), 0);
  return drawn(rows, proofRows(rewritten.precision, rows.length, targets), seed);
}

function partRows(batches: BatchPlan, range: readonly [number, number]): number[] {
  const rows: number[] = [];
  for (let b = range[0]; b < range[1]; b++) rows.push(...batches.rows(b));
  return rows;
}

function drawn(rows: readonly number[], count: number, seed: number): ReadonlySet<number> {
  return new Set(sampleIndexes(rows.length, count, seed).map((at) => rows[at]!));
}

function scoredOf(plan: WindowPlan, row: number): number {
  const { length, firstScored } = plan.row(row);
  return length - firstScored;
}

/** What was kept of the sampled rows, in their order. */
export function keptOf(
  kept: ReadonlyMap<number, Float32Array>,
  sample: ReadonlySet<number>,
): Map<number, Float32Array> {
  const rows = [...kept.keys()].filter((row) => sample.has(row)).sort((a, b) => a - b);
  return new Map(rows.map((row) => [row, kept.get(row)!]));
}

/** Cuts the sampled rows' nats out of a batch: they stand in the order of its rows. */
export function keepSampled(
  rows: Uint32Array,
  result: RowsScore,
  plan: WindowPlan,
  sample: ReadonlySet<number>,
  kept: Map<number, Float32Array>,
): void {
  if (result.nats === null) return;
  let at = 0;
  for (const index of rows) {
    const end = at + scoredOf(plan, index);
    if (sample.has(index)) kept.set(index, result.nats.slice(at, end));
    at = end;
  }
}
