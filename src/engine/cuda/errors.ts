/**
 * Errors of scoring on a GPU, each with its remedy.
 */

import { type BpbError, environmentError, usageError } from '../../errors.js';
import { SETUP_CUDA } from '../../package-scripts.js';

/** Libraries that the provider may miss, and how to install them. */
const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/^libcuda\./, 'Install the NVIDIA driver (nvidia-smi must work).'],
  [/^libcudnn/, 'Install cuDNN 9 for your CUDA version, and have its folder in LD_LIBRARY_PATH.'],
  [/^libonnxruntime_providers/, `Run ${SETUP_CUDA}`],
  [
    /^lib(cudart|cublas|cublasLt|cufft|curand|nvrtc)\./,
    'Install the CUDA runtime of the version in the name, and have its folder in LD_LIBRARY_PATH.',
  ],
];

/** The remedy for a library that the loader did not find. */
export function remedyFor(library: string): string {
  const name = library.slice(library.lastIndexOf('/') + 1);
  return (
    REMEDIES.find(([pattern]) => pattern.test(name))?.[1] ?? `Install the package that has ${name}.`
  );
}

/** The library that a loader's or the runtime's message says is missing. */
export function missingLibrary(message: string): string | undefined {
  // The runtime's message names the library that it loads and then the missing dependency.
  return /([^\s/]+\.so[.\d]*): cannot open shared object file/.exec(message)?.[1];
}

export function noDriverError(reason: string): BpbError {
  return environmentError('BPB_CUDA_DRIVER', {
    message: 'No GPU can be used: there is no NVIDIA driver.',
    expected: 'libcuda.so.1 and a device',
    actual: 'no NVIDIA GPU driver here',
    hint: 'Install the NVIDIA driver (nvidia-smi must work), or score with --device cpu.',
    cause: new Error(reason),
  });
}

/** The driver is there and refuses, or the scorer's runtime is newer than it. */
export function driverError(reason: string): BpbError {
  const old = /insufficient|installed CUDA driver|driver is for CUDA/i.test(reason);
  return environmentError('BPB_CUDA_DRIVER', {
    message: old ? 'The NVIDIA driver is too old.' : 'The NVIDIA driver does not work.',
    expected: old ? 'a driver for the CUDA version that the scorer was built with' : 'a driver',
    actual: reason,
    hint: old
      ? 'Update the NVIDIA driver; nvidia-smi shows the CUDA version that it can run.'
      : 'See that nvidia-smi works: a driver that was updated needs a restart.',
  });
}

export function noDeviceError(): BpbError {
  return environmentError('BPB_CUDA_DEVICE', {
    message: 'The NVIDIA driver sees no GPU.',
    expected: 'at least one device',
    actual: 'none',
    hint: 'See nvidia-smi -L and CUDA_VISIBLE_DEVICES.',
  });
}

/** `--device cuda:7` where there is no such device. */
export function deviceRangeError(index: number, count: number): BpbError {
  return usageError('BPB_DEVICE', {
    message: `There is no device cuda:${index}.`,
    path: '--device',
    expected: count === 1 ? 'cuda:0, the only one' : `cuda:0 to cuda:${count - 1}`,
    actual: `cuda:${index}`,
  });
}

export function providerError(reason: string, path: string): BpbError {
  const missing = missingLibrary(reason);
  return environmentError('BPB_CUDA_PROVIDER', {
    message: "ONNX Runtime's CUDA provider cannot be used.",
    path,
    expected: 'libonnxruntime_providers_cuda.so of the same version beside libonnxruntime',
    actual: missing === undefined ? reason : `${missing} is missing`,
    hint: `${missing === undefined ? `Run ${SETUP_CUDA};` : remedyFor(missing)} bpb doctor lists all that is needed.`,
    cause: new Error(reason),
  });
}

export function noProviderError(path: string): BpbError {
  return environmentError('BPB_CUDA_PROVIDER', {
    message: "ONNX Runtime's CUDA provider is not installed.",
    path,
    expected: 'libonnxruntime_providers_cuda.so and libonnxruntime_providers_shared.so',
    actual: "ONNX Runtime's CUDA provider is not installed",
    hint: `Run ${SETUP_CUDA}, or name a GPU build of ONNX Runtime with --ort-lib.`,
  });
}

export function providerVersionError(path: string, found: string, runtime: string): BpbError {
  return environmentError('BPB_CUDA_PROVIDER_VERSION', {
    message: 'The CUDA provider is of another version than ONNX Runtime.',
    path,
    expected: `version ${runtime}`,
    actual: found,
    hint: `Run ${SETUP_CUDA} with the provider of ${runtime}: it crashes with any other.`,
  });
}

export function cpuNodesError(path: string, nodes: string): BpbError {
  return environmentError('BPB_CPU_NODES', {
    message: 'The CUDA provider cannot run all of the graph: nodes would run on the CPU.',
    path,
    expected: 'every node on the GPU',
    actual: `on the CPU: ${nodes}`,
    hint: 'Export without them, or accept them with --allow-cpu-nodes.',
  });
}

export function gpuMemoryError(path: string, reason: string): BpbError {
  return environmentError('BPB_CUDA_MEMORY', {
    message: 'The GPU has too little memory for the model and one batch.',
    path,
    actual: reason,
    hint: 'Free its memory (nvidia-smi shows who holds it), make --batch-tokens smaller, or score with --device cpu.',
  });
}

/** A node needs cuDNN, which is missing or failed: `reason` is the runtime's message. */
export function cudnnError(path: string, reason: string): BpbError {
  const [, operator = 'a node', name = ''] =
    /running (\S+) node\. Name:'([^']*)'/.exec(reason) ?? [];
  const node = name === '' ? operator : `${operator} (${name})`;
  const absent = /unavailable|not available|cannot open shared object/.test(reason);
  const remedy = absent
    ? remedyFor('libcudnn.so.9')
    : 'See that it is made for your GPU and CUDA version.';
  return environmentError('BPB_CUDNN', {
    message: absent ? 'The graph needs cuDNN, and there is none.' : 'cuDNN failed.',
    path,
    expected: 'libcudnn.so.9 where the loader finds it',
    actual: absent ? `${node} asks for cuDNN, which is not found` : `${node}: ${reason}`,
    hint: `${remedy} Or export the graph without ${operator}, or score with --device cpu.`,
    cause: new Error(reason),
  });
}

/** In the middle of a run: results of the device after this are invalid. */
export function deviceLostError(reason: string): BpbError {
  return environmentError('BPB_CUDA_LOST', {
    message: 'The GPU failed in the middle of the run; no score is given.',
    actual: reason,
    hint: 'See nvidia-smi and the kernel log (dmesg) for Xid errors, then run again.',
  });
}
