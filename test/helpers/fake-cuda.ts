/**
 * ONNX Runtime's published CUDA provider on a CUDA runtime that computes nothing (test/fake-cuda): what
 * a test needs to run `bpb` so, and why it cannot where it cannot.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadAddon } from '#bpb/engine/addon';
import { providerFiles } from '#bpb/engine/cuda/provider-files';
import { findRuntimeLibrary } from '#bpb/engine/library';
import { bpbIn, type Finished } from './command.js';
import { buildFakeCuda, compiler, cudaLibraries } from './fake-cuda-build.js';
import { type LaunchLog, readLaunchLog } from './launch-log.js';

/** Folder of a libonnxruntime with a CUDA provider, where that is not onnxruntime-node's own. */
const ortLib: string | undefined = process.env['BPB_TEST_ORT_LIB'];

/** Why the provider cannot be run so here, or the empty string. */
export const noFakeCuda: string = reason();

function reason(): string {
  if (process.platform !== 'linux') return 'not Linux';
  if ('reason' in loadAddon()) return 'no native addon';
  if (spawnSync(compiler, ['--version']).status !== 0) return 'no C++ compiler';
  const { provider, missing } = providerFiles(findRuntimeLibrary(ortLib));
  if (missing.length > 0) {
    return 'no CUDA provider of ONNX Runtime: node scripts/setup-cuda.mjs --wheel FILE';
  }
  if (!cudaLibraries(provider).includes('libcudart.so.13')) {
    return 'the CUDA provider is not built for CUDA 13: node scripts/setup-cuda.mjs --wheel FILE';
  }
  return '';
}

export interface FakeCuda {
  readonly folder: string;
  /** `env` with a cuDNN beside the rest: one that is there, and whose kernels all fail. */
  readonly envWithCudnn: Readonly<Record<string, string>>;
  /** What a process must have in its environment from its start on. */
  readonly env: Readonly<Record<string, string>>;
}

let built: FakeCuda | undefined;

/** The stand-in, compiled once in a test file. */
export function fakeCuda(): FakeCuda {
  built ??= build();
  return built;
}

function build(): FakeCuda {
  const folder = mkdtempSync(join(tmpdir(), 'bpb-fake-cuda-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const library = buildFakeCuda(providerFiles(findRuntimeLibrary(ortLib)).provider, folder);
  const cudnn = join(folder, 'cudnn');
  mkdirSync(cudnn);
  symlinkSync(library, join(cudnn, 'libcudnn.so.9'));
  const env = {
    // Before the system's folders: a real CUDA of this machine is not taken.
    LD_LIBRARY_PATH: folder,
    BPB_CUDA_DRIVER: join(folder, 'libcuda.so.1'),
    BPB_CUDA_LIBRARY: join(folder, 'libbpb_cuda.so'),
  };
  return { folder, env, envWithCudnn: { ...env, LD_LIBRARY_PATH: `${folder}:${cudnn}` } };
}

export interface FakeCudaRun extends Finished {
  readonly log: LaunchLog;
}

/** Runs `bpb` with these arguments on device cuda:0 of the stand-in. */
export async function bpbOnFakeCuda(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<FakeCudaRun> {
  const gpu = fakeCuda();
  const log = join(gpu.folder, 'launches.log');
  writeFileSync(log, '');
  const device = ['--device', 'cuda:0', ...(ortLib === undefined ? [] : ['--ort-lib', ortLib])];
  const finished = await bpbIn({ ...gpu.env, FAKE_CUDA_LOG: log, ...env }, [...args, ...device]);
  return { ...finished, log: readLaunchLog(readFileSync(log, 'utf8')) };
}
