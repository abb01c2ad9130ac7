/** The CUDA toolkit of this machine, looked for as the build looks (native/cuda/CMakeLists.txt). */
import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

export interface CudaToolkit {
  readonly nvcc: string;
  /** Folders of headers: `-I` each. */
  readonly includes: readonly string[];
  /** Release, as "13.0"; empty where nvcc does not say. */
  readonly version: string;
}

export function cudaToolkit(): CudaToolkit | undefined {
  const { BPB_NVCC, CUDA_HOME, CUDA_PATH, PATH } = process.env;
  const folders = [
    ...[CUDA_HOME, CUDA_PATH].filter((home) => home).map((home) => join(home!, 'bin')),
    ...(PATH ?? '').split(delimiter),
    '/usr/local/cuda/bin',
  ];
  const nvcc = [BPB_NVCC, ...folders.map((folder) => join(folder, 'nvcc'))].find(
    (path) => path && existsSync(path),
  );
  if (nvcc === undefined) return undefined;
  const { stdout } = spawnSync(nvcc, ['--version'], { encoding: 'utf8' });
  const root = dirname(dirname(realpathSync(nvcc)));
  return {
    nvcc,
    includes: [join(root, 'include'), join(root, 'include', 'cccl')].filter(existsSync),
    version: /release ([\d.]+)/.exec(stdout)?.[1] ?? '',
  };
}
