/**
 * What the assembler says of the CUDA operators: for each device that has code of its own, no kernel spills
 * registers or takes local memory. Needs nvcc.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { cudaToolkit } from '../helpers/cuda-toolkit.js';
import { temporaryFolder } from '../helpers/folder.js';

const toolkit = cudaToolkit();
const source = fileURLToPath(
  new URL('../../native/src/cuda/operators/operators_cuda.cu', import.meta.url),
);

/** Lines of the assembler's report on stacks and spills, one a kernel and device. */
function stacks(): string[] {
  const run = spawnSync(
    toolkit!.nvcc,
    [
      // As native/cuda/CMakeLists.txt compiles it.
      ...['-std=c++17', '-O3', '-fmad=false', '--threads', '2', '-Xptxas=-v'],
      ...['-gencode', 'arch=compute_80,code=sm_80', '-gencode', 'arch=compute_90,code=sm_90'],
      ...['-c', '-o', `${temporaryFolder()}/operators.o`, source],
    ],
    { encoding: 'utf8', maxBuffer: 1 << 26 },
  );
  expect(run.status, run.stderr).toBe(0);
  return `${run.stdout}${run.stderr}`
    .split('\n')
    .filter((line) => line.includes('bytes stack frame'));
}

test.skipIf(toolkit === undefined)(
  `no operator's kernel spills${toolkit ? '' : ' (skipped: no nvcc)'}`,
  () => {
    const found = stacks();
    // 51 kernels for each of two devices.
    expect(found.length).toBeGreaterThan(90);
    for (const line of found) {
      expect(line.trim()).toBe('0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads');
    }
  },
);
