/**
 * Exports of current tools (test/exports) on the CUDA provider with `--optimize`: they open there as they do
 * without it, with all nodes on the device. Minutes, so only with BPB_TEST_LONG=1; BPB_TEST_MATRIX names the
 * folder that test/exports/20.tools.test.ts keeps.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ScoreResult } from '#bpb/score/result';
import { bpbOnFakeCuda, noFakeCuda } from '../helpers/fake-cuda.js';
import { complaints } from './batch-counts.js';

/** As in test/exports/entry.py. */
const TIME = 32;

const matrix = process.env['BPB_TEST_MATRIX'] ?? '';
const long = process.env['BPB_TEST_LONG'] === '1';
const why =
  noFakeCuda || (long && existsSync(matrix) ? '' : 'BPB_TEST_LONG=1 and BPB_TEST_MATRIX=FOLDER');

interface Entry {
  readonly outcome: string;
  readonly flags: readonly string[];
}

/** Names of those that a CPU scores. */
function scored(): string[] {
  if (why !== '') return ['none'];
  return readdirSync(matrix).filter((name) => {
    const path = join(matrix, name, 'entry.json');
    return existsSync(path) && entryOf(name).outcome === 'score';
  });
}

function entryOf(name: string): Entry {
  return JSON.parse(readFileSync(join(matrix, name, 'entry.json'), 'utf8'));
}

/** The engine that scores it, or the refusal. */
async function outcomeOf(name: string, ...flags: string[]) {
  const run = await bpbOnFakeCuda([
    ...['score', join(matrix, name, 'model.onnx'), '--tokenizer', 'byte260'],
    ...['--data', join(matrix, 'val'), '--window', 'chunk', '--seq-len', `${TIME}`],
    ...['--json', '--quiet', '--verify-rows', '0', ...entryOf(name).flags, ...flags],
  ]);
  expect(complaints(run.log)).toEqual([]);
  const answer = JSON.parse(run.stdout) as ScoreResult & { error?: object };
  return answer.error ?? { engine: answer.engine.name };
}

/** Refusals of the exported graph that a rewrite may lift: what asks for cuDNN, or for the CPU. */
const LIFTED = ['BPB_CUDNN', 'BPB_CPU_NODES'];

describe.skipIf(why !== '')(`strangers' graphs on the CUDA provider${why && ` (${why})`}`, () => {
  test.each(scored())('%s', async (name) => {
    const exported = await outcomeOf(name);
    const optimized = await outcomeOf(name, '--optimize');
    const lifted = 'code' in exported && LIFTED.includes(exported.code as string);
    if (lifted && 'engine' in optimized) expect(optimized.engine).toBe('onnx-cuda');
    else if (lifted) expect(optimized).toMatchObject({ code: exported.code });
    else expect(optimized).toEqual(exported);
  });
});
