/**
 * Which operators of this project's own an engine runs.
 */
import type { OwnOperator } from '../onnx/optimize/own-operators.js';
import { loadAddon } from './addon.js';
import type { EngineChoice } from './create.js';

/**
 * Of the engine that a choice comes to on the CPU or on a GPU; none for those without the addon, whose sessions
 * know no operators but the runtime's.
 */
export function operatorsOf(choice: EngineChoice, onGpu: boolean): ReadonlySet<OwnOperator> {
  const native = loadAddon();
  if (choice === 'onnx-js' || choice === 'tfjs' || !('addon' in native)) return new Set();
  return new Set(native.addon.operators(onGpu ? 'cuda' : 'cpu'));
}
