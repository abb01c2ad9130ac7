/** The quantile of t against a table of 351 values with 19 digits. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { ratioUncertainty } from '#bpb/score/statistics';
import { studentQuantile } from '#bpb/score/student-t';

interface Table {
  readonly p: readonly number[];
  readonly degrees: Readonly<Record<string, readonly string[]>>;
}

const table: Table = JSON.parse(readFileSync(new URL('./student-t.json', import.meta.url), 'utf8'));
const CASES = Object.entries(table.degrees).flatMap(([degrees, row]) =>
  row.map((t, k) => ({ p: table.p[k]!, degrees: Number(degrees), t: Number(t) })),
);

const relative = (found: number, wanted: number): number => Math.abs(found / wanted - 1);

describe('misuse throws', () => {
  test.each([
    [0.5, 3],
    [0.3, 3],
    [1, 3],
    [0.99999999, 3],
    [0.975, 0],
    [0.975, Number.NaN],
    [Number.NaN, 3],
  ])('p %d, %d degrees', (p, degrees) => {
    expect(() => studentQuantile(p, degrees)).toThrow(RangeError);
  });
});

describe('the quantile of t', () => {
  test('is within 1e-12 of the table, from 1 to 1,000,000 degrees, to the ends of p', () => {
    expect(CASES.length).toBeGreaterThanOrEqual(200);
    const wrong = CASES.filter(
      ({ p, degrees, t }) => !(relative(studentQuantile(p, degrees), t) < 1e-12),
    );
    expect(wrong).toEqual([]);
  });

  test('of an interval of 95 % is within 3e-13, and to 1e-15 below 100 degrees', () => {
    const errors = CASES.filter(({ p }) => p === 0.975).map(({ p, degrees, t }) => ({
      degrees,
      error: relative(studentQuantile(p, degrees), t),
    }));
    expect(errors.filter(({ error }) => !(error < 3e-13))).toEqual([]);
    expect(errors.filter(({ degrees, error }) => degrees < 100 && !(error < 2e-15))).toEqual([]);
  });

  test('has a closed form for 1 and 2 degrees', () => {
    for (const p of [0.6, 0.75, 0.9, 0.975, 0.999]) {
      expect(relative(studentQuantile(p, 1), Math.tan(Math.PI * (p - 0.5)))).toBeLessThan(1e-13);
      const a = 2 * p - 1;
      expect(relative(studentQuantile(p, 2), a * Math.sqrt(2 / (1 - a * a)))).toBeLessThan(1e-13);
    }
  });

  test('falls with the degrees, also where the method changes', () => {
    for (let degrees = 2; degrees < 2500; degrees++) {
      const step = studentQuantile(0.975, degrees) - studentQuantile(0.975, degrees - 1);
      expect(step, `${degrees} degrees`).toBeLessThan(0);
    }
  });

  test('is not what `stdtri` of cephes gives: the reason to go around it', () => {
    const { stdtri } = createRequire(import.meta.url)('cephes');
    const [far, usual] = [0.9999999, 0.975].map(
      (p) => CASES.find((each) => each.p === p && each.degrees === 1_000_000)!.t,
    );
    expect(stdtri(1_000_000, 0.9999999) / far!).toBeGreaterThan(40);
    expect(relative(stdtri(1_000_000, 0.975), usual!)).toBeGreaterThan(5e-11);
    expect(stdtri(2.7, 0.975)).toBe(stdtri(2, 0.975));
  });
});

test('the interval of a score has the bits that it had with the quantile of stdlib 0.2.3', () => {
  // Twelve documents, as sotu-val has. The two quantiles differ by 6e-16 of their value.
  const bits = Float64Array.from({ length: 12 }, (_, d) => 1000 + 37 * d);
  const bytes = Float64Array.from({ length: 12 }, (_, d) => 800 + 29 * d + (d % 3));
  expect(relative(studentQuantile(0.975, 11), 2.2009851600916384)).toBeLessThan(1e-15);
  expect(ratioUncertainty(bits, bytes).ci95).toEqual([1.251420743364476, 1.2545657220181374]);
});
