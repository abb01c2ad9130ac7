/**
 * The rows that a run scores a second time: choosing them, and keeping their first nats.
 */
import type { WindowPlan } from '../windows/plan.js';
import type { RowsScore } from './messages.js';
import type { Prepared } from './prepare.js';
import { sampleIndexes } from './sample.js';
import { defaultVerifyRows } from './verify.js';

/** Rows of this run's part that will be scored a second time. */
export function sampledRows(
  { options, batches, range }: Prepared,
  seed: number,
): ReadonlySet<number> {
  const rows: number[] = [];
  for (let b = range[0]; b < range[1]; b++) rows.push(...batches.rows(b));
  const wanted = options.verifyRows ?? defaultVerifyRows(rows.length);
  return new Set(sampleIndexes(rows.length, wanted, seed).map((at) => rows[at]!));
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
    const { length, firstScored } = plan.row(index);
    const end = at + length - firstScored;
    if (sample.has(index)) kept.set(index, result.nats.slice(at, end));
    at = end;
  }
}
