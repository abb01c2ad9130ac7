/** Failures of a GPU: errors of kind environment with a remedy, and no score. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { ScoreResult } from '#bpb/score/result';
import { bpbOnFakeCuda, fakeCuda, noFakeCuda } from '../helpers/fake-cuda.js';
import { temporaryFolder } from '../helpers/folder.js';
import { groupQueryAttentionModel, TIME } from './attention-model.js';

const at = (model: string) => fileURLToPath(new URL(`../../models/${model}`, import.meta.url));
const scored = (model: string) => ['score', at(model), '--json', '--quiet', '--verify-rows', '0'];
const small = ['--limit-docs', '1'];

/** Arguments that score one GroupQueryAttention on some bytes. */
function groupQueryAttention(): string[] {
  const folder = temporaryFolder();
  const [model, docs] = [join(folder, 'model.onnx'), join(folder, 'docs.jsonl')];
  writeFileSync(model, groupQueryAttentionModel());
  writeFileSync(
    docs,
    `${JSON.stringify({ text: 'Four score and seven years ago. '.repeat(60) })}\n`,
  );
  const data = [
    '--tokenizer',
    'byte260',
    '--docs',
    docs,
    '--window',
    'chunk',
    '--seq-len',
    `${TIME}`,
  ];
  return ['score', model, ...data, '--json', '--quiet', '--verify-rows', '0'];
}

describe.skipIf(noFakeCuda !== '')(
  `failures on the CUDA provider${noFakeCuda && ` (skipped: ${noFakeCuda})`}`,
  () => {
    test('a driver older than the runtime', async () => {
      const { code, stdout, log } = await bpbOnFakeCuda([...scored('sotu-8x256'), ...small], {
        FAKE_CUDA_DRIVER_VERSION: '12080',
      });
      expect(code).toBe(4);
      expect(JSON.parse(stdout).error).toMatchObject({ code: 'BPB_CUDA_DRIVER' });
      expect(log.batches).toEqual([]);
    });

    test('a device that is lost in the middle of the run', async () => {
      const { code, stdout, log } = await bpbOnFakeCuda(
        [...scored('sotu-8x256'), '--batch-tokens', '16384'],
        { FAKE_CUDA_LOST_AT: '1500' },
      );
      expect(code).toBe(4);
      expect(JSON.parse(stdout).error).toMatchObject({ code: 'BPB_CUDA_LOST' });
      expect(log.batches.length).toBeGreaterThan(3);
    });

    test('a node that asks for cuDNN where there is none', async () => {
      const { code, stdout } = await bpbOnFakeCuda([
        ...scored('sotu-bias'),
        ...small,
        '--allow-cpu-nodes',
      ]);
      expect(code).toBe(4);
      const { error } = JSON.parse(stdout);
      expect(error).toMatchObject({
        code: 'BPB_CUDNN',
        path: expect.stringMatching(/model\.onnx/),
      });
      expect(error.actual).toMatch(/^ReduceMean \(mean_next\)/);
      expect(error.hint).toMatch(/Install cuDNN 9.*--device cpu/);
    });

    test('a cuDNN that does not do', async () => {
      const { code, stdout } = await bpbOnFakeCuda(
        [...scored('sotu-bias'), ...small, '--allow-cpu-nodes'],
        fakeCuda().envWithCudnn,
      );
      expect(code).toBe(4);
      const { error } = JSON.parse(stdout);
      expect(error).toMatchObject({ code: 'BPB_CUDNN', message: 'cuDNN failed.' });
      expect(error.actual).toMatch(/^ReduceMean \(mean_next\): .*CUDNN failure/);
    });
  },
);

describe.skipIf(noFakeCuda !== '')(
  `what decides the bits on the CUDA provider${noFakeCuda && ` (skipped: ${noFakeCuda})`}`,
  () => {
    // What --optimize makes of attention, and what an exporter of key-value caches writes.
    test.each([
      [
        'Attention',
        () => [...scored('sotu-8x256'), ...small, '--optimize', '--batch-tokens', '512'],
      ],
      ['GroupQueryAttention', groupQueryAttention],
    ])(
      '%s in fp16 takes the same kernels with and without cuDNN, which is recorded',
      async (_, make) => {
        const args = make();
        const without = await bpbOnFakeCuda(args);
        const beside = await bpbOnFakeCuda(args, fakeCuda().envWithCudnn);
        expect([without.code, beside.code]).toEqual([0, 0]);
        const kernels = (run: typeof without) =>
          run.log.batches[2]!.filter(({ kind }) => kind === 'kernel').map(({ name }) => name);
        expect(kernels(without).some((name) => name.includes('flash_fwd'))).toBe(true);
        expect(kernels(beside)).toEqual(kernels(without));
        expect(beside.log.launches.filter(({ line }) => line.startsWith('CUDNN '))).toEqual([]);
        const [a, b] = [without, beside].map(({ stdout }) => JSON.parse(stdout) as ScoreResult);
        expect(a!.engine.versions).not.toHaveProperty('cudnn');
        expect(b!.engine.versions['cudnn']).toBe('9.10.2');
        expect(b!.identity.bits).not.toBe(a!.identity.bits);
        expect(b!.identity.score).toBe(a!.identity.score);
      },
    );

    test('products of 16-bit factors add in fp32, whatever the environment says', async () => {
      const { code, log } = await bpbOnFakeCuda(
        [...scored('sotu-8x256'), ...small, '--optimize', '--batch-tokens', '512'],
        { ORT_CUDA_GEMM_OPTIONS: '1' },
      );
      expect(code).toBe(0);
      const blas = log.batches[2]!.filter(({ line }) => line.startsWith('BLAS '));
      const products = blas.filter(({ kind }) => kind === 'product');
      expect(products.length).toBeGreaterThan(0);
      for (const product of products) {
        expect(product.line).toMatch(/ at=2 .* comp=68 /); // fp16, CUBLAS_COMPUTE_32F
        const before = blas[blas.indexOf(product) - 1]!;
        // CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION
        expect(before.line).toBe('BLAS cublasSetMathMode mode=16');
      }
    });
  },
);
