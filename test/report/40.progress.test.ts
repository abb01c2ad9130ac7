/** Progress on a terminal and in a log: which updates are shown. */
import { stripVTControlCharacters } from 'node:util';
import { expect, test, vi } from 'vitest';
import type { Progress } from '#bpb/progress';
import { ProgressReporter } from '#bpb/report/progress';

/** What is written of updates, each so many milliseconds after the one before. */
function shown(isTTY: boolean, updates: readonly (readonly [number, Progress['phase']])[]) {
  const written: string[] = [];
  const stream = { isTTY, columns: 80, write: (text: string) => written.push(text) };
  const now = vi.spyOn(performance, 'now');
  let time = 1e6;
  const reporter = new ProgressReporter(stream as unknown as NodeJS.WriteStream);
  for (const [after, phase] of updates) {
    time += after;
    now.mockReturnValue(time);
    reporter.update({ phase, done: 0, total: null, unit: '', bpb: null });
  }
  now.mockRestore();
  return written.map((text) => stripVTControlCharacters(text).trim());
}

test('a terminal shows each phase at once: the next update may be seconds away', () => {
  const updates = [
    [0, 'tokenize'],
    [1, 'rewrite'],
    [1, 'load'],
  ] as const;
  expect(shown(true, updates)).toEqual(['tokenizing', 'rewriting the model', 'loading the model']);
});

test('within a phase a terminal is written at most ten times a second', () => {
  const updates = Array.from({ length: 100 }, () => [10, 'score'] as const);
  expect(shown(true, updates)).toHaveLength(10);
});

test('a log has a line each five seconds, and none of a phase that ends before', () => {
  const updates = [
    [0, 'load'],
    [4000, 'score'],
    [4999, 'score'],
    [1, 'score'],
    [1, 'verify'],
  ] as const;
  expect(shown(false, updates)).toEqual(['scoring']);
});
