/**
 * A whole score on test doubles of GPUs: flags, workers, sums, the verification, the result.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type ScoreOptions, score } from '#bpb/index';
import { bpb } from '../helpers/command.js';
import { noFakeGpu, withFakeGpu } from '../helpers/fake-gpu.js';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture } from '../helpers/score-fixture.js';

async function options(more: Partial<ScoreOptions> = {}): Promise<ScoreOptions> {
  const w = await scoreFixture();
  const common = { tokenizer: 'byte260', docs: w.docs, window: 'chunk', seqLen: 16 } as const;
  return { artifact: w.model, ...common, ...more };
}

describe('without a GPU', () => {
  // Wherever the tests run: this driver is not there.
  const noDriver = { BPB_CUDA_DRIVER: '/nowhere/libcuda.so.1' };

  test('auto scores on the CPU and says so in a short note', () =>
    withEnvironment(noDriver, async () => {
      const result = await score(await options());
      expect(result.engine).toMatchObject({ name: 'onnx-cpu', devices: ['cpu'] });
      expect(result.engine.device_to_host_bytes).toBeNull();
      expect(result.notes).toEqual(['onnx-cuda is not available: no NVIDIA GPU driver here']);
      const named = await score(await options({ device: 'cpu' }));
      expect(named.notes).toEqual([]);
      expect(named.identity).toEqual(result.identity);
    }));

  test.each([{ engine: 'onnx-cuda' }, { device: 'cuda:0' }] as const)(
    '%j is exit 4 and its remedy',
    (more) =>
      withEnvironment(noDriver, async () => {
        const refusal = await refusalOf(async () => score(await options(more)));
        expect(refusal).toMatchObject({ code: 'BPB_CUDA_DRIVER', exitCode: 4 });
        expect(refusal.hint).toMatch(/Install the NVIDIA driver/);
      }),
  );

  test.each([
    { engine: 'onnx-cuda', device: 'cpu' },
    { engine: 'onnx-cpu', device: 'cuda:0' },
    { engine: 'onnx-js', precision: 'tf32' },
    { device: 'cpu', precision: 'tf32' },
    { device: 'gpu0' },
  ] as const)('%j is wrong usage', async (more) => {
    expect(await refusalOf(async () => score(await options(more)))).toMatchObject({ exitCode: 2 });
  });
});

async function withEnvironment<T>(env: Record<string, string>, work: () => Promise<T>) {
  const before = { ...process.env };
  Object.assign(process.env, env);
  try {
    return await work();
  } finally {
    for (const key of Object.keys(env)) {
      if (before[key] === undefined) delete process.env[key];
      else process.env[key] = before[key];
    }
  }
}

describe.skipIf(noFakeGpu !== '')(`on stand-ins${noFakeGpu && ` (${noFakeGpu})`}`, () => {
  test('one GPU: the CPU’s score, verified, with every byte that came back counted', () =>
    withFakeGpu({}, async (gpu) => {
      const cpu = await score(await options({ device: 'cpu' }));
      const result = await score(await options({ ortLib: gpu.runtime, batchTokens: 64 }));
      expect(result.notes).toEqual([]);
      expect(result.engine).toMatchObject({
        name: 'onnx-cuda',
        provider: 'cuda',
        device: 'Fake GPU',
        devices: ['cuda:0'],
        instruction_set: 'sm_90',
        batch: [4, 16],
        threads: 1,
      });
      expect(result.verification.verdict).toBe('pass');
      // Other fp32 lanes on the two: 4e-6 nats a target at most.
      expect(Math.abs(result.score.val_loss! - cpu.score.val_loss!)).toBeLessThan(4e-6);
      expect(result.identity.score).toBe(cpu.identity.score);
      expect(result.identity.bits).not.toBe(cpu.identity.bits);
      const counted = result.engine.device_to_host_bytes!;
      expect(counted).toBeGreaterThanOrEqual(4 * result.totals.targets);
      // Far below one row of logits (1040 bytes) a target: nats, sums of runs, flags.
      expect(counted).toBeLessThan(20 * result.totals.targets);
    }));

  test('two GPUs, two sessions each: the same sums to the last bit, all of them at work', () =>
    withFakeGpu({ FAKE_GPU_DEVICES: '2' }, async (gpu) => {
      const common = { ortLib: gpu.runtime, batchTokens: 32 };
      const one = await score(await options({ ...common, device: 'cuda:0' }));
      const two = await score(await options({ ...common, device: 'cuda:0,cuda:1', workers: 2 }));
      expect(two.totals).toEqual(one.totals);
      expect(two.engine).toMatchObject({ workers: 4, devices: ['cuda:0', 'cuda:1'] });
      expect(two.identity.bits).toBe(one.identity.bits);
      const log = readFileSync(gpu.log, 'utf8');
      expect(log).toMatch(/score \d+ on 0/);
      expect(log).toMatch(/score \d+ on 1/);
    }));

  test.each(['sliding', 'document'] as const)('%s windows', (window) =>
    withFakeGpu({}, async (gpu) => {
      const shape = { window, stride: 4, batchTokens: 48 };
      const cpu = await score(await options({ ...shape, device: 'cpu' }));
      const result = await score(await options({ ...shape, ortLib: gpu.runtime }));
      expect(result.coverage).toEqual(cpu.coverage);
      expect(Math.abs(result.score.val_loss! - cpu.score.val_loss!)).toBeLessThan(4e-6);
    }),
  );

  test('out of memory in the middle: a smaller batch, the same sums, a note, other bits', () =>
    withFakeGpu({}, async (gpu) => {
      const common = { ortLib: gpu.runtime, batchTokens: 128 };
      const roomy = await score(await options(common));
      process.env['FAKE_GPU_ROWS_MAX'] = '3';
      try {
        const tight = await score(await options(common));
        expect(tight.totals).toEqual(roomy.totals);
        expect(tight.engine.batch).toEqual([2, 16]);
        expect(tight.notes).toEqual([
          'out of GPU memory: batches of 8 rows were cut to 4',
          'out of GPU memory: batches of 4 rows were cut to 2',
        ]);
        expect(tight.identity.score).toBe(roomy.identity.score);
        expect(tight.identity.bits).not.toBe(roomy.identity.bits);
      } finally {
        delete process.env['FAKE_GPU_ROWS_MAX'];
      }
    }));

  test('a device lost in the middle ends the run: exit 4, no score', () =>
    withFakeGpu({ FAKE_GPU_LOST_AT: '3' }, async (gpu) => {
      const w = await scoreFixture();
      const { code, stdout, stderr } = await bpb(
        ...['score', w.model, '--tokenizer', 'byte260', '--docs', w.docs, '--window', 'chunk'],
        ...['--seq-len', '16', '--batch-tokens', '32', '--ort-lib', gpu.runtime],
      );
      expect(code).toBe(4);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/BPB_CUDA_LOST/);
    }));

  test('cuda:7 on a machine with one GPU: exit 2', () =>
    withFakeGpu({}, async () => {
      const { code, stderr } = await bpb('score', 'x.onnx', '--device', 'cuda:7');
      expect(code).toBe(2);
      expect(stderr).toMatch(/cuda:0, the only one; found cuda:7/);
    }));

  test('nodes on the CPU under auto: the CPU scores, and the note names them', () =>
    withFakeGpu({ FAKE_GPU_CPU_NODES: '1' }, async (gpu) => {
      const result = await score(await options({ ortLib: gpu.runtime }));
      expect(result.engine).toMatchObject({ name: 'onnx-cpu', devices: ['cpu'] });
      expect(result.notes).toEqual([
        expect.stringMatching(/^onnx-cuda is not available: on the CPU: Gather/),
      ]);
      const accepted = await score(await options({ ortLib: gpu.runtime, allowCpuNodes: true }));
      expect(accepted.engine).toMatchObject({ name: 'onnx-cuda', device_to_host_bytes: null });
    }));
});
