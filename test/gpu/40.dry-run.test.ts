/**
 * The whole measurement without a GPU: packed, and run from its archives in an empty folder on a CUDA
 * runtime that computes nothing. Takes minutes, so only `npm run test:long` runs it.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { providerFiles } from '#bpb/engine/cuda/provider-files';
import { findRuntimeLibrary } from '#bpb/engine/library';
import { noFakeCuda } from '../helpers/fake-cuda.js';
import { buildFakeCuda } from '../helpers/fake-cuda-build.js';
import { temporaryFolder } from '../helpers/folder.js';
import { ortLib } from '../helpers/gpu.js';
import { pythonWith } from '../helpers/python.js';

const root = resolve(import.meta.dirname, '../..');

function missing(): string {
  if (!process.env['BPB_TEST_LONG']) return 'npm run test:long runs it';
  if (noFakeCuda !== '') return noFakeCuda;
  const nvcc = process.env['BPB_NVCC'] ?? 'nvcc';
  if (spawnSync(nvcc, ['--version']).status !== 0) return 'no nvcc';
  if (pythonWith('numpy', 'onnx') === undefined) return 'no Python with numpy and onnx';
  return '';
}

const why = missing();

/** Statuses that a step may end with here, by what it is. */
function allowed(step: string): RegExp {
  if (/^(peer|ncu)/.test(step)) return /^peer absent$/;
  return /^values not judged$/;
}

describe.skipIf(why !== '')(`the measurement${why && ` (skipped: ${why})`}`, () => {
  test('every step ends with its own answer, and its results are there', () => {
    const folder = temporaryFolder();
    const [archives, out] = [join(folder, 'archives'), join(folder, 'out')];
    const runtime = temporaryFolder();
    buildFakeCuda(providerFiles(findRuntimeLibrary(ortLib)).provider, runtime);
    const node = (script: string, ...args: string[]) => {
      const env = { ...process.env, PYTHON: pythonWith('numpy', 'onnx') };
      const run = spawnSync(process.execPath, [join(root, script), ...args], {
        ...{ env, cwd: root, encoding: 'utf8', maxBuffer: 1 << 28 },
      });
      expect(run.status, run.stdout + run.stderr).toBe(0);
    };
    const ort = ortLib ?? join(findRuntimeLibrary(), '..');
    const quick = ['--level', '1', '--archive-mib', '64'];
    node('scripts/gpu-pack.mjs', '--out', archives, '--ort', ort, ...quick);
    // Limits are those of a machine with 16 cores.
    const patience = ['--patience', '6', '--seconds', '1500'];
    node('scripts/gpu-dry-run.mjs', archives, runtime, out, ...patience);

    spawnSync('tar', ['-xzf', join(out, 'results.tar.gz'), '-C', folder]);
    const steps = join(folder, 'results/steps');
    const names = readdirSync(steps).map((name) => name.replace('.json', ''));
    const listed = readFileSync(join(root, 'scripts/gpu/steps'), 'utf8')
      .split('\n')
      .flatMap((line) => /^[A-Z] (\S+)/.exec(line)?.[1] ?? []);
    expect(names.sort()).toEqual(listed.sort());
    for (const name of names) {
      const step = JSON.parse(readFileSync(join(steps, `${name}.json`), 'utf8')) as {
        status: string;
        dry_run: boolean;
      };
      expect(step.status, name).toMatch(allowed(name));
      expect(step.dry_run).toBe(true);
    }
    const results = readdirSync(join(folder, 'results'));
    for (const file of ['machine.json', 'kernel-check.jsonl', 'kernel-lab.jsonl', 'doctor.json']) {
      expect(results).toContain(file);
    }
    for (const file of ['tests.jsonl', 'sotu.jsonl', 'end-to-end.jsonl', 'adaptive.jsonl']) {
      expect(results).toContain(file);
    }
  }, 2_400_000);
});
