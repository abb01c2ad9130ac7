/**
 * Plan of a score: windows, or the chunks of an artifact that carries state.
 */
import { type Adaptive, resetsAtDocuments } from '../artifact/adaptive.js';
import type { TokenStream } from '../data/types.js';
import { usageError } from '../errors.js';
import { type BatchPlan, planBatches } from '../windows/batches.js';
import { chunkCut } from '../windows/cut.js';
import { checkWindowOptions, type WindowOptions } from '../windows/options.js';
import { planSegments, planWindows, type WindowPlan } from '../windows/plan.js';
import { planLanes, planPass } from '../windows/stateful-batches.js';

/** The rows of a stream under an artifact's own procedure; the same in every worker. */
export function planRows(
  stream: Pick<TokenStream, 'ids' | 'documentStarts'>,
  window: WindowOptions,
  adaptive: Adaptive | null,
): WindowPlan {
  if (adaptive === null) return planWindows(stream, window);
  checkAdaptiveWindow(window, adaptive);
  return planSegments(stream, window, chunkCut(adaptive));
}

/** @param fixed whether every batch is run in one shape, as on a GPU */
export function planBatchesOf(
  plan: WindowPlan,
  batchTokens: number,
  adaptive: Adaptive | null,
  fixed: boolean,
): BatchPlan {
  if (adaptive === null) return planBatches(plan, batchTokens, fixed);
  const time = adaptive.context + adaptive.chunk;
  return resetsAtDocuments(adaptive) ? planLanes(plan, batchTokens, time) : planPass(plan, time);
}

/** Flags may change an artifact's windows, as far as its state allows. */
function checkAdaptiveWindow(window: WindowOptions, adaptive: Adaptive): void {
  checkWindowOptions(window);
  const { chunk, context, tensors } = adaptive;
  const refuse = (path: string, expected: string, actual: string) =>
    usageError('BPB_USAGE_ADAPTIVE', {
      message: `${path} does not fit an artifact that carries state`,
      path,
      expected,
      actual,
      hint: 'docs/adaptive.md says how such an artifact is run',
    });
  const { mode, seqLen, stride } = window;
  if (mode === 'sliding' || stride !== null) {
    const flag = mode === 'sliding' ? '--window' : '--stride';
    const actual = mode === 'sliding' ? mode : String(stride);
    throw refuse(flag, 'document or chunk windows without a stride', actual);
  }
  if (mode === 'chunk' && tensors.some(({ reset }) => reset === 'document')) {
    throw refuse('--window', 'document: a state begins anew at documents', mode);
  }
  if (seqLen < chunk + context) {
    const expected = `at least ${chunk + context}: context ${context} and chunk ${chunk}`;
    throw refuse('--seq-len', expected, String(seqLen));
  }
}
