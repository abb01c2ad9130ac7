/** What nvcc makes for a machine with a GPU: the scorer and the kernel laboratory, for one architecture. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './pack-tree.mjs';

/** Runs a program; its output is shown only when it fails, and then the script ends. */
export function must(program, args, options = {}) {
  const run = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (run.status === 0) return run.stdout;
  throw new Error(
    `${program} ${args.join(' ')}: ${run.error?.message ?? `exit ${run.status ?? run.signal}`}\n${run.stdout ?? ''}${run.stderr ?? ''}`,
  );
}

/**
 * Paths of `libbpb_cuda.so` and `bpb_lab` for `sm` ("90"), built where they are not there yet. `runtime` is a
 * shared libcudart to link in place of the static one, or undefined.
 */
export function buildNative(sm, runtime) {
  const folder = join(root, `native/build/gpu-${sm}${runtime === undefined ? '' : '-shared'}`);
  must('cmake', [
    ...['-S', join(root, 'native/cuda'), '-B', folder],
    `-DBPB_CUDA_OUTPUT=${folder}/out`,
    `-DBPB_CUDA_ARCHITECTURES=arch=compute_${sm},code=sm_${sm}`,
    `-DBPB_CUDA_RUNTIME=${runtime ?? ''}`,
  ]);
  const built = { scorer: join(folder, 'out/libbpb_cuda.so'), lab: join(folder, 'out/bpb_lab') };
  const targets = must('cmake', ['--build', folder, '--target', 'help']);
  if (!targets.includes('bpb_lab')) {
    throw new Error(
      'no nvcc (BPB_NVCC, CUDA_HOME, PATH): install CUDA’s compiler, or pip install nvidia-cuda-nvcc nvidia-cuda-cccl nvidia-cuda-runtime nvidia-nvvm nvidia-cuda-crt',
    );
  }
  must('cmake', ['--build', folder, '--target', 'bpb_lab', 'bpb_cuda']);
  for (const path of Object.values(built)) {
    if (!existsSync(path)) throw new Error(`nvcc left no ${path}`);
  }
  return built;
}
