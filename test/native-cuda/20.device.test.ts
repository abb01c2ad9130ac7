/**
 * The built CUDA scorer: its library without a driver, and where there is a device the whole table of
 * cases and the sums of the C interface. Whatever cannot run is skipped by name.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  type CheckLine,
  compileAndRun,
  type GroupLine,
  jsonLines,
  removeCompiled,
} from './compiled.js';

const root = resolve(import.meta.dirname, '../..');

/** The first of a built file's places that exists. */
function built(variable: string, ...paths: string[]): string | undefined {
  return [process.env[variable], ...paths.map((path) => resolve(root, path))].find(
    (path) => path && existsSync(path),
  );
}

const library = built('BPB_CUDA_LIBRARY', 'native/build/Release/libbpb_cuda.so');
const lab = built(
  'BPB_CUDA_LAB',
  'native/build/lab/Release/bpb_lab',
  'native/build/Release/bpb_lab',
);

/** Why nothing can run on a device here, or undefined. */
function noDevice(): string | undefined {
  if (!lab) return 'bpb_lab is not built';
  const found = spawnSync(lab, ['device'], { encoding: 'utf8' });
  return found.status === 0 ? undefined : found.stderr.trim();
}

const missing = noDevice();
afterAll(removeCompiled);

describe('libbpb_cuda', () => {
  const why = library ? '' : ' (skipped: not built, there was no nvcc)';
  test.skipIf(!library)(`loads without a driver and refuses in words${why}`, () => {
    const program = compileAndRun<CheckLine>(
      'interface',
      ['test/native-cuda/interface.cc', '-ldl'],
      [library!],
    );
    expect(program.missing).toBeUndefined();
    expect(program.lines.length).toBeGreaterThanOrEqual(5);
    for (const line of program.lines) expect(line.ok, JSON.stringify(line)).toBe(true);
  });
});

describe(`on a CUDA device${missing ? ` (skipped: ${missing})` : ''}`, () => {
  // One run for both tests; they read different lines of it.
  const run = missing
    ? undefined
    : spawnSync(lab!, ['check'], { encoding: 'utf8', maxBuffer: 1 << 26 });

  test.skipIf(missing)('every case of the table, with every number of lanes', () => {
    expect(run?.status, run?.stderr).toBe(0);
    const shipped = jsonLines<GroupLine>(run!.stdout).filter((line) =>
      line.variant?.startsWith('shipped'),
    );
    expect(shipped.length).toBeGreaterThan(100);
    for (const line of shipped) expect(line.ok, JSON.stringify(line)).toBe(true);
  });

  test.skipIf(missing)('sums, flags and repeated runs of the C interface', () => {
    const checks = jsonLines<CheckLine>(run!.stdout).filter((line) => line.check);
    expect(checks.length).toBeGreaterThanOrEqual(8);
    for (const line of checks) expect(line.ok, JSON.stringify(line)).toBe(true);
  });
});
