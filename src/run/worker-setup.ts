/**
 * Setup of the workers that score a plan: how they open their sessions, and what they score.
 */
import type { PlannedEvaluation } from '../evaluation/open.js';
import type { ScoreOptions } from '../evaluation/options.js';
import { sessionSpec } from '../evaluation/session-options.js';
import { longestRow } from '../windows/batches.js';
import type { WorkerSetup } from './messages.js';

/** @param options those of the sessions are read */
export function workerSetup(evaluation: PlannedEvaluation, options: ScoreOptions): WorkerSetup {
  const { axes, tokenizer, data, placement, workload } = evaluation;
  const { plan, batches } = workload;
  const time = axes.fixedTime ?? longestRow(plan, batches);
  const rows = Math.max(1, Math.floor((batches.shape[0] * batches.shape[1]) / time));
  const spec = sessionSpec(evaluation, options, {
    batch: [rows, time],
    minVocabulary: tokenizer.pieces.length,
  });
  const { gpus } = placement;
  const taken = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  return {
    ...spec,
    stream: data.stream,
    gpus: gpus === null ? undefined : { indexes: gpus.indexes, taken },
  };
}
