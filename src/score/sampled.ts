/**
 * The rows that a run scores a second time, for its verification and for the proof of a rewrite:
 * choosing them, and keeping their first nats.
 */
import { type Adaptive, resetsAtDocuments } from '../artifact/adaptive.js';
import type { Workload } from '../evaluation/open.js';
import { scoredOf, type WindowPlan } from '../windows/plan.js';
import type { Rewritten } from './open-workers.js';
import { PROOF_TARGETS, type ProofKind, proofRows } from './optimize-run.js';
import { sampleIndexes, sampleInOrder } from './sample.js';
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

/**
 * Rows of this run's part that will be scored a second time, in random order: the first of them are what
 * a slow model is verified on.
 *
 * @param byMean whether the mean of what they differ by may be judged
 */
export function sampleRows(
  workload: Workload,
  adaptive: Adaptive | null,
  verifyRows: number | undefined,
  seed: number,
  byMean = false,
): Sample {
  const rows = partRows(workload);
  const wanted = verifyRows ?? defaultVerifyRows(rows.length, byMean);
  if (adaptive === null) {
    const chosen = sampleInOrder(rows.length, wanted, seed).map((at) => rows[at]!);
    return new Sample(chosen.map((row) => Uint32Array.of(row)));
  }
  if (wanted === 0) return new Sample([]);
  // The one pass can only be begun again from its start.
  if (!resetsAtDocuments(adaptive)) return new Sample([Uint32Array.from(rows.slice(0, wanted))]);
  return new Sample(beginnings(workload.plan, rows, wanted, seed));
}

/** Beginnings of drawn documents, `wanted` rows in all where there are so many. */
function beginnings(
  plan: WindowPlan,
  rows: readonly number[],
  wanted: number,
  seed: number,
): Uint32Array[] {
  const segments = segmentsOf(plan, rows);
  const each = Math.ceil(wanted / SAMPLED_DOCUMENTS);
  const groups: Uint32Array[] = [];
  let left = wanted;
  for (const at of sampleInOrder(segments.length, wanted, seed)) {
    const [from, to] = plan.rowsOfSegment(segments[at]!);
    const length = Math.min(each, left, to - from);
    groups.push(Uint32Array.from({ length }, (_, i) => from + i));
    left -= length;
    if (left === 0) break;
  }
  return groups;
}

/** What the rewritten model is proved on: rows that stand alone, whole documents, or the stream's beginning. */
export type ProofSample = Sample & { readonly kind: ProofKind };

/** Groups of this run's part that prove its rewritten model, ascending; none where there is none. */
export function provedSample(
  workload: Workload,
  adaptive: Adaptive | null,
  rewritten: Rewritten | null,
  seed: number,
): ProofSample {
  const of = (kind: ProofKind, groups: readonly Uint32Array[]) =>
    Object.assign(new Sample(groups), { kind });
  const single = (rows: readonly number[]) => rows.map((row) => Uint32Array.of(row));
  if (rewritten === null) return of('rows', []);
  const { plan } = workload;
  const rows = partRows(workload);
  const targetsOf = (some: Iterable<number>) => {
    let targets = 0;
    for (const row of some) targets += scoredOf(plan, row);
    return targets;
  };
  const { precision } = rewritten;
  if (adaptive === null) {
    const chosen = drawn(rows, proofRows(precision, rows.length, targetsOf(rows)), seed);
    return of('rows', single([...chosen].sort((a, b) => a - b)));
  }
  const wanted = PROOF_TARGETS[precision];
  if (!resetsAtDocuments(adaptive)) {
    let [end, targets] = [0, 0];
    while (end < rows.length && targets < wanted) targets += scoredOf(plan, rows[end++]!);
    return of('prefix', single(rows.slice(0, end)));
  }
  return of('documents', wholeDocuments(plan, rows, wanted, seed));
}

/** Drawn documents with all of their rows, `wanted` targets or more where there are so many. */
function wholeDocuments(
  plan: WindowPlan,
  rows: readonly number[],
  wanted: number,
  seed: number,
): Uint32Array[] {
  const segments = segmentsOf(plan, rows);
  const targets = new Map<number, number>();
  for (const row of rows) {
    const segment = plan.segmentOf(row);
    targets.set(segment, (targets.get(segment) ?? 0) + scoredOf(plan, row));
  }
  const total = [...targets.values()].reduce((a, b) => a + b, 0);
  let count = Math.max(1, Math.ceil((wanted * segments.length) / Math.max(total, 1)));
  for (; ; count++) {
    const chosen = sampleIndexes(segments.length, count, seed).map((at) => segments[at]!);
    const sum = chosen.reduce((all, segment) => all + targets.get(segment)!, 0);
    if (sum < wanted && chosen.length < segments.length) continue;
    return chosen.map((segment) => {
      const [from, to] = plan.rowsOfSegment(segment);
      return Uint32Array.from({ length: to - from }, (_, i) => from + i);
    });
  }
}

/** Documents of the rows, ascending. */
function segmentsOf(plan: WindowPlan, rows: readonly number[]): number[] {
  return [...new Set(rows.map((row) => plan.segmentOf(row)))].sort((a, b) => a - b);
}

function partRows({ batches, range }: Workload): number[] {
  const rows: number[] = [];
  for (let b = range[0]; b < range[1]; b++) rows.push(...batches.rowIndexes(b));
  return rows;
}

function drawn(rows: readonly number[], count: number, seed: number): ReadonlySet<number> {
  return new Set(sampleIndexes(rows.length, count, seed).map((at) => rows[at]!));
}
