/**
 * The CUDA operators compiled for the CPU: what they refuse, their rounding, and their very kernels, thread by
 * thread, on the table of cases that a device must pass.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { type CheckLine, compileAndRun, removeCompiled } from './compiled.js';

const mistakes = compileAndRun<CheckLine>('mistakes', ['test/native-cuda/operator_mistakes.cc']);
// Its threads are fibers, made with ucontext and switched with longjmp.
const kernels =
  process.platform === 'linux'
    ? compileAndRun<CheckLine>('operators', [
        'test/native-cuda/operators.cc',
        '-Wno-unknown-pragmas',
        '-U_FORTIFY_SOURCE',
      ])
    : { lines: [], missing: 'skipped: needs Linux' };

afterAll(removeCompiled);

describe('the CUDA operators, emulated', () => {
  test.skipIf(mistakes.missing)(
    `their arguments are checked (${mistakes.missing ?? 'with the C++ compiler'})`,
    () => {
      expect(mistakes.lines.length).toBeGreaterThan(30);
    },
  );
  test.each(mistakes.lines)('$check', ({ ok, detail }) => {
    expect(ok, detail).toBe(true);
  });

  test.skipIf(kernels.missing)(`their kernels run (${kernels.missing ?? 'as fibers'})`, () => {
    // Four operators, three types, four kinds of values.
    expect(kernels.lines.length).toBe(48);
  });
  // Within the bounds of native/bench/operators/*_case.h, each with its reason there.
  test.each(kernels.lines)('$check', ({ ok, detail }) => {
    expect(ok, detail).toBe(true);
  });
});
