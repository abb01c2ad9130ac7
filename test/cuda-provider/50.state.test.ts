/**
 * The artifacts with state on the CUDA provider, as exported and in their own windows: which of their nodes
 * stay on the CPU, what a batch queues, that nothing grows; or what is said where a node needs cuDNN.
 */
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import type { ScoreResult } from '#bpb/score/result';
import { bpbOnFakeCuda, noFakeCuda } from '../helpers/fake-cuda.js';
import { bytesOf, countOf } from '../helpers/launch-log.js';
import { complaints, countsOf } from './batch-counts.js';
import { STATE } from './expected.js';

const scored = (name: string) => [
  'score',
  fileURLToPath(new URL(`../../models/${name}`, import.meta.url)),
  ...['--json', '--verify-rows', '0'],
];

describe.skipIf(noFakeCuda !== '')(
  `state on the CUDA provider${noFakeCuda && ` (skipped: ${noFakeCuda})`}`,
  () => {
    for (const [name, { cpuNodes, most, needsCudnn }] of Object.entries(STATE)) {
      test(`${name}: nodes on the CPU are named, and refused unless they are accepted`, async () => {
        const { code, stdout } = await bpbOnFakeCuda(scored(name));
        expect(code).toBe(4);
        const { error } = JSON.parse(stdout);
        expect(error).toMatchObject({
          code: 'BPB_CPU_NODES',
          actual: `on the CPU: ${cpuNodes}`,
        });
      });

      if (needsCudnn !== undefined) {
        test(`${name}: ${needsCudnn} needs cuDNN, which is the environment's fault`, async () => {
          const { code, stdout } = await bpbOnFakeCuda([...scored(name), '--allow-cpu-nodes']);
          expect(code).toBe(4);
          const { error } = JSON.parse(stdout);
          expect(error.code).toBe('BPB_CUDNN');
          expect(error.actual).toContain(`${needsCudnn} asks for cuDNN`);
        });
      }

      if (most !== null) {
        test(`${name}: over 300 batches within the counts, and none grows`, async () => {
          const { code, stdout, log } = await bpbOnFakeCuda([...scored(name), '--allow-cpu-nodes']);
          expect(code).toBe(0);
          expect(complaints(log)).toEqual([]);
          const { notes, score } = JSON.parse(stdout) as ScoreResult;
          expect(notes).toContain(`these nodes ran on the CPU: ${cpuNodes}`);
          expect(score.val_loss).toBe(6);
          expect(log.batches.length).toBeGreaterThan(300);
          const over: string[] = [];
          for (const [index, batch] of log.batches.slice(8).entries()) {
            const found = countsOf(batch);
            for (const kind of Object.keys(most) as (keyof typeof most)[]) {
              if (found[kind] > most[kind]) over.push(`batch ${index + 8}: ${found[kind]} ${kind}`);
            }
            const grown = bytesOf(batch, 'deviceMemory') + bytesOf(batch, 'pinnedMemory');
            if (grown > 0) over.push(`batch ${index + 8} takes ${grown} bytes`);
            if (countOf(batch, 'download') !== 1)
              over.push(`batch ${index + 8} reads more than once`);
          }
          expect(over).toEqual([]);
          // Nats, sums and flags of at most 12 rows: no logits, no state.
          const down = log.launches.filter(({ kind }) => kind === 'download');
          expect(Math.max(...down.map(({ bytes }) => bytes))).toBeLessThan(2 ** 14);
        });
      }
    }
  },
);
