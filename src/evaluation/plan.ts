/**
 * Plan of a score: windows, or the chunks of an artifact that carries state.
 */
import { type Adaptive, resetsAtDocuments } from '../artifact/adaptive.js';
import type { TokenStream } from '../data/types.js';
import type { FixedAxes } from '../fixed-axes.js';
import { type BatchPlan, planBatches } from '../windows/batches.js';
import { chunkCut } from '../windows/cut.js';
import type { WindowOptions } from '../windows/options.js';
import { planSegments, planWindows, type WindowPlan } from '../windows/plan.js';
import { planPass, planStatefulBatches } from '../windows/stateful-batches.js';

/** The rows of a stream under an artifact's own procedure; the same in every worker. */
export function planRows(
  stream: TokenStream,
  window: WindowOptions,
  adaptive: Adaptive | null,
): WindowPlan {
  if (adaptive === null) return planWindows(stream, window);
  return planSegments(stream, window, chunkCut(adaptive));
}

/**
 * @param fixed whether every batch is run in one shape, as on a GPU
 * @param axes that the graph fixes
 */
export function planBatchesOf(
  plan: WindowPlan,
  batchTokens: number,
  adaptive: Adaptive | null,
  fixed: boolean,
  axes: FixedAxes,
): BatchPlan {
  if (adaptive === null) return planBatches(plan, batchTokens, fixed, axes);
  const time = adaptive.context + adaptive.chunk;
  return resetsAtDocuments(adaptive)
    ? planStatefulBatches(plan, batchTokens, time, axes.fixedRows)
    : planPass(plan, time, axes.fixedRows);
}

/** Batches `[from, to)` of part `i` of `n`: parts differ by at most one batch. */
export function partRange(
  part: readonly [number, number] | undefined,
  batches: number,
): readonly [number, number] {
  if (part === undefined) return [0, batches];
  const [i, n] = part;
  return [Math.floor(((i - 1) * batches) / n), Math.floor((i * batches) / n)];
}
