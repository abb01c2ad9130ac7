/** Memory of a session on the CUDA provider: taken once, then never again, and halved where it is short. */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { ScoreResult } from '#bpb/score/result';
import { bpbOnFakeCuda, noFakeCuda } from '../helpers/fake-cuda.js';
import { bytesOf, countOf, type Launch } from '../helpers/launch-log.js';

const SOTU = fileURLToPath(new URL('../../models/sotu-8x256', import.meta.url));
const scored = ['score', SOTU, '--json', '--quiet', '--verify-rows', '0'];

const allocations = (batches: readonly (readonly Launch[])[]) =>
  batches.flat().filter(({ kind }) => kind === 'deviceMemory' || kind === 'pinnedMemory');

describe.skipIf(noFakeCuda !== '')(
  `memory on the CUDA provider${noFakeCuda && ` (skipped: ${noFakeCuda})`}`,
  () => {
    test.each([
      ['as exported', []],
      ['rewritten', ['--optimize']],
    ])('%s, over 300 batches: none is taken after the first 32', async (_, flags) => {
      const { code, stdout, log } = await bpbOnFakeCuda([
        ...scored,
        ...['--batch-tokens', '512', ...flags],
      ]);
      expect(code).toBe(0);
      const { coverage } = JSON.parse(stdout) as ScoreResult;
      // The run's own; those of a proof, on another session, come after them.
      const batches = log.batches.slice(0, Math.floor(coverage.scored / 512));
      expect(batches.length).toBeGreaterThan(300);
      expect(allocations(batches.slice(0, 2)).length).toBeGreaterThan(0);
      expect(allocations(batches.slice(32))).toEqual([]);
    });

    test('the second batch takes its upload and its results, and nothing for the model', async () => {
      const { code, log } = await bpbOnFakeCuda(scored);
      expect(code).toBe(0);
      const [first, second] = log.batches;
      expect(bytesOf(first!, 'deviceMemory')).toBeGreaterThan(2 ** 30);
      expect(countOf(second!, 'deviceMemory')).toBe(2);
      expect(bytesOf(second!, 'deviceMemory')).toBeLessThan(2 ** 22);
    });

    test('a GPU with too little of it is given smaller batches', async () => {
      const { code, stdout } = await bpbOnFakeCuda(
        ['score', SOTU, '--json', '--verify-rows', '0'],
        {
          FAKE_CUDA_MEMORY: `${3 * 2 ** 30}`,
        },
      );
      expect(code).toBe(0);
      const { engine, notes, score } = JSON.parse(stdout) as ScoreResult;
      expect(notes).toContain('out of GPU memory: batches of 128 rows were cut to 64');
      expect(engine.batch).toEqual([64, 512]);
      expect(score.val_loss).toBe(6);
    });

    test('one row that does not fit is the environment at fault', async () => {
      const { code, stdout } = await bpbOnFakeCuda([...scored, '--batch-tokens', '512'], {
        FAKE_CUDA_ALLOC_MAX: `${2 ** 20}`,
      });
      expect(code).toBe(4);
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'BPB_CUDA_MEMORY' } });
    });
  },
);
