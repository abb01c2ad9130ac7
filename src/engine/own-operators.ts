/**
 * Which operators of this project's own an engine runs.
 */
import type { OwnOperator } from '../onnx/optimize/own-operators.js';
import { loadAddon, type NativeAddon } from './addon.js';
import type { EngineChoice } from './create.js';
import { findRuntimeLibrary } from './library.js';
import type { RuntimeOptions } from './types.js';

/**
 * Of the engine that a choice comes to on the CPU or on a GPU; none for onnx-js and tfjs, which know no operators
 * but their own, and to which `auto` comes where the addon or its runtime cannot be loaded.
 */
export function operatorsOf(
  choice: EngineChoice,
  onGpu: boolean,
  { ortLib }: Pick<RuntimeOptions, 'ortLib'>,
): ReadonlySet<OwnOperator> {
  const native = loadAddon();
  if (choice === 'onnx-js' || choice === 'tfjs' || !('addon' in native)) return new Set();
  if (choice === 'auto' && !loads(native.addon, ortLib)) return new Set();
  return new Set(native.addon.operators(onGpu ? 'cuda' : 'cpu'));
}

function loads(addon: NativeAddon, ortLib: string | undefined): boolean {
  try {
    addon.runtimeVersion(findRuntimeLibrary(ortLib));
    return true;
  } catch {
    return false;
  }
}
