/**
 * Check of windows against the axes that a model fixes, before anything is run.
 */
import type { LoadedModel } from '../../artifact/load-model.js';
import { inputError } from '../../errors.js';
import { type FixedAxes, readFixedAxes } from '../../fixed-axes.js';
import type { WindowOptions } from '../../windows/options.js';

type Model = Pick<LoadedModel, 'graph' | 'tokens' | 'path'>;

/** @throws BPB_MODEL_AXES as `readFixedAxes` */
export function modelAxes({ graph, tokens, path }: Model): FixedAxes {
  const port = graph.inputs.find(({ name }) => name === tokens);
  return readFixedAxes(port?.dims ?? null, path);
}

/** Whether every row has `seqLen` inputs, which is known before the data is read. */
export function hasWholeRows({ mode, tail }: WindowOptions): boolean {
  return mode !== 'document' && tail === 'drop';
}

/**
 * Refuses rows that are longer than the time axis; shorter ones are padded to it.
 *
 * @param longest inputs of the longest row
 * @throws BPB_MODEL_AXES (input)
 */
export function checkRowLength(
  longest: number,
  { fixedTime }: FixedAxes,
  { stride }: Pick<WindowOptions, 'stride'>,
  { path }: Pick<Model, 'path'>,
): void {
  if (fixedTime === null || longest <= fixedTime) return;
  const shorter = stride !== null && stride > fixedTime ? ` --stride ${fixedTime}` : '';
  throw inputError('BPB_MODEL_AXES', {
    message: "the rows are longer than the model's fixed time axis",
    path,
    expected: `rows of at most ${fixedTime} tokens`,
    actual: `rows of ${longest}`,
    hint: `use --seq-len ${fixedTime}${shorter}, or export with a symbolic time axis`,
  });
}
