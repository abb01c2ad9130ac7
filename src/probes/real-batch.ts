/**
 * Rows of one batch of the artifact's own evaluation.
 *
 * Rows that are drawn one by one are not enough: under sliding windows a row holds the targets of the
 * row before, and a model could read them there only where the rows of a batch overlap.
 */
import { planBatches } from '../windows/batches.js';
import { shortenRows } from '../windows/options.js';
import { planWindows } from '../windows/plan.js';
import type { ProbeContext } from './context.js';
import { joinDocuments } from './documents-stream.js';
import type { ProbeRow } from './subject.js';
import type { Tokens } from './tokens.js';

const MAX_ROWS = 64;

/** None where there is no data, or state that is carried from row to row. */
export function realBatch({ subject, window }: ProbeContext, tokens: Tokens): ProbeRow[] {
  if (subject.carries !== 'nothing' || tokens.stream === null) return [];
  const wanted = Math.max(4 * subject.batchTokens, 2 * subject.rowInputs);
  const stream = joinDocuments(tokens.documents(wanted));
  if (stream.ids.length < 2) return [];
  const rows = shortenRows(window, subject.rowInputs);
  const plan = planWindows(stream, { ...rows, tail: 'score', compat: null });
  const batches = planBatches(plan, subject.batchTokens, false, subject.info);
  let fullest = 0;
  for (let b = 1; b < batches.count; b++) {
    if (batches.rowIndexes(b).length > batches.rowIndexes(fullest).length) fullest = b;
  }
  return Array.from(batches.rowIndexes(fullest).subarray(0, MAX_ROWS), (index) => {
    const { start, length } = plan.row(index);
    return { tokens: Int32Array.from(stream.ids.subarray(start, start + length + 1)) };
  });
}
