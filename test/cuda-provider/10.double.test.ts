/**
 * The stand-in for CUDA's runtime itself: that its binary interface is CUDA's, that device memory is out of
 * the host's reach, and that the real scorer runs on it as its own stand-in does.
 */
import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { ScoreResult } from '#bpb/score/result';
import { cudaToolkit } from '../helpers/cuda-toolkit.js';
import { bpbOnFakeCuda, fakeCuda, noFakeCuda } from '../helpers/fake-cuda.js';
import { compile, compiler, SOURCES } from '../helpers/fake-cuda-build.js';

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const toolkit = cudaToolkit();
const noCompiler = spawnSync(compiler, ['--version']).status !== 0;
const no13 = !toolkit?.version.startsWith('13.');

test.skipIf(noCompiler || no13)(
  `the layouts and numbers are those of CUDA's headers${no13 ? ' (skipped: no CUDA 13 toolkit)' : ''}`,
  () => {
    const includes = toolkit!.includes.flatMap((folder) => ['-isystem', folder]);
    const source = join(SOURCES, 'check', 'abi.cc');
    compile(['-std=c++17', '-fsyntax-only', ...includes, '-I', SOURCES, source]);
  },
);

describe.skipIf(noFakeCuda !== '')(
  `a CUDA runtime that computes nothing${noFakeCuda && ` (skipped: ${noFakeCuda})`}`,
  () => {
    test('device memory can be copied to and from, and not touched', () => {
      const { folder } = fakeCuda();
      const program = join(folder, 'touch');
      const library = join(folder, 'libfake_cuda.so');
      compile([
        '-std=c++17',
        '-I',
        SOURCES,
        '-o',
        program,
        join(SOURCES, 'check', 'touch.cc'),
        library,
      ]);
      const run = (what: string) =>
        spawnSync(program, [what], { encoding: 'utf8', env: { LD_LIBRARY_PATH: folder } });
      expect(run('copy')).toMatchObject({ status: 0, stdout: 'came back\n' });
      expect(run('beyond')).toMatchObject({ status: 0, stdout: 'refused\n' });
      expect(run('freed')).toMatchObject({ status: 0, stdout: 'refused\n' });
      expect(run('touch').signal).toBe('SIGSEGV');
    });

    test.skipIf(no13)(
      `libbpb_cuda itself launches what its stand-in does${no13 ? ' (skipped: no CUDA 13 toolkit)' : ''}`,
      async () => {
        const { folder } = fakeCuda();
        symlinkSync(join(folder, 'libfake_cuda.so'), join(folder, 'libcudart.so'));
        const real = join(folder, 'libbpb_cuda_real.so');
        const built = spawnSync(
          toolkit!.nvcc,
          [
            ...['-std=c++17', '-O1', '-fmad=false', '-cudart', 'shared', '-cudadevrt', 'none'],
            ...['-shared'],
            ...['-Xcompiler=-fPIC,-fvisibility=hidden', '-arch=sm_90', '-L', folder, '-o', real],
            ...[at('native/src/nll_cuda.cu'), at('native/src/cuda/memory.cu')],
            at('native/src/cuda/operators/operators_cuda.cu'),
          ],
          { encoding: 'utf8' },
        );
        expect(built.stderr).toBe('');
        const args = [
          'score',
          at('models/sotu-8x256'),
          '--limit-docs',
          '2',
          '--batch-tokens',
          '4096',
        ];
        const flags = ['--json', '--verify-rows', '0'];
        const [ours, its] = [
          await bpbOnFakeCuda([...args, ...flags]),
          await bpbOnFakeCuda([...args, ...flags], { BPB_CUDA_LIBRARY: real }),
        ];
        expect([ours.code, its.code]).toEqual([0, 0]);
        const [a, b] = [ours, its].map(({ stdout }) => JSON.parse(stdout) as ScoreResult);
        expect(b!.score.val_loss).toBe(6);
        expect(b!.totals).toEqual(a!.totals);
        expect(its.log.batches.length).toBe(ours.log.batches.length);
        // When the next batch's ids go up beside this order is the host's affair.
        const ordered = ['kernel', 'product', 'memset', 'deviceCopy', 'download'];
        const shapes = (batch: (typeof ours.log.batches)[number]) =>
          batch
            .filter(({ kind }) => ordered.includes(kind))
            .map(({ kind, line, bytes, name }) => {
              const scorers = /clear_flags|score_kernel/.exec(name)?.[0];
              return [kind, bytes, scorers ?? name, /grid=\S+ block=\S+/.exec(line)?.[0]];
            });
        for (const [index, batch] of its.log.batches.slice(1).entries()) {
          expect(shapes(batch)).toEqual(shapes(ours.log.batches[index + 1]!));
        }
      },
    );
  },
);
