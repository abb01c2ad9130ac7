import { describe, expect, test } from 'vitest';
import { permutationTest } from '#bpb/generalisation/permutation';
import { Shuffle } from '#bpb/generalisation/shuffle';
import type { Group } from '#bpb/generalisation/types';
import { uniform } from '../helpers/models.js';

const group = (documents: readonly (readonly [bits: number, bytes: number])[]): Group => ({
  bits: Float64Array.from(documents, ([bits]) => bits),
  bytes: Float64Array.from(documents, ([, bytes]) => bytes),
});

/** Documents of 200 to 2,200 bytes with 1.1 bits a byte on average, each with a level of its own. */
function sample(count: number, next: () => number, factor = 1): Group {
  return group(
    Array.from({ length: count }, () => {
      const bytes = 200 + Math.floor(2000 * next());
      return [factor * bytes * (0.8 + 0.6 * next()), bytes] as const;
    }),
  );
}

/** By every choice of the labels there is. */
function exact(validation: Group, control: Group): number {
  const bits = [...validation.bits, ...control.bits];
  const bytes = [...validation.bytes, ...control.bytes];
  const ratio = (of: readonly number[], own: (k: number) => boolean) =>
    of.reduce((sum, value, k) => (own(k) ? sum + value : sum), 0);
  const difference = (mask: number) => {
    const inside = (k: number) => ((mask >> k) & 1) === 1;
    const outside = (k: number) => !inside(k);
    return (
      ratio(bits, inside) / ratio(bytes, inside) - ratio(bits, outside) / ratio(bytes, outside)
    );
  };
  const size = validation.bits.length;
  const observed = difference(2 ** size - 1);
  let [all, reached] = [0, 0];
  for (let mask = 0; mask < 2 ** bits.length; mask++) {
    const ones = mask.toString(2).replaceAll('0', '').length;
    if (ones !== size) continue;
    all++;
    if (difference(mask) <= observed + 1e-9) reached++;
  }
  return reached / all;
}

describe('against all permutations', () => {
  test.each([
    ['4 and 5', 4, 5, 1],
    ['6 and 3', 6, 3, 1],
    ['5 and 5, validation better', 5, 5, 0.8],
    ['2 and 8, validation worse', 2, 8, 1.2],
  ])('%s documents', async (_, own, other, factor) => {
    for (let seed = 0; seed < 5; seed++) {
      const next = uniform(seed);
      const [validation, control] = [sample(own, next, factor), sample(other, next)];
      const p = exact(validation, control);
      const estimate = await permutationTest(validation, control, { seed });
      // Five standard errors of 9,999 draws, and the 1 that the observed labels add.
      const tolerance = 5 * Math.sqrt((p * (1 - p)) / 9999) + 1e-4;
      expect(Math.abs(estimate - p)).toBeLessThan(tolerance);
    }
  });

  test('each part of a set is drawn as often as any other', () => {
    const powers = group([0, 1, 2, 3, 4, 5].map((k) => [2 ** k, 1] as const));
    const shuffle = new Shuffle([powers], 7);
    const seen = new Map<number, number>();
    const sums = { bits: 0, bytes: 0 };
    for (let k = 0; k < 20_000; k++) {
      shuffle.draw(3, sums);
      expect(sums.bytes).toBe(3);
      seen.set(sums.bits, (seen.get(sums.bits) ?? 0) + 1);
    }
    expect(seen.size).toBe(20);
    const chi2 = [...seen.values()].reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    // The 99.99th percentile of chi-square with 19 degrees of freedom.
    expect(chi2).toBeLessThan(50.8);
  });
});

describe('at the edges', () => {
  test('where no permutation reaches the difference p is 1 / (B + 1)', async () => {
    const validation = group(Array.from({ length: 60 }, () => [1, 100] as const));
    const control = group(Array.from({ length: 60 }, () => [100, 100] as const));
    expect(await permutationTest(validation, control, { seed: 1 })).toBe(1e-4);
    expect(await permutationTest(control, validation, { seed: 1 })).toBe(1);
  });

  test('documents that are all alike: every permutation is a tie, and a tie reaches', async () => {
    const alike = (count: number) =>
      group(Array.from({ length: count }, () => [0.1 * 3, 7] as const));
    expect(await permutationTest(alike(50), alike(70), { seed: 3 })).toBe(1);
  });

  test('documents without bytes have no ratio, and what has none reaches', async () => {
    const none = (count: number) => group(Array.from({ length: count }, () => [1, 0] as const));
    // One choice in six leaves the others with an endless ratio.
    const p = await permutationTest(group([[1, 1]]), none(5), { seed: 3 });
    expect(Math.abs(p - 1 / 6)).toBeLessThan(5 * Math.sqrt(5 / 36 / 9999));
    expect(await permutationTest(none(3), none(5), { seed: 3 })).toBe(1);
  });

  test('the seed decides, and nothing else', async () => {
    const next = uniform(11);
    const [a, b] = [sample(60, next), sample(80, next)];
    const p = (seed: number) => permutationTest(a, b, { seed, permutations: 999 });
    expect(await p(5)).toBe(await p(5));
    const others = await Promise.all(Array.from({ length: 10 }, (_, seed) => p(seed)));
    expect(new Set(others).size).toBeGreaterThan(1);
  });

  test('a run can be ended between stretches of draws', async () => {
    const next = uniform(1);
    const [a, b] = [sample(5000, next), sample(5000, next)];
    const seen: number[] = [];
    const onDone = (done: number) => {
      seen.push(done);
      throw new Error('ended');
    };
    await expect(permutationTest(a, b, { seed: 1, onDone })).rejects.toThrow('ended');
    expect(seen).toEqual([Math.ceil(2 ** 22 / 5000)]);
  });
});

describe('under the null', () => {
  /** The largest distance of the distribution of `values` from the uniform one. */
  function kolmogorov(values: readonly number[]): number {
    const sorted = [...values].sort((a, b) => a - b);
    return Math.max(...sorted.map((p, k) => Math.abs(p - (k + 0.5) / sorted.length)));
  }

  test.each([
    ['50 and 50', 50, 50],
    ['50 and 500', 50, 500],
    ['400 and 60', 400, 60],
  ])('p is uniform for %s documents of one kind', async (_, own, other) => {
    const next = uniform(own + other);
    const values: number[] = [];
    for (let seed = 0; seed < 400; seed++) {
      const [a, b] = [sample(own, next), sample(other, next)];
      values.push(await permutationTest(a, b, { seed, permutations: 199 }));
    }
    // The 99.9th percentile of Kolmogorov's statistic for 400 values, and half a step of 1 / 200.
    expect(kolmogorov(values)).toBeLessThan(1.95 / Math.sqrt(400) + 1 / 400);
    expect(values.filter((p) => p <= 0.05).length / 400).toBeLessThan(0.09);
  });

  test('more documents find a smaller difference', async () => {
    const found = async (documents: number, factor: number) => {
      let count = 0;
      for (let seed = 0; seed < 20; seed++) {
        const next = uniform(100 * seed + documents);
        const [a, b] = [sample(documents, next, factor), sample(documents, next)];
        if ((await permutationTest(a, b, { seed, permutations: 1999 })) < 0.001) count++;
      }
      return count;
    };
    // A standard error of 2.3 % of the mean with 50 documents a side, of 0.23 % with 5,000.
    expect(await found(50, 0.97)).toBeLessThan(5);
    expect(await found(50, 0.8)).toBeGreaterThan(18);
    expect(await found(5000, 0.98)).toBe(20);
  });
});
