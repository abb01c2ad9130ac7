/** The benchmark on a runtime that computes nothing: its speed is one of wrong values, and it says so. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fakeCuda, noFakeCuda } from '../helpers/fake-cuda.js';
import { temporaryFolder } from '../helpers/folder.js';
import { ortLib } from '../helpers/gpu.js';
import { pythonWith } from '../helpers/python.js';

const root = resolve(import.meta.dirname, '../..');
const SHAPE = 'tiny-2x64';
const python = pythonWith('numpy', 'onnx');
const why = noFakeCuda || (python === undefined ? 'no Python with numpy and onnx' : '');

describe.skipIf(why !== '')(`the end-to-end benchmark${why && ` (skipped: ${why})`}`, () => {
  /** The answer and exit code, and the one line of results. */
  function run(variant: string, dryRun: string) {
    const models = temporaryFolder();
    const made = spawnSync(python!, ['bench/gpu/make_models.py', models, SHAPE], { cwd: root });
    expect(made.status, String(made.stderr)).toBe(0);
    const out = join(models, 'runs.jsonl');
    const what = ['--shape', SHAPE, '--variant', variant, '--windows', 'chunk'];
    const where = ortLib === undefined ? [] : ['--ort-lib', ortLib];
    const env = { ...process.env, ...fakeCuda().env, BPB_GPU_DRY_RUN: dryRun };
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['bench/gpu/run.mjs', models, out, ...what, ...where],
      { cwd: root, env, encoding: 'utf8' },
    );
    const [line] = readFileSync(out, 'utf8').trim().split('\n');
    return { status, text: stdout + stderr, line: JSON.parse(line!) as Record<string, unknown> };
  }

  test.each(['exported', 'fp16'])('fails where one row scored again is another, %s', (variant) => {
    const { status, text, line } = run(variant, '');
    expect(status, text).toBe(1);
    expect(text).toMatch(/answer: .*verification: fail, off by [\d.]+ nats on average/);
    expect(line['error']).toMatch(/^verification: fail/);
  });

  test('does not judge in a dry run', () => {
    const { status, text, line } = run('fp16', '1');
    expect([status, text]).toEqual([11, expect.stringContaining('answer: values not judged')]);
    expect(line['error']).toBeNull();
  });
});
