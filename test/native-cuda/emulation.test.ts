/**
 * The CUDA scorer's arithmetic and row algorithm, compiled for the CPU: the table of cases that a
 * device must pass, scored by the same lanes in the same order.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { compileAndRun, type GroupLine, removeCompiled } from './compiled.js';

const checks = compileAndRun<{ check: string; ok: boolean; detail: string }>('checks', [
  'test/native-cuda/checks.cc',
  'native/src/fixed_point.cc',
]);
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

  // |mean| of a group's errors <= 1e-6 nats; each row within the limits that native/bench/cases.h
  // gives it, with its reason.
  test.each([...new Set(groups.lines.map((line) => line.group))])('%s', (group) => {
    for (const line of groups.lines.filter((other) => other.group === group)) {
      expect(line.ok, JSON.stringify(line)).toBe(true);
    }
  });
});
