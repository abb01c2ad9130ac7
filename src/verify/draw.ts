/**
 * The rows that are scored again: drawn at random, by themselves or by the documents that they score.
 */
import { type Adaptive, resetsAtDocuments } from '../artifact/adaptive.js';
import { targetsOfDocument } from '../data/document-starts.js';
import type { TokenStream } from '../data/types.js';
import type { Workload } from '../evaluation/open.js';
import { sampleIndexes } from '../score/sample.js';
import type { WindowPlan } from '../windows/plan.js';

export interface Drawn {
  /** Rows in groups that are scored in one task: a row alone, or rows of which one builds on another. */
  readonly groups: readonly Uint32Array[];
  readonly drawn: number;
  /** How many there are to draw from. */
  readonly of: number;
}

/** Targets `[from, to)` that a row scores. */
export function targetsOfRow(plan: WindowPlan, row: number): readonly [from: number, to: number] {
  const { start, length, firstScored } = plan.row(row);
  return [start + firstScored + 1, start + length + 1];
}

/** Rows of the run's part, ascending. */
function rowsOf({ batches, range }: Workload): Uint32Array {
  const rows: number[] = [];
  for (let b = range[0]; b < range[1]; b++) for (const row of batches.rowIndexes(b)) rows.push(row);
  return Uint32Array.from(rows).sort();
}

/**
 * Draws rows. Rows whose targets another one scores again are left out: one value is known of each.
 */
export function drawRows(
  workload: Workload,
  adaptive: Adaptive | null,
  wanted: number,
  seed: number,
): Drawn {
  const rows = rowsOf(workload);
  const { plan } = workload;
  const single = plan.repeated === 0 ? rows : rows.filter(once(plan, rows));
  const chosen = sampleIndexes(single.length, wanted, seed).map((at) => single[at]!);
  return { groups: grouped(plan, adaptive, chosen), drawn: chosen.length, of: single.length };
}

/** Draws documents, and with each the rows that score a target of it. */
export function drawDocuments(
  workload: Workload,
  adaptive: Adaptive | null,
  documents: Float64Array,
  stream: TokenStream,
  wanted: number,
  seed: number,
): Drawn & { readonly documents: readonly number[] } {
  const { plan } = workload;
  const chosen = sampleIndexes(documents.length, wanted, seed).map((at) => documents[at]!);
  const spans = chosen.map((k) => targetsOfDocument(stream, k, stream.ids.length));
  const rows = rowsOf(workload).filter((row) => {
    const [from, to] = targetsOfRow(plan, row);
    // The first span that ends beyond the row's first target: spans ascend.
    let [low, high] = [0, spans.length];
    while (low < high) {
      const mid = (low + high) >>> 1;
      if (spans[mid]![1] > from) high = mid;
      else low = mid + 1;
    }
    return low < spans.length && spans[low]![0] < to;
  });
  const groups = grouped(plan, adaptive, [...rows]);
  return { groups, drawn: chosen.length, of: documents.length, documents: chosen };
}

/** Whether no other row of the plan scores a target of a row. */
function once(plan: WindowPlan, rows: Uint32Array): (row: number, at: number) => boolean {
  return (row, at) => {
    const [from, to] = targetsOfRow(plan, row);
    const before = at === 0 ? 0 : targetsOfRow(plan, rows[at - 1]!)[1];
    const after = at === rows.length - 1 ? to : targetsOfRow(plan, rows[at + 1]!)[0];
    return before <= from && to <= after;
  };
}

/** With state a row needs those before it: of its document, or of the whole pass. */
function grouped(
  plan: WindowPlan,
  adaptive: Adaptive | null,
  rows: readonly number[],
): readonly Uint32Array[] {
  if (adaptive === null) return rows.map((row) => Uint32Array.of(row));
  if (rows.length === 0) return [];
  if (!resetsAtDocuments(adaptive)) {
    return [Uint32Array.from({ length: rows.at(-1)! + 1 }, (_, row) => row)];
  }
  const last = new Map<number, number>();
  for (const row of rows) last.set(plan.segmentOf(row), row);
  return [...last].map(([segment, to]) => {
    const [from] = plan.rowsOfSegment(segment);
    return Uint32Array.from({ length: to - from + 1 }, (_, k) => from + k);
  });
}
