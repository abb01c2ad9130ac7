/**
 * Batch and time axes that a graph fixes: sizes that every batch is cut and padded to.
 */
import { inputError } from './errors.js';

/** Null where any size will do. */
export interface FixedAxes {
  readonly fixedRows: number | null;
  readonly fixedTime: number | null;
}

export const OPEN_AXES: FixedAxes = { fixedRows: null, fixedTime: null };

/** Ids of a batch: 256 MiB in int32, and its logits are far more. */
const BATCH_IDS_MAX = 2 ** 26;

/**
 * The axes of an input of token ids.
 *
 * @param dims `[batch, time]`; a name or a negative number for an open axis, none where the shape is open
 * @throws BPB_MODEL_AXES (input) for an axis that holds nothing, and for batches beyond any memory
 */
export function readFixedAxes(dims: readonly (number | string)[] | null, path: string): FixedAxes {
  const [fixedRows, fixedTime] = [size(dims?.[0]), size(dims?.[1])];
  const [rows, time] = [fixedRows ?? 1, fixedTime ?? 1];
  if (rows > 0 && time > 0 && rows * time <= BATCH_IDS_MAX) return { fixedRows, fixedTime };
  const nothing = rows === 0 || time === 0;
  throw inputError('BPB_MODEL_AXES', {
    message: `the model's input is fixed to ${nothing ? 'no ids' : 'more ids than a batch can have'}`,
    path,
    expected: `[batch, time] with open axes, or fixed to 1 to ${BATCH_IDS_MAX} ids`,
    actual: `[${dims!.join(', ')}]`,
    hint: 'export with a symbolic batch axis, or with the batch and the length of the evaluation',
  });
}

function size(dim: number | string | undefined): number | null {
  return typeof dim === 'number' && dim >= 0 ? dim : null;
}
