/**
 * Fits a batch to the axes that a graph fixes.
 */

import { inputError } from '../errors.js';
import type { Batch } from './types.js';

/** Axes of a graph; null where any size will do. */
export interface FixedAxes {
  readonly fixedRows: number | null;
  readonly fixedTime: number | null;
}

/**
 * The batch with zeros below and to the right up to the fixed sizes, and its scored positions moved
 * along; the batch itself where it fits already. Padding is never scored.
 *
 * @throws BpbError (input) where the batch is larger than the graph.
 */
export function padBatch(batch: Batch, axes: FixedAxes, modelPath: string): Batch {
  const rows = axes.fixedRows ?? batch.rows;
  const time = axes.fixedTime ?? batch.time;
  if (rows === batch.rows && time === batch.time) return batch;
  if (rows < batch.rows || time < batch.time) {
    throw inputError('BPB_MODEL_AXES', {
      message: "A batch is larger than the model's static shape.",
      path: modelPath,
      expected: `at most [${rows}, ${time}] ids`,
      actual: `[${batch.rows}, ${batch.time}]`,
      hint: `Use a sequence length of at most ${time}, or export with a symbolic time axis.`,
    });
  }
  const ids = new Int32Array(rows * time);
  for (let row = 0; row < batch.rows; row++) {
    ids.set(batch.ids.subarray(row * batch.time, (row + 1) * batch.time), row * time);
  }
  const scored = batch.scored.map(
    (position) => Math.floor(position / batch.time) * time + (position % batch.time),
  );
  return { rows, time, ids, scored, targets: batch.targets, segmentEnds: batch.segmentEnds };
}
