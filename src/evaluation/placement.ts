/**
 * Placement of a model's sessions: `--engine`, `--device`, `--workers` and `--threads` as one decision.
 */
import { availableParallelism } from 'node:os';
import type { EngineChoice } from '../engine/create.js';
import { type ChosenGpus, chooseGpus, findGpus, parseDevices } from '../engine/cuda/devices.js';
import { findMachine } from '../engine/cuda/machine.js';
import { BpbError } from '../errors.js';
import type { EngineFlags, Placement } from './session-options.js';

/** Each session holds the weights once more, so a machine of many cores shares them by threads. */
const DEFAULT_WORKERS_MAX = 8;

type Devices = Pick<Placement, 'engine' | 'gpus' | 'mayUseGpu'>;

/**
 * The devices of flags that do not contradict each other (checks/flags.ts).
 *
 * @throws BpbError (usage) for devices that are not there; (environment) where a GPU is asked for by
 * name and cannot be used
 */
export function devicesOf(flags: Pick<EngineFlags, 'engine' | 'device' | 'ortLib'>): Devices {
  const engine = flags.engine ?? 'auto';
  const devices = flags.device === undefined ? null : parseDevices(flags.device);
  const mayUseGpu = devices !== 'cpu' && isForGpus(engine);
  if (!mayUseGpu) return { engine, gpus: null, mayUseGpu };
  if (devices !== null) return { engine: 'onnx-cuda', gpus: chooseGpus(devices), mayUseGpu };
  if (engine === 'onnx-cuda') return { engine, gpus: chooseGpus([0]), mayUseGpu };
  return { engine, gpus: usableGpu(flags.ortLib), mayUseGpu };
}

/** Whether a session of this choice may be on a GPU. */
export function isForGpus(engine: EngineChoice): boolean {
  return engine === 'auto' || engine === 'onnx-cuda';
}

/**
 * Sessions share the cores: by default one for each core, up to eight, which beats one session with
 * as many threads. With `--threads` alone as many sessions as fit. On GPUs `--workers` counts the
 * sessions of each, by default one.
 *
 * @param flags positive integers where given
 * @param gpus how many of the devices' GPUs are used
 * @param onePass a state that never resets is carried from left to right by one session
 */
export function placementOf(
  devices: Devices,
  flags: Pick<EngineFlags, 'workers' | 'threads'>,
  gpus: number,
  onePass: boolean,
): Placement {
  const cores = availableParallelism();
  if (onePass) return { ...devices, workers: 1, threads: flags.threads ?? cores };
  const fitting = Math.max(1, Math.floor(cores / (flags.threads ?? 1)));
  const byDefault = gpus > 0 ? 1 : Math.min(DEFAULT_WORKERS_MAX, fitting);
  const workers = (flags.workers ?? byDefault) * Math.max(1, gpus);
  const threads = flags.threads ?? Math.max(1, Math.floor(cores / workers));
  return { ...devices, workers, threads };
}

/** The first GPU, where the other libraries that a session on it needs are there as well. */
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
