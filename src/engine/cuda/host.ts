/**
 * Host of a native engine on one GPU: opens graphs on ONNX Runtime's CUDA provider.
 */
import { runtimePackageVersion } from '../library.js';
import type { NativeHost } from '../native-host.js';
import { openGraph } from '../open-graph.js';
import { sessionConfig } from '../session-config.js';
import type { CudaOptions, EngineOptions } from '../types.js';
import { findMachine, toCudaError, toOpenError } from './machine.js';

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
export function cudaHost(
  { runtime }: Pick<EngineOptions, 'runtime'>,
  cuda: CudaOptions,
): NativeHost {
  const machine = findMachine(cuda.device, runtime.ortLib);
  // A session on a GPU only launches work, unless some of it stays on the CPU.
  const threads = cuda.allowCpuNodes ? runtime.threads : 1;
  const found = { ...runtime, threads, library: machine.runtime, config: sessionConfig() };
  const gpu = {
    ...cuda,
    library: machine.scorer,
    memoryShare: MEMORY_SHARE / cuda.sessions,
    form: 'auto',
  } as const;
  return {
    addon: machine.addon,
    open: (graph) =>
      openGraph(graph, async (model) => {
        try {
          return await machine.addon.open({
            graph: { ...graph, model },
            runtime: found,
            cuda: gpu,
          });
        } catch (error) {
          throw toOpenError(error, machine, graph.path);
        }
      }),
    toBpbError: (error, path) => toCudaError(error, machine, path),
    info: (session, { precision, vocabulary, fixedRows, fixedTime }) => {
      const device = session.device!;
      const cudnn = machine.addon.cudnnVersion();
      return {
        name: 'onnx-cuda',
        provider: 'cuda',
        device: device.name,
        precision: precision === 'fp32' && cuda.tf32 ? 'tf32' : precision,
        threads,
        instructionSet: `sm_${device.computeCapability.replace('.', '')}`,
        versions: {
          onnxruntime: session.runtimeVersion,
          'onnxruntime-node': runtimePackageVersion(),
          'cuda-driver': String(device.driver),
          'cuda-scorer-runtime': String(device.runtime),
          // Some kernels use cuDNN where it is found.
          ...(cudnn === '' ? {} : { cudnn }),
        },
        vocabulary,
        fixedRows,
        fixedTime,
      };
    },
  };
}
