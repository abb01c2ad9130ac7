/** What nvcc makes for a machine with a GPU: the scorer and the kernel laboratory, for one architecture. */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { root } from './pack-tree.mjs';

/** Runs a program; its output is shown only when it fails, and then the script ends. */
export function must(program, args, options = {}) {
  const run = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28, ...options });
  if (run.status === 0) return run.stdout;
  throw new Error(
    `${program} ${args.join(' ')}: ${run.error?.message ?? `exit ${run.status ?? run.signal}`}\n${run.stdout ?? ''}${run.stderr ?? ''}`,
  );
}

/** The folder that these are built in, for an architecture. */
const folderFor = (sm) => join(root, `native/build/gpu-${sm}`);

/**
 * Builds CMake targets (`bpb_cuda`, `bpb_lab`) of native/cuda for `sm` ("90") where they are not there yet;
 * returns the folder of `libbpb_cuda.so` and `bpb_lab`. `runtime` is a shared libcudart to link in place of the
 * static one; what is linked to it is built beside it.
 */
export function buildNative(sm, targets, runtime) {
  const folder = runtime === undefined ? folderFor(sm) : join(dirname(runtime), 'build');
  must('cmake', [
    ...['-S', join(root, 'native/cuda'), '-B', folder],
    `-DBPB_CUDA_OUTPUT=${folder}/out`,
    `-DBPB_CUDA_ARCHITECTURES=arch=compute_${sm},code=sm_${sm}`,
    `-DBPB_CUDA_RUNTIME=${runtime ?? ''}`,
  ]);
  if (!must('cmake', ['--build', folder, '--target', 'help']).includes('bpb_lab')) {
    throw new Error(
      'no nvcc (BPB_NVCC, CUDA_HOME, PATH): install CUDA’s compiler, or take it from PyPI (docs/gpu.md)',
    );
  }
  must('cmake', ['--build', folder, '--target', ...targets]);
  return join(folder, 'out');
}
