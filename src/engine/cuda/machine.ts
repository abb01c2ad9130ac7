/**
 * Requirements of a CUDA session on this machine, found and checked before a model is loaded.
 */

import type { BpbError } from '../../errors.js';
import type { NativeAddon } from '../addon.js';
import { findRuntimeLibrary } from '../library.js';
import { requireAddon, translate } from '../native-session.js';
import { plainText } from '../runtime-text.js';
import { chooseGpus } from './devices.js';
import {
  cpuNodesError,
  cudnnError,
  deviceLostError,
  driverError,
  gpuMemoryError,
  noProviderError,
  providerError,
  providerVersionError,
} from './errors.js';
import { providerFiles, providerVersion } from './provider-files.js';
import { findScorerLibrary, scorerError } from './scorer-library.js';

interface Machine {
  readonly addon: NativeAddon;
  /** Paths of libbpb_cuda and libonnxruntime. */
  readonly scorer: string;
  readonly runtime: string;
}

/**
 * In the order in which what is missing is to be installed: driver, scorer, runtime, provider.
 *
 * @throws BpbError (environment) for the first thing that is missing, (usage) for a GPU that is not
 * there.
 */
export function findMachine(device: number, ortLib: string | undefined): Machine {
  const addon = requireAddon('onnx-cuda');
  chooseGpus([device]);
  const scorer = findScorerLibrary();
  const runtime = findRuntimeLibrary(ortLib);
  const { provider, missing } = providerFiles(runtime);
  if (missing.length > 0) throw noProviderError(missing[0]!);
  const version = addon.runtimeVersion(runtime);
  const found = providerVersion(provider, version);
  // The runtime does not check it: a provider of another version crashes in the function table.
  if (found !== version) throw providerVersionError(provider, found ?? 'another version', version);
  return { addon, scorer, runtime };
}

/** The addon's error while a session opens, as a BpbError: no run has begun. */
export function toOpenError(error: unknown, machine: Machine, path: string): BpbError {
  const { code, message } = error as { code?: string; message: string };
  if (code === 'BPB_CUDA_RUN') return driverError(message);
  // The scorer has no code for this model of GPU.
  if (code === 'BPB_CUDA_DEVICE' && /kernel image/.test(message)) {
    return scorerError(machine.scorer, message);
  }
  return toCudaError(error, machine, path);
}

/** The addon's error while a session runs, as a BpbError. */
export function toCudaError(error: unknown, machine: Machine, path: string): BpbError {
  const { code, message: said } = error as { code?: string; message: string };
  const message = plainText(said);
  switch (code) {
    case 'BPB_CUDA_LIBRARY':
      return scorerError(machine.scorer, message);
    case 'BPB_CUDA_DRIVER':
    case 'BPB_CUDA_DEVICE':
      return driverError(message);
    case 'BPB_CUDA_PROVIDER':
      return providerError(message, providerFiles(machine.runtime).provider);
    case 'BPB_CPU_NODES':
      return cpuNodesError(path, message);
    case 'BPB_CUDA_MEMORY':
      return gpuMemoryError(path, message);
    case 'BPB_CUDNN':
      return cudnnError(path, message);
    case 'BPB_CUDA_RUN':
      return deviceLostError(message);
    default:
      return translate(error, path);
  }
}
