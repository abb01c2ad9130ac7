/**
 * Checks a batch, and fits it to the axes that a graph fixes.
 */

import { inputError } from '../errors.js';
import type { Batch } from './types.js';

/** Axes of a graph; null where any size will do. */
export interface FixedAxes {
  readonly fixedRows: number | null;
  readonly fixedTime: number | null;
}

/**
 * Checks what no caller may get wrong; a negative id, say, would quietly count from the end of an
 * embedding table.
 *
 * @throws RangeError: a bug of the caller, not the model's fault.
 */
export function checkBatch({ rows, time, ids, scored, targets, segmentEnds }: Batch): void {
  const positions = rows * time;
  const must = (holds: boolean, what: string) => {
    if (!holds) throw new RangeError(what);
  };
  must(Number.isInteger(rows) && rows > 0, 'rows must be a whole number above 0');
  must(Number.isInteger(time) && time > 0, 'time must be a whole number above 0');
  must(ids.length === positions, 'ids must hold rows * time ids');
  must(targets.length === scored.length, 'targets and scored must be of one length');
  must(!ids.some((id) => id < 0), 'ids must not be negative');
  must(!targets.some((id) => id < 0), 'targets must not be negative');
  must(!scored.some((position) => position >= positions), 'scored must be below rows * time');
  const ascending = segmentEnds.every((end, s) => s === 0 || end >= segmentEnds[s - 1]!);
  must(ascending, 'segmentEnds must ascend');
  must((segmentEnds.at(-1) ?? 0) === scored.length, 'segmentEnds must end at the last target');
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
