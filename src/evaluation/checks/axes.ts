/**
 * Check of windows against the axes that a model fixes, before anything is run.
 */
import type { Artifact } from '../../artifact/load.js';
import { inputError } from '../../errors.js';
import { type FixedAxes, readFixedAxes } from '../../fixed-axes.js';
import type { WindowOptions } from '../../windows/options.js';

/** @throws BPB_MODEL_AXES as `readFixedAxes` */
export function modelAxes({ model, adaptive }: Pick<Artifact, 'model' | 'adaptive'>): FixedAxes {
  const { graph, tokens, path } = model;
  const port = graph.inputs.find(({ name }) => name === tokens);
  const axes = readFixedAxes(port?.dims ?? null, path);
  // The batch is one for the ports of both graphs.
  return adaptive === null ? axes : { ...axes, fixedRows: adaptive.fixedRows ?? null };
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
  { path }: Pick<Artifact['model'], 'path'>,
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
