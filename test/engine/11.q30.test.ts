/**
 * Fixed-point sums: the same from the specification and from the addon, in any order.
 */

import { describe, expect, test } from 'vitest';
import { spanTotals, toQ30 } from '#bpb/engine/q30';
import { uniform } from '../helpers/models.js';
import { requireAddon } from '../helpers/native.js';

const addon = requireAddon();
const sums = [
  ['the specification', spanTotals],
  ['the addon', addon.q30],
] as const;

test.each([
  ['a tie between 0 and 1 goes to 0', 2 ** -31, 0],
  ['a tie between 1 and 2 goes to 2', 3 * 2 ** -31, 2],
  ['a tie between 2 and 3 goes to 2', 5 * 2 ** -31, 2],
  ['a little over a tie is rounded up', 2 ** -31 * (1 + 2 ** -23), 1],
  ['a little under a tie goes down', 3 * 2 ** -31 - 2 ** -53, 1],
  ['a negative tie goes to even too', -3 * 2 ** -31, -2],
  ['one nat', 1, 2 ** 30],
])('%s', (_, nats, expected) => {
  expect(toQ30(nats) + 0).toBe(expected);
  const value = Float32Array.of(nats);
  expect(value[0]).toBe(nats);
  const { q30 } = addon.q30(value, Uint32Array.of(1));
  expect(q30[0]).toBe(BigInt(expected));
});

describe.each(sums)('%s', (_, sum) => {
  test('refuses a NaN, -Infinity, and a sum beyond int64', () => {
    const ends = Uint32Array.of(2);
    expect(() => sum(Float32Array.of(1, Number.NaN), ends)).toThrow(RangeError);
    expect(() => sum(Float32Array.of(1, Number.NEGATIVE_INFINITY), ends)).toThrow(RangeError);
    expect(() => sum(Float32Array.of(1e10, 1), ends)).toThrow(RangeError);
    expect(() => sum(Float32Array.of(2 ** 32, 2 ** 32), ends)).toThrow(RangeError);
  });

  test('sums beyond 2^53 are exact', () => {
    const nats = new Float32Array(1001).fill(2 ** 22);
    nats[1000] = 2 ** -30;
    const { q30 } = sum(nats, Uint32Array.of(1001));
    expect(q30[0]).toBe(1000n * 2n ** 52n + 1n);
  });

  test('infinite targets are counted and add nothing', () => {
    const inf = Number.POSITIVE_INFINITY;
    const { q30, infinite } = sum(Float32Array.of(1, inf, inf, 2), Uint32Array.of(2, 4));
    expect(infinite).toBe(2);
    expect([...q30]).toEqual([2n ** 30n, 2n ** 31n]);
  });

  test('spans may be empty, and there may be none', () => {
    const { q30 } = sum(Float32Array.of(1), Uint32Array.of(0, 1, 1));
    expect([...q30]).toEqual([0n, 2n ** 30n, 0n]);
    expect(sum(new Float32Array(0), new Uint32Array(0)).q30.length).toBe(0);
  });
});

test('both agree, and the order of the targets does not matter', () => {
  const next = uniform(7);
  const nats = Float32Array.from({ length: 5000 }, () => -Math.log(1 - next()) * 8);
  const ends = Uint32Array.of(1, 1200, 1201, 5000);
  const expected = spanTotals(nats, ends).q30;
  expect([...addon.q30(nats, ends).q30]).toEqual([...expected]);
  const sorted = [...ends].flatMap((end, s) =>
    [...nats.subarray(ends[s - 1] ?? 0, end)].sort((a, b) => a - b),
  );
  expect([...addon.q30(Float32Array.from(sorted), ends).q30]).toEqual([...expected]);
});

test('the addon refuses spans that do not fit the targets', () => {
  const nats = new Float32Array(3);
  expect(() => addon.q30(nats, Uint32Array.of(2))).toThrow(RangeError);
  expect(() => addon.q30(nats, Uint32Array.of(4))).toThrow(RangeError);
  expect(() => addon.q30(nats, Uint32Array.of(2, 1, 3))).toThrow(RangeError);
  expect(() => addon.q30([1, 2, 3] as never, Uint32Array.of(3))).toThrow(TypeError);
});
