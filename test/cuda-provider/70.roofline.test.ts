/** The launches that docs/roofline.md is computed from are those of a batch today. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import {
  BENCHMARK_SHAPES,
  benchmarkModels,
  noBenchmarkModels,
} from '../helpers/benchmark-models.js';
import { bpbOnFakeCuda, noFakeCuda } from '../helpers/fake-cuda.js';

const { chooseBatch, parseLog } = await import(
  new URL('../../bench/gpu/roofline/log.mjs', import.meta.url).href
);
const why = noFakeCuda || noBenchmarkModels;
const kept = fileURLToPath(new URL('../../bench/gpu/roofline/launches', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'bpb-roofline-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let models: Map<string, string> | undefined;

describe.skipIf(why !== '')(`kept launches${why && ` (skipped: ${why})`}`, () => {
  test.each(BENCHMARK_SHAPES)('%s', async (shape) => {
    models ??= benchmarkModels(folder);
    const { code, log } = await bpbOnFakeCuda([
      ...['score', models.get(shape)!, '--json', '--quiet', '--verify-rows', '0', '--optimize'],
      // Three batches of the run itself: those of the proof, in other shapes, come after them.
      ...['--batch-tokens', '65536', '--limit-docs', '20', '--window', 'chunk', '--tail', 'drop'],
    ]);
    expect(code).toBe(0);
    const fresh = parseLog(log.launches.map(({ line }) => `${line}\n`).join(''));
    const path = join(kept, `${shape}-fp16.launches`);
    expect(parseLog(readFileSync(path, 'utf8'))).toEqual(chooseBatch(fresh));
  });
});
