/**
 * ONNX Runtime's CUDA provider under `bpb score`, on a CUDA runtime that computes nothing: what opens, what
 * a batch queues, and that nothing grows. No value is judged here.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { ScoreResult } from '#bpb/score/result';
import { benchmarkModels, noBenchmarkModels } from '../helpers/benchmark-models.js';
import { bpbOnFakeCuda, noFakeCuda } from '../helpers/fake-cuda.js';
import { countOf } from '../helpers/launch-log.js';
import { complaints, countsOf, ownOf } from './batch-counts.js';
import { BATCHES, type Form, OWN, type Window } from './expected.js';

const SOTU = fileURLToPath(new URL('../../models/sotu-8x256', import.meta.url));
const BATCH_TOKENS = 16_384;

const folder = mkdtempSync(join(tmpdir(), 'bpb-cuda-provider-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let models: Map<string, string> | undefined;

function artifactOf(name: string): string {
  if (name === 'sotu-8x256') return SOTU;
  models ??= benchmarkModels(folder);
  return models.get(name)!;
}

const optimized: Readonly<Record<Form, readonly string[]>> = {
  exported: [],
  optimized: ['--optimize'],
};
const windows: Readonly<Record<Window, readonly string[]>> = {
  chunk: ['--limit-docs', '8', '--window', 'chunk', '--tail', 'drop'],
  sliding: ['--limit-docs', '3', '--window', 'sliding', '--stride', '64', '--tail', 'drop'],
};

describe.skipIf(noFakeCuda !== '')(
  `a batch on the CUDA provider${noFakeCuda && ` (skipped: ${noFakeCuda})`}`,
  () => {
    const cases = Object.entries(BATCHES).flatMap(([name, forms]) =>
      (['exported', 'optimized'] as const).flatMap((form) =>
        (['chunk', 'sliding'] as const).map((window) => ({
          name,
          form,
          window,
          expected: forms[form][window],
        })),
      ),
    );
    for (const { name, form, window, expected } of cases) {
      const absent = name === 'sotu-8x256' ? '' : noBenchmarkModels;
      test.skipIf(absent !== '')(
        `${name} ${form}, ${window}${absent && ` (skipped: ${absent})`}`,
        async () => {
          const run = await bpbOnFakeCuda([
            ...['score', artifactOf(name), '--json', '--quiet', '--verify-rows', '0'],
            ...['--batch-tokens', `${BATCH_TOKENS}`, ...optimized[form], ...windows[window]],
          ]);
          expect(run.stderr).toBe('');
          expect(run.code).toBe(0);
          const result = JSON.parse(run.stdout) as ScoreResult;
          expect(result.engine.name).toBe('onnx-cuda');
          expect(complaints(run.log)).toEqual([]);

          const [rows, time] = result.engine.batch;
          // Enough of the run's own batches: with --optimize those of the proof come after them.
          expect(result.coverage.scored).toBeGreaterThan(6 * rows * (result.window.stride ?? time));
          // The first opens the session; the first two take the memory of the two slots.
          const steady = run.log.batches.slice(2, 6);
          expect(steady).toHaveLength(4);
          // Nothing but, where the second slot was not needed before, its memory: the same as the first one's.
          // Pinned memory settles within the 16 runs of which one waits: 30.memory.
          const taken = (batches: typeof steady) =>
            batches.flat().filter(({ kind }) => kind === 'deviceMemory');
          const late = taken(steady).map(({ line }) => line);
          expect(late.length).toBeLessThanOrEqual(1);
          expect(taken(run.log.batches.slice(0, 2)).map(({ line }) => line)).toEqual(
            expect.arrayContaining(late),
          );
          for (const batch of steady) {
            expect(countsOf(batch)).toEqual(expected);
            // The batch before comes back, and is waited for, once.
            expect([countOf(batch, 'download'), countOf(batch, 'wait')]).toEqual([1, 1]);
            expect(new Set(batch.flatMap(({ stream }) => stream ?? [])).size).toBe(1);
          }
          if (form === 'optimized') {
            const { launches, passes } = ownOf(steady[0]!);
            expect(launches).toEqual(OWN[name]![window].launches);
            expect(passes).toBeCloseTo(OWN[name]![window].passes, 1);
            if (name === 'baseline-9x512') expect(passes).toBeLessThanOrEqual(18);
          }
        },
      );
    }
  },
);
