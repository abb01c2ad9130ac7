import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planBatches } from '#bpb/windows/batches';
import { CoverageMap } from '#bpb/windows/coverage';
import { planWindows } from '#bpb/windows/plan';
import { blankStream } from '../helpers/stream.js';

describe('coverage', () => {
  test('refuses a second score of any target', () => {
    const coverage = new CoverageMap(200);
    coverage.mark(10, 90);
    expect(() => coverage.mark(99, 1)).toThrow(/scored twice/);
    expect(() => coverage.mark(1, 10)).toThrow(/scored twice/);
  });
  test('refuses targets outside the stream, t[0] among them', () => {
    expect(() => new CoverageMap(10).mark(0, 1)).toThrow(/outside 1\.\.9/);
    expect(() => new CoverageMap(10).mark(9, 2)).toThrow(/outside 1\.\.9/);
  });
  test('does not close while a target is missing', () => {
    const coverage = new CoverageMap(10);
    coverage.mark(1, 8);
    expect(() => coverage.close(0)).toThrow(/8 scored and 0 skipped are not the 9 targets/);
    coverage.close(1);
  });
  test('counts repeats where they are allowed', () => {
    const coverage = new CoverageMap(100, true);
    coverage.mark(1, 99);
    coverage.mark(60, 40);
    expect([coverage.scored, coverage.repeated]).toEqual([99, 40]);
  });
  test('agrees with a set, for any marks', () => {
    const marks = fc.array(
      fc.tuple(fc.integer({ min: 1, max: 140 }), fc.integer({ min: 1, max: 70 })),
    );
    fc.assert(
      fc.property(marks, (ranges) => {
        const coverage = new CoverageMap(300, true);
        const seen = new Set<number>();
        let total = 0;
        for (const [first, count] of ranges) {
          coverage.mark(first, count);
          for (let i = first; i < first + count; i++) seen.add(i);
          total += count;
        }
        expect(coverage.scored).toBe(seen.size);
        expect(coverage.repeated).toBe(total - seen.size);
        for (let i = 1; i < 300; i++) expect(coverage.has(i)).toBe(seen.has(i));
        for (const [first, count] of ranges) {
          const around = Array.from({ length: count + 20 }, (_, k) => first + k);
          for (const scored of [true, false]) {
            const found = around.find((i) => seen.has(i) === scored) ?? null;
            expect(coverage.find(first, around.length, scored)).toBe(found);
          }
        }
      }),
    );
  });
});

describe('batches', () => {
  const window = { seqLen: 16, stride: null, tail: 'drop', compat: null } as const;

  test('hold every row once, within the token budget', () => {
    const shape = fc.record({
      starts: fc.uniqueArray(fc.integer({ min: 1, max: 499 }), { maxLength: 40 }),
      batchTokens: fc.integer({ min: 1, max: 200 }),
      mode: fc.constantFrom('chunk' as const, 'document' as const),
    });
    fc.assert(
      fc.property(shape, ({ starts, batchTokens, mode }) => {
        const documents = [0, ...starts.sort((a, b) => a - b)];
        const plan = planWindows(blankStream(500, documents), { ...window, mode });
        const batches = planBatches(plan, batchTokens);
        const rows: number[] = [];
        let largest = 0;
        for (let b = 0; b < batches.count; b++) {
          const own = [...batches.rowIndexes(b)];
          const longest = Math.max(...own.map((i) => plan.row(i).length));
          expect(batches.cost(b)).toBe(own.length * longest);
          if (own.length > 1) expect(batches.cost(b)).toBeLessThanOrEqual(batchTokens);
          largest = Math.max(largest, batches.cost(b));
          rows.push(...own);
        }
        expect(batches.shape[0] * batches.shape[1]).toBe(largest);
        expect(rows.sort((a, b) => a - b)).toEqual(
          Array.from({ length: plan.rowCount }, (_, i) => i),
        );
      }),
    );
  });

  test('of one shape: no more rows than the first holds, all at its cost, the same rows in order', () => {
    const lengths = [16, 9, 9, 3, 2, 2, 1, 1, 1, 1];
    const starts = lengths.map((_, d) => lengths.slice(0, d).reduce((sum, n) => sum + n, 0));
    const stream = blankStream(45, starts);
    const plan = planWindows(stream, { ...window, mode: 'document' });
    const [loose, fixed] = [planBatches(plan, 32), planBatches(plan, 32, true)];
    const rowsOf = (batches: typeof loose) =>
      Array.from({ length: batches.count }, (_, b) => [...batches.rowIndexes(b)]);
    expect(rowsOf(fixed).flat()).toEqual(rowsOf(loose).flat());
    expect(fixed.shape).toEqual([2, 16]);
    expect(rowsOf(fixed).map((rows) => rows.length)).toEqual([2, 2, 2, 2, 1]);
    for (let b = 0; b < fixed.count; b++) expect(fixed.cost(b)).toBe(32);
    expect(Math.max(...rowsOf(loose).map((rows) => rows.length))).toBeGreaterThan(2);
  });

  test('document rows run longest first', () => {
    const plan = planWindows(blankStream(40, [0, 3, 20, 24]), { ...window, mode: 'document' });
    const batches = planBatches(plan, 16);
    const lengths = Array.from(
      { length: batches.count },
      (_, b) => plan.row(batches.rowIndexes(b)[0]!).length,
    );
    expect(lengths).toEqual([...lengths].sort((a, b) => b - a));
  });
});
