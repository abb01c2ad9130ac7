/**
 * Every instruction set's causal attention against float64.
 */

import { describe, expect, test } from 'vitest';
import {
  type AttentionOptions,
  type AttentionShape,
  attentionInputs,
  attentionReference,
} from '../helpers/attention.js';
import { requireAddon } from '../helpers/native.js';

const addon = requireAddon();
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

/** Of head sizes, groups and lengths around the sizes of vectors (4, 8, 16), tiles and blocks (64). */
const shapes: AttentionShape[] = [
  ...[1, 2, 7, 64, 65, 127, 300].map((time) => ({ time, qHeads: 2, kvHeads: 1, size: 32 })),
  ...[24, 64, 80, 96, 128].map((size) => ({ time: 65, qHeads: 2, kvHeads: 2, size })),
  ...[1, 2, 8].map((group) => ({ rows: 2, time: 70, qHeads: 8, kvHeads: 8 / group, size: 24 })),
  { time: 9, qHeads: 64, kvHeads: 64, size: 16 },
  { time: 70, qHeads: 48, kvHeads: 1, size: 5 },
  { rows: 3, time: 5, qHeads: 1, kvHeads: 1, size: 1 },
];

/**
 * Largest error of an output, for values and scores of about N(0, 1): a score is a sum of up to 128 products
 * whose rounding, 5e-7 at most, scales its weight; a weight and the sums add roundings of 1e-7; values are below 5.
 */
const tolerance = 5e-6;

/** Compares outputs, and returns their errors. */
function compare(options: AttentionOptions, bound = tolerance): number[] {
  const exact = attentionReference(options);
  return [...addon.causalAttention(options)].map((y, i) => {
    const want = Math.fround(exact[i]!);
    if (!Number.isFinite(want)) {
      if (!Object.is(y, want)) expect.fail(`output ${i}: ${y} instead of ${want}`);
      return 0;
    }
    const error = y - exact[i]!;
    if (!(Math.abs(error) <= bound)) expect.fail(`output ${i}: ${y} instead of ${exact[i]}`);
    return error;
  });
}

/** Outputs of one query: all of its heads. */
function outputsOf(y: Float32Array, query: number, queries: number): number[] {
  const width = y.length / queries;
  return [...y.subarray(query * width, (query + 1) * width)];
}

describe.each(addon.instructionSets())('%s', (isa) => {
  test('all shapes, without a bias', () => {
    for (const [seed, shape] of shapes.entries()) {
      const errors = compare({ ...attentionInputs(shape, seed), isa });
      if (errors.length < 1000) continue;
      const mean = errors.reduce((a, b) => a + b, 0) / errors.length;
      expect(Math.abs(mean)).toBeLessThan(1e-7);
    }
  });

  test('keys 4 KiB apart', () => {
    compare({ ...attentionInputs({ rows: 2, time: 20, qHeads: 32, kvHeads: 16, size: 64 }), isa });
  });

  test('scores of 1e4 and -1e4 leave the mean of the largest', () => {
    const options = attentionInputs({ time: 140, qHeads: 2, kvHeads: 1, size: 32 });
    const key = (t: number) => (t % 5 === 3 ? 1 : -1);
    options.q.forEach((_, i) => {
      options.q[i] = i % 32 === 0 ? 1e4 : 0;
    });
    options.k.forEach((_, i) => {
      options.k[i] = i % 32 === 0 ? key(Math.floor(i / 32)) : 0;
    });
    compare({ ...options, scale: 1, isa });
    compare({ ...options, scale: -1, isa });
  });

  test('equal scores, of any size, are a mean', () => {
    const options = attentionInputs({ time: 130, qHeads: 2, kvHeads: 2, size: 24 });
    for (const scale of [0, 1, 1e30]) {
      const q = options.q.map(() => 1);
      compare({ ...options, q, k: options.k.map(() => 0.5), scale, isa });
    }
  });

  test('a running maximum that grows with each key, and one that falls', () => {
    const options = attentionInputs({ time: 200, qHeads: 1, kvHeads: 1, size: 32 });
    const ramp = options.k.map((_, i) => (i % 32 === 0 ? Math.floor(i / 32) : 0));
    const q = options.q.map((_, i) => (i % 32 === 0 ? 1 : 0));
    // A score of 200 is rounded to 2^-24 of it, times log2(e) once more; values differ by up to 8.
    const bound = 2 * 8 * 200 * 2 ** -24;
    compare({ ...options, q, k: ramp, scale: 1, isa }, bound);
    compare({ ...options, q, k: ramp.map((x) => -x), scale: 1, isa }, bound);
  });

  test.each([0, 17, 64])('NaN and infinities at key %i reach who reads it', (key) => {
    const shape = { rows: 2, time: 80, qHeads: 4, kvHeads: 2, size: 16 };
    // Of the second row, the second key head, the fourth element.
    const place = ((80 + key) * 2 + 1) * 16 + 3;
    for (const value of [nan, inf, -inf]) {
      const options = attentionInputs(shape);
      options.k[place] = value;
      const y = addon.causalAttention({ ...options, isa });
      if (Number.isNaN(value)) {
        const wrong = y.findIndex((x, i) => {
          const [query, head] = [Math.floor(i / 64), Math.floor(i / 16) % 4];
          return Number.isNaN(x) !== (query >= 80 + key && head >= 2);
        });
        expect(wrong).toBe(-1);
      }
      compare({ ...options, isa });
      const other = attentionInputs(shape);
      other.v[place] = value;
      compare({ ...other, isa });
    }
  });

  test('positions in any order and repeated: the bits of the whole, alone and on two threads', () => {
    const whole = attentionInputs({ rows: 3, time: 90, qHeads: 6, kvHeads: 2, size: 40 });
    const all = addon.causalAttention({ ...whole, isa });
    expect(addon.causalAttention({ ...whole, isa, threads: 2 })).toEqual(all);
    const width = 6 * 40;
    const lists = [
      [269, 0, 89, 90, 90, 17, 180, 269, 3, 64, 200, 201, 202, 45],
      Array.from({ length: 60 }, (_, i) => 30 + i),
      [133],
    ];
    for (const list of lists) {
      const positions = Int32Array.from(list);
      const q = new Float32Array(list.length * width);
      for (const [i, p] of list.entries()) {
        q.set(whole.q.subarray(p * width, (p + 1) * width), i * width);
      }
      const y = addon.causalAttention({ ...whole, q, positions, isa });
      for (const [i, p] of list.entries()) {
        expect(outputsOf(y, i, list.length)).toEqual(outputsOf(all, p, 270));
      }
    }
    const row = (x: Float32Array) => x.slice(x.length / 3, (2 * x.length) / 3);
    const second = { ...whole, q: row(whole.q), k: row(whole.k), v: row(whole.v), rows: 1 };
    expect(addon.causalAttention({ ...second, isa })).toEqual(row(all));
  });
});
