/**
 * The onnx-cuda engine on a GPU. Without one every test here is skipped by name; what can be tested
 * without is in test/engine/30 and test/score/40.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { segmentTotals } from '#bpb/engine/q30';
import { rowNats } from '#bpb/engine/softmax';
import type { CudaOptions } from '#bpb/engine/types';
import { score } from '#bpb/index';
import { fullBatch, openEngine } from '../helpers/engines.js';
import { noGpu, ortLib } from '../helpers/gpu.js';
import { normals, type TableOptions, tableModel, uniform } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';
import { workshop } from '../helpers/workshop.js';

const cuda: CudaOptions = {
  device: 0,
  tf32: false,
  allowCpuNodes: false,
  shape: [16, 32],
  sessions: 1,
};
const wanted = { cuda, runtimeDirectory: ortLib };
const next = uniform(7);
const ids = (rows: number, time: number, below: number) =>
  Array.from({ length: rows }, () =>
    Array.from({ length: time }, () => Math.floor(next() * below)),
  );

const SOTU = fileURLToPath(new URL('../../models/sotu-8x256', import.meta.url));

describe.skipIf(noGpu !== '')(`on a GPU${noGpu && ` (skipped: ${noGpu})`}`, () => {
  // Rounded to fp16 a logit of 12 is off by up to 2^-8, to bf16 by 2^-5; the target's and the largest.
  test.each<[string, TableOptions, number]>([
    ['fp32', {}, 4e-6],
    ['int32 ids', { input: 'int32' }, 4e-6],
    ['fp16', { output: 'float16' }, 2 ** -7],
    ['bf16', { output: 'bfloat16' }, 2 ** -4],
  ])('%s logits are scored as the float64 scorer does', async (_, options, tolerance) => {
    for (const vocabulary of [2, 97, 1024, 8192, 50_257]) {
      const table = normals(vocabulary * 20, 5, 3);
      const engine = await openEngine('onnx-cuda', tableModel(table, vocabulary, options), wanted);
      const batch = fullBatch(ids(19, 30, 20), ids(19, 30, vocabulary));
      const { nats, totals } = await engine.score(batch);
      for (const [k, position] of batch.scored.entries()) {
        const row = batch.ids[position]!;
        const logits = table.subarray(row * vocabulary, (row + 1) * vocabulary);
        expect(Math.abs(nats[k]! - rowNats(logits, batch.targets[k]!, null))).toBeLessThan(
          tolerance,
        );
      }
      expect(totals).toEqual(segmentTotals(nats, batch.segmentEnds).totals);
      await engine.close();
    }
  });

  test('a batch scored again, beside others, repeats to the last bit', async () => {
    const table = normals(1024 * 50, 2, 3);
    const engine = await openEngine('onnx-cuda', tableModel(table, 1024), wanted);
    const batch = fullBatch(ids(16, 32, 50), ids(16, 32, 1024));
    const scores = await Promise.all(Array.from({ length: 20 }, () => engine.score(batch)));
    for (const { nats } of scores) expect(nats).toEqual(scores[0]!.nats);
    await engine.close();
  });

  test('no logit crosses the bus: four bytes a target, the sums and the flags', async () => {
    const engine = await openEngine('onnx-cuda', tableModel(normals(8192 * 50, 2), 8192), wanted);
    const batch = fullBatch(ids(16, 32, 50), ids(16, 32, 8192));
    const { deviceToHostBytes } = await engine.score(batch);
    expect(deviceToHostBytes).toBe(16 * 8 + 32 + 512 * 4);
    await engine.close();
  });

  test.skipIf(!existsSync(SOTU)).each(['chunk', 'sliding'] as const)(
    'the bundled model rewritten to fp16, %s: no node on the CPU, proved, and it repeats',
    async (window) => {
      const stride = window === 'sliding' ? { stride: 64 } : {};
      const given = { artifact: SOTU, device: 'cuda:0', ortLib, seqLen: 512, limitDocs: 10 };
      const run = () => score({ ...given, window, ...stride, optimize: true });
      const [one, two] = [await run(), await run()];
      expect(one.engine).toMatchObject({ name: 'onnx-cuda', precision: 'fp16' });
      // Counted only where no node ran on the CPU.
      expect(one.engine.device_to_host_bytes).toBeGreaterThan(0);
      expect(one.optimization).toMatchObject({ verdict: 'pass', precision: 'fp16' });
      expect(one.verification.verdict).toBe('pass');
      expect(two.totals).toEqual(one.totals);
    },
  );

  test('a device that is not there: exit 2', async () => {
    const w = await workshop();
    const options = { artifact: w.model, tokenizer: 'byte260', docs: w.docs, device: 'cuda:99' };
    const shape = { window: 'chunk', seqLen: 32 } as const;
    expect(await refusalOf(() => score({ ...options, ...shape, ortLib }))).toMatchObject({
      exitCode: 2,
    });
  });

  test.skipIf(!existsSync(SOTU))(
    'a trained model: the CPU’s score to 1e-5 nats, twice the same bits',
    async () => {
      const common = { artifact: SOTU, limitDocs: 3, ortLib };
      const cpu = await score({ ...common, device: 'cpu' });
      const gpu = { ...common, device: 'cuda:0', allowCpuNodes: true };
      const [one, two] = [await score(gpu), await score(gpu)];
      expect(one.verification.verdict).toBe('pass');
      expect(Math.abs(one.score.val_loss! - cpu.score.val_loss!)).toBeLessThan(1e-5);
      expect(two.totals).toEqual(one.totals);
      expect(two.identity.bits).toBe(one.identity.bits);
    },
  );
});
