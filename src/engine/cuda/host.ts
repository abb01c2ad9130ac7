/**
 * Opens graphs on one GPU.
 */
import { runtimePackageVersion } from '../library.js';
import type { NativeHost } from '../native-host.js';
import { openGraph } from '../open-graph.js';
import { SESSION_CONFIG } from '../session-config.js';
import type { CudaOptions, EngineOptions } from '../types.js';
import { findMachine, tellCudaError, tellOpenError } from './machine.js';

/** Of the free memory; the rest is for the runtime's workspaces and for others on the same GPU. */
const MEMORY_SHARE = 0.9;

export const CUDA_DEFAULTS: CudaOptions = {
  device: 0,
  tf32: false,
  allowCpuNodes: false,
  shape: null,
  sessions: 1,
};

/**
 * @throws BpbError (environment) where the machine lacks something, (usage) for a GPU that is not
 * there
 */
export function cudaHost(options: EngineOptions, cuda: CudaOptions): NativeHost {
  const machine = findMachine(cuda.device, options.runtimeDirectory);
  // A session on a GPU only launches work, unless some of it stays on the CPU.
  const threads = cuda.allowCpuNodes ? options.threads : 1;
  return {
    addon: machine.addon,
    open: ({ path, model, ...ports }) =>
      openGraph(model, path, async (form) => {
        try {
          return await machine.addon.open({
            library: machine.runtime,
            provider: 'cuda',
            model: form,
            ...ports,
            threads,
            optimize: options.optimize,
            config: SESSION_CONFIG,
            cuda: {
              library: machine.scorer,
              device: cuda.device,
              tf32: cuda.tf32,
              allowCpuNodes: cuda.allowCpuNodes,
              memoryShare: MEMORY_SHARE / cuda.sessions,
              form: 'auto',
            },
          });
        } catch (error) {
          throw tellOpenError(error, machine, path);
        }
      }),
    tell: (error, path) => tellCudaError(error, machine, path),
    info: (session, { precision, vocabulary, fixedRows, fixedTime }) => {
      const gpu = session.device!;
      const cudnn = machine.addon.cudnnVersion();
      return {
        name: 'onnx-cuda',
        provider: 'cuda',
        device: gpu.name,
        precision: precision === 'fp32' && cuda.tf32 ? 'tf32' : precision,
        threads,
        instructionSet: `sm_${gpu.computeCapability.replace('.', '')}`,
        versions: {
          onnxruntime: session.runtimeVersion,
          'onnxruntime-node': runtimePackageVersion(),
          'cuda-driver': String(gpu.driver),
          'cuda-scorer-runtime': String(gpu.runtime),
          // Some kernels take another way where it is found.
          ...(cudnn === '' ? {} : { cudnn }),
        },
        vocabulary,
        fixedRows,
        fixedTime,
      };
    },
  };
}
