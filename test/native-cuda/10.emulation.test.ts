/**
 * The CUDA scorer compiled for the CPU: its lanes on the table of cases that a device must pass, and
 * the whole kernel, thread by thread, against the lanes and a plain loop over the totals.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { type CheckLine, compileAndRun, type GroupLine, removeCompiled } from './compiled.js';

const checks = compileAndRun<CheckLine>('checks', [
  'test/native-cuda/checks.cc',
  'native/src/fixed_point.cc',
]);
// Its threads are fibers, made with ucontext and switched with longjmp.
const fibers = process.platform === 'linux';
const kernel = fibers
  ? compileAndRun<CheckLine>('kernel', [
      'test/native-cuda/kernel.cc',
      '-Wno-unknown-pragmas',
      '-U_FORTIFY_SOURCE',
    ])
  : { lines: [], missing: 'skipped: needs Linux' };
const groups = compileAndRun<GroupLine>('emulate', ['test/native-cuda/emulate.cc']);

afterAll(removeCompiled);

describe('the CUDA scorer, emulated', () => {
  test.skipIf(checks.missing)(`compiles (${checks.missing ?? 'with the C++ compiler'})`, () => {
    expect(checks.lines.length).toBeGreaterThan(20);
    expect(groups.lines.length).toBeGreaterThan(100);
  });

  test.each(checks.lines)('$check', ({ ok, detail }) => {
    expect(ok, detail).toBe(true);
  });

  // To the last bit: nats, totals, flags.
  test.skipIf(kernel.missing)(`the kernel runs (${kernel.missing ?? 'as fibers'})`, () => {
    expect(kernel.lines.length).toBeGreaterThan(70);
  });
  test.each(kernel.lines)('the kernel: $check', ({ ok, detail }) => {
    expect(ok, detail).toBe(true);
  });

  // |mean| of a group's errors <= 1e-6 nats; each row within the limits that native/bench/cases.h
  // gives it, with its reason.
  test.each([...new Set(groups.lines.map((line) => line.group))])('%s', (group) => {
    for (const line of groups.lines.filter((other) => other.group === group)) {
      expect(line.ok, JSON.stringify(line)).toBe(true);
    }
  });
});
