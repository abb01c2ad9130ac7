import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DocumentTotals, natsOf } from '#bpb/run/totals';
import { sampleIndexes } from '#bpb/score/sample';
import { ratioUncertainty } from '#bpb/score/statistics';

describe('exact totals', () => {
  test('overflow of a document is refused, not wrapped', () => {
    const totals = new DocumentTotals(1);
    totals.add(0, 1, 2n ** 63n - 1n);
    expect(() => totals.add(0, 1, 1n)).toThrow(/exceed int64/);
    expect(totals.q30[0]).toBe(2n ** 63n - 1n);
  });

  test('the grand total may exceed int64', () => {
    const totals = new DocumentTotals(2);
    totals.add(0, 1, 2n ** 62n);
    totals.add(0, 1, 2n ** 62n - 1n);
    totals.add(1, 1, 2n ** 62n);
    expect(totals.totalQ30()).toBe(3n * 2n ** 62n - 1n);
  });

  test('the lowest infinite target is the first, in any order of arrival', () => {
    const totals = new DocumentTotals(1);
    totals.addInfinite({ count: 2, first: 70 });
    totals.addInfinite({ count: 0, first: -1 });
    totals.addInfinite({ count: 1, first: 7 });
    expect(totals.infinite).toEqual({ count: 3, first: 7 });
  });

  test('nats are the fixed point over 2^30', () => {
    expect(natsOf(3n * 2n ** 29n)).toBe(1.5);
  });
});

describe('uncertainty, clustered by document', () => {
  test('one document has no standard error', () => {
    const one = ratioUncertainty(Float64Array.of(10), Float64Array.of(5));
    expect(one).toEqual({ stderr: null, ci95: null });
  });

  test('documents that all score alike leave none', () => {
    const { stderr, ci95 } = ratioUncertainty(Float64Array.of(2, 4, 6), Float64Array.of(1, 2, 3));
    expect(stderr).toBe(0);
    expect(ci95).toEqual([2, 2]);
  });

  test('equal documents: the textbook standard error of a mean, and t with D-1', () => {
    // Ratios 1, 2, 3 on equal bytes: s = 1, s/sqrt(3); t(0.975, 2) = 4.302652729911275 (tables).
    const { stderr, ci95 } = ratioUncertainty(
      Float64Array.of(10, 20, 30),
      Float64Array.of(10, 10, 10),
    );
    expect(stderr).toBeCloseTo(1 / Math.sqrt(3), 12);
    expect(ci95![1] - 2).toBeCloseTo(4.302652729911275 / Math.sqrt(3), 9);
  });

  test('agrees with a bootstrap over documents', () => {
    const random = lcg(7);
    const documents = 400;
    const bytes = Float64Array.from({ length: documents }, () => 200 + 3000 * random());
    const bits = bytes.map((b) => b * (1.1 + 0.4 * random()));
    const { stderr } = ratioUncertainty(bits, bytes);
    const ratios = Array.from({ length: 800 }, () => {
      let sumBits = 0;
      let sumBytes = 0;
      for (let k = 0; k < documents; k++) {
        const d = Math.floor(random() * documents);
        sumBits += bits[d]!;
        sumBytes += bytes[d]!;
      }
      return sumBits / sumBytes;
    });
    const mean = ratios.reduce((a, b) => a + b) / ratios.length;
    const sd = Math.sqrt(ratios.reduce((s, r) => s + (r - mean) ** 2, 0) / (ratios.length - 1));
    // 800 resamples know a standard deviation to about 2.5 %; four times that.
    expect(Math.abs(stderr! / sd - 1)).toBeLessThan(0.1);
  });
});

describe('the sample of rows', () => {
  test('is distinct, ascending, in range and repeats for its seed', () => {
    fc.assert(
      fc.property(fc.nat(500), fc.nat(80), fc.nat(), (size, count, seed) => {
        const sample = sampleIndexes(size, count, seed);
        expect(sample).toHaveLength(Math.min(size, count));
        expect(new Set(sample).size).toBe(sample.length);
        expect([...sample].sort((a, b) => a - b)).toEqual(sample);
        expect(sample.every((i) => i >= 0 && i < size)).toBe(true);
        expect(sampleIndexes(size, count, seed)).toEqual(sample);
      }),
    );
  });
  test('reaches every row, evenly', () => {
    const hits = new Array<number>(10).fill(0);
    for (let seed = 0; seed < 4000; seed++) for (const i of sampleIndexes(10, 2, seed)) hits[i]!++;
    // 800 expected, standard deviation about 25: five of them.
    for (const count of hits) expect(Math.abs(count - 800)).toBeLessThan(125);
  });
});

function lcg(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
