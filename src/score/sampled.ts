/**
 * The rows that a run scores a second time, for its verification and for the proof of a rewrite:
 * choosing them, and keeping their first nats.
 */
import { type Adaptive, resetsAtDocuments } from '../artifact/adaptive.js';
import type { Workload } from '../evaluation/open.js';
import { scoredOf, type WindowPlan } from '../windows/plan.js';
import type { Rewritten } from './open-workers.js';
import { proofRows } from './optimize-run.js';
import { sampleIndexes } from './sample.js';
import { defaultVerifyRows } from './verify.js';

/** Documents of an artifact that carries state: the rows of a sample are their beginnings. */
const SAMPLED_DOCUMENTS = 4;

/** Rows in groups that are scored in one task: a row alone, or rows of which one builds on another. */
export class Sample {
  private readonly rows: ReadonlySet<number>;

  constructor(readonly groups: readonly Uint32Array[]) {
    this.rows = new Set(groups.flatMap((group) => [...group]));
  }

  get size(): number {
    return this.rows.size;
  }

  has(row: number): boolean {
    return this.rows.has(row);
  }
}

/** Rows of this run's part that will be scored a second time. */
export function sampleRows(
  workload: Workload,
  adaptive: Adaptive | null,
  verifyRows: number | undefined,
  seed: number,
): Sample {
  const rows = partRows(workload);
  const wanted = verifyRows ?? defaultVerifyRows(rows.length);
  if (adaptive === null) {
    const chosen = [...drawn(rows, wanted, seed)].sort((a, b) => a - b);
    return new Sample(chosen.map((row) => Uint32Array.of(row)));
  }
  if (wanted === 0) return new Sample([]);
  // The one pass can only be begun again from its start.
  if (!resetsAtDocuments(adaptive)) return new Sample([Uint32Array.from(rows.slice(0, wanted))]);
  return new Sample(beginnings(workload.plan, rows, wanted, seed));
}

/** Beginnings of documents, `wanted` rows in all where there are so many. */
function beginnings(
  plan: WindowPlan,
  rows: readonly number[],
  wanted: number,
  seed: number,
): Uint32Array[] {
  const segments = [...new Set(rows.map((row) => plan.segmentOf(row)))].sort((a, b) => a - b);
  const each = Math.ceil(wanted / SAMPLED_DOCUMENTS);
  const groups: Uint32Array[] = [];
  let left = wanted;
  for (const at of sampleIndexes(segments.length, wanted, seed)) {
    const [from, to] = plan.rowsOfSegment(segments[at]!);
    const length = Math.min(each, left, to - from);
    groups.push(Uint32Array.from({ length }, (_, i) => from + i));
    left -= length;
    if (left === 0) break;
  }
  return groups;
}

/** Rows of this run's part that prove its rewritten model; none where there is none. */
export function provedRows(
  workload: Workload,
  rewritten: Rewritten | null,
  seed: number,
): ReadonlySet<number> {
  if (rewritten === null) return new Set();
  const rows = partRows(workload);
  const targets = rows.reduce((sum, row) => sum + scoredOf(workload.plan, row), 0);
  return drawn(rows, proofRows(rewritten.precision, rows.length, targets), seed);
}

function partRows({ batches, range }: Workload): number[] {
  const rows: number[] = [];
  for (let b = range[0]; b < range[1]; b++) rows.push(...batches.rowIndexes(b));
  return rows;
}

function drawn(rows: readonly number[], count: number, seed: number): ReadonlySet<number> {
  return new Set(sampleIndexes(rows.length, count, seed).map((at) => rows[at]!));
}

/** What was kept of the sampled rows, in their order. */
export function keptOf(
  kept: ReadonlyMap<number, Float32Array>,
  sample: ReadonlySet<number>,
): Map<number, Float32Array> {
  const rows = [...kept.keys()].filter((row) => sample.has(row)).sort((a, b) => a - b);
  return new Map(rows.map((row) => [row, kept.get(row)!]));
}
