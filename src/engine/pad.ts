/**
 * Checks of a batch, and its padding to the axes that a graph fixes.
 */

import { inputError } from '../errors.js';
import type { FixedAxes } from '../fixed-axes.js';
import type { Batch } from './types.js';

/**
 * Checks a batch; a negative id, for example, would index an embedding table from its end without an
 * error.
 *
 * @throws RangeError: a bug of the caller, not the model's fault.
 */
export function checkBatch(batch: Batch): void {
  checkSizes(batch);
  checkPositions(batch);
  must(!anyNegative(batch.ids), 'ids must not be negative');
  must(!anyNegative(batch.targets), 'targets must not be negative');
}

/**
 * The same without the values of ids and positions, which the addon checks faster. A caller that
 * moves positions before the addon gets them calls `checkPositions`.
 *
 * @throws RangeError
 */
export function checkSizes({ rows, time, ids, scored, targets, spanEnds }: Batch): void {
  must(Number.isInteger(rows) && rows > 0, 'rows must be a whole number above 0');
  must(Number.isInteger(time) && time > 0, 'time must be a whole number above 0');
  must(ids.length === rows * time, 'ids must hold rows * time ids');
  must(targets.length === scored.length, 'targets and scored must be of one length');
  must(ascending(spanEnds), 'spanEnds must ascend');
  must((spanEnds.at(-1) ?? 0) === scored.length, 'spanEnds must end at the last target');
}

/** @throws RangeError */
export function checkPositions({ rows, time, scored }: Batch): void {
  must(allBelow(scored, rows * time), 'scored must be below rows * time');
}

function must(holds: boolean, what: string): void {
  if (!holds) throw new RangeError(what);
}

function anyNegative(ids: Int32Array): boolean {
  let bits = 0;
  for (let k = 0; k < ids.length; k++) bits |= ids[k]!;
  return bits < 0;
}

function allBelow(values: Uint32Array, bound: number): boolean {
  let largest = -1;
  for (let k = 0; k < values.length; k++) largest = Math.max(largest, values[k]!);
  return largest < bound;
}

function ascending(values: Uint32Array): boolean {
  for (let k = 1; k < values.length; k++) if (values[k]! < values[k - 1]!) return false;
  return true;
}

/** The one shape that a graph runs in; undefined where an axis is open. */
export function fixedShape({
  fixedRows,
  fixedTime,
}: FixedAxes): readonly [rows: number, time: number] | undefined {
  return fixedRows === null || fixedTime === null ? undefined : [fixedRows, fixedTime];
}

/**
 * The batch with zeros below and to the right up to the fixed sizes, and its scored positions moved
 * along; the batch itself, as it is, where it fits already. Padding is never scored.
 *
 * @throws RangeError for a position beyond the batch, where there is padding.
 * @throws BpbError (input) where the batch is larger than the graph.
 */
export function padBatch(batch: Batch, axes: FixedAxes, path: string): Batch {
  const rows = axes.fixedRows ?? batch.rows;
  const time = axes.fixedTime ?? batch.time;
  if (rows === batch.rows && time === batch.time) return batch;
  if (rows < batch.rows || time < batch.time) {
    throw inputError('BPB_MODEL_AXES', {
      message: "A batch is larger than the model's static shape.",
      path,
      expected: `at most [${rows}, ${time}] ids`,
      actual: `[${batch.rows}, ${batch.time}]`,
      hint: `Use --seq-len ${time}, or export with a symbolic time axis.`,
    });
  }
  checkPositions(batch);
  const ids = new Int32Array(rows * time);
  for (let row = 0; row < batch.rows; row++) {
    ids.set(batch.ids.subarray(row * batch.time, (row + 1) * batch.time), row * time);
  }
  const scored = time === batch.time ? batch.scored : moved(batch.scored, batch.time, time);
  return { rows, time, ids, scored, targets: batch.targets, spanEnds: batch.spanEnds };
}

/** Flat positions in rows of `time` as flat positions in rows of `wider`. */
function moved(positions: Uint32Array, time: number, wider: number): Uint32Array {
  const result = new Uint32Array(positions.length);
  // Ascending positions stay in a row for a while: it is divided by only when they leave it.
  let start = 0;
  let by = 0;
  for (let k = 0; k < positions.length; k++) {
    const position = positions[k]!;
    if (position < start || position >= start + time) {
      const row = Math.floor(position / time);
      start = row * time;
      by = row * (wider - time);
    }
    result[k] = position + by;
  }
  return result;
}
