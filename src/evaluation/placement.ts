/**
 * Where a score runs: the flags `--device`, `--engine` and `--precision` as one decision.
 */

import type { EngineChoice } from '../engine/create.js';
import { type ChosenGpus, chooseGpus, findGpus, parseDevices } from '../engine/cuda/devices.js';
import { findMachine } from '../engine/cuda/machine.js';
import { BpbError, usageError } from '../errors.js';
import type { ScoreOptions } from './options.js';

export interface Placement {
  readonly engine: EngineChoice;
  /** GPUs to use; null where there are none, or none is wanted. */
  readonly gpus: ChosenGpus | null;
  /** Whether `auto` may look for a GPU at all. */
  readonly mayUseGpu: boolean;
}

/**
 * @throws BpbError (usage) for flags that contradict each other and devices that are not there;
 * (environment) where a GPU is asked for by name and cannot be used.
 */
export function placementOf(
  options: Pick<ScoreOptions, 'engine' | 'device' | 'precision' | 'ortLib'>,
): Placement {
  const engine = options.engine ?? 'auto';
  const devices = options.device === undefined ? null : parseDevices(options.device);
  const named = engine !== 'auto' && engine !== 'onnx-cuda';
  if (devices === 'cpu' && engine === 'onnx-cuda') throw contradiction('--device cpu', engine);
  if (Array.isArray(devices) && named) throw contradiction(`--device ${options.device}`, engine);
  const mayUseGpu = devices !== 'cpu' && !named;
  if (options.precision === 'tf32' && !mayUseGpu) {
    throw contradiction('--precision tf32', devices === 'cpu' ? '--device cpu' : engine);
  }
  if (devices === 'cpu' || named) return { engine, gpus: null, mayUseGpu };
  if (devices !== null) return { engine: 'onnx-cuda', gpus: chooseGpus(devices), mayUseGpu };
  if (engine === 'onnx-cuda') return { engine, gpus: chooseGpus([0]), mayUseGpu };
  return { engine, gpus: usableGpu(options.ortLib), mayUseGpu };
}

/** The first GPU, where all that is needed beside it is there too. */
function usableGpu(ortLib: string | undefined): ChosenGpus | null {
  const found = findGpus([0]);
  if (found === null) return null;
  try {
    findMachine(0, ortLib);
    return found;
  } catch (error) {
    // The worker that tries will say why; here it only matters that batches are the CPU's.
    if (error instanceof BpbError) return null;
    throw error;
  }
}

function contradiction(one: string, other: string): BpbError {
  return usageError('BPB_USAGE_DEVICE', {
    message: `${one} and ${other} contradict each other`,
    path: one.split(' ')[0],
    expected: 'a GPU with onnx-cuda or auto, the CPU with any engine but onnx-cuda',
    actual: `${one}, ${other}`,
  });
}
