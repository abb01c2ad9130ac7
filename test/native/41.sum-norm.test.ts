/**
 * SumNorm on the CPU: every instruction set and type against float64.
 */
import { describe, expect, test } from 'vitest';
import { normals } from '../helpers/models.js';
import {
  compute,
  firstWrong,
  KINDS,
  ROUNDING,
  type Stored,
  stored,
} from '../helpers/operator-kernels.js';

type Values = Float32Array | null;

interface Sum {
  readonly rows: number;
  readonly width: number;
  readonly x: readonly Stored[];
  readonly factors: readonly Values[];
  readonly carry: Values;
  readonly gain: Values;
  readonly firstTerms: number;
  readonly epsilon: number;
}

/** Values and how far fp32 may be from them. */
class Expected {
  readonly value: Float64Array;
  readonly error: Float64Array;

  constructor(length: number) {
    this.value = new Float64Array(length);
    this.error = new Float64Array(length);
  }
}

/** A term is multiplied and added, with a rounding each, of no more than the sum of all sizes. */
function add(to: Expected, i: number, x: number, factor: number): void {
  to.value[i]! += factor * x;
  to.error[i]! += 4 * ROUNDING * (Math.abs(to.value[i]!) + Math.abs(factor * x)) + 2 ** -149;
}

function reference(sum: Sum): Record<'first' | 'sum' | 'norm', Expected> {
  const { rows, width, x, factors, carry, gain, firstTerms, epsilon } = sum;
  const [first, total, norm] = [1, 2, 3].map(() => new Expected(rows * width));
  const at = (values: Values | undefined, c: number) => values?.[c] ?? 1;
  for (let i = 0; i < rows * width; i++) {
    const c = i % width;
    for (let k = 0; k < firstTerms; k++) add(first!, i, x[k]!.values[i]!, at(factors[k], c));
    total!.value[i] = first!.value[i]! * at(carry, c);
    total!.error[i] =
      first!.error[i]! * Math.abs(at(carry, c)) + Math.abs(total!.value[i]!) * ROUNDING;
    for (let k = firstTerms; k < x.length; k++) add(total!, i, x[k]!.values[i]!, at(factors[k], c));
  }
  for (let r = 0; r < rows; r++) {
    const [from, to] = [r * width, (r + 1) * width];
    let [squares, off] = [0, 0];
    for (let i = from; i < to; i++) {
      const [s, e] = [total!.value[i]!, total!.error[i]!];
      squares += s * s;
      off += 2 * Math.abs(s) * e + e * e;
    }
    const scale = 1 / Math.sqrt(squares / width + epsilon);
    // A sum lane has an eighth of the additions where lanes are fewest (4, twice), and the lanes are added.
    const relative = off / (2 * squares || 1) + (ROUNDING * (width / 8 + 16)) / 2;
    for (let i = from; i < to; i++) {
      const by = scale * at(gain, i - from);
      norm!.value[i] = total!.value[i]! * by;
      norm!.error[i] =
        Math.abs(by) * total!.error[i]! + Math.abs(norm!.value[i]!) * (relative + 4 * ROUNDING);
    }
  }
  return { first: first!, sum: total!, norm: norm! };
}

function check(isa: string, type: 'fp32' | 'fp16' | 'bf16', sum: Sum): void {
  const { x, factors, carry, gain, ...rest } = sum;
  const found = compute({
    ...{ operator: 'SumNorm', type, isa, ...rest, norm: true },
    x: x.map(({ buffer }) => buffer),
    factors: factors.map((values) => values?.buffer ?? null),
    carry: carry?.buffer ?? null,
    gain: gain?.buffer ?? null,
  });
  const expected = reference(sum);
  for (const name of sum.firstTerms > 0
    ? (['first', 'sum', 'norm'] as const)
    : (['sum', 'norm'] as const)) {
    const { value, error } = expected[name];
    const wrong = firstWrong(found[name]!, value, error, type);
    expect(wrong && `${name} ${sum.width}: ${wrong}`).toBeUndefined();
  }
}

describe.each(KINDS)('SumNorm, $isa $type', ({ isa, type }) => {
  const { fp32: large, fp16: large16 } = { fp32: 1e15, fp16: 2e3 };
  const terms = (count: number, rows: number, width: number, scale = 1) =>
    Array.from({ length: count }, (_, k) => stored(normals(rows * width, width + k, scale), type));

  test.each([1, 3, 17, 64, 65, 127, 256, 1000, 4096])('width %i, all of it', (width) => {
    const vector = (seed: number) => normals(width, seed);
    check(isa, type, {
      ...{ rows: 5, width, firstTerms: 2, epsilon: Math.fround(1e-6) },
      x: terms(4, 5, width),
      factors: [vector(1), null, vector(2), null],
      carry: vector(3),
      gain: vector(4),
    });
  });

  test.each([1, 2, 3, 4])('%i terms, none or all of them first', (count) => {
    for (const firstTerms of [0, count]) {
      check(isa, type, {
        ...{ rows: 3, width: 33, firstTerms, epsilon: Math.fround(1e-5) },
        ...{ x: terms(count, 3, 33), factors: [], carry: null, gain: null },
      });
    }
  });

  test('large and tiny values', () => {
    for (const scale of [type === 'fp16' ? large16 : large, 1e-6, 1e-18]) {
      check(isa, type, {
        ...{ rows: 2, width: 70, firstTerms: 1, epsilon: Math.fround(1e-12) },
        ...{ x: terms(2, 2, 70, scale), factors: [], carry: null, gain: null },
      });
    }
  });

  test('what is no number makes its row none, and no other', () => {
    const { NaN: nan, POSITIVE_INFINITY: inf } = Number;
    const width = 19;
    for (const bad of type === 'fp16' ? [nan, inf] : [nan, inf, 3e38]) {
      const values = normals(3 * width, 1);
      values[width + 4] = bad;
      const { norm } = compute({
        ...{ operator: 'SumNorm', type, isa, rows: 3, width, firstTerms: 0, epsilon: 1e-5 },
        ...{ x: [stored(values, type).buffer], factors: [], carry: null, gain: null, norm: true },
      });
      expect(norm!.slice(width, 2 * width).every(Number.isNaN)).toBe(true);
      expect(norm!.slice(0, width).every(Number.isFinite)).toBe(true);
      expect(norm!.slice(2 * width).every(Number.isFinite)).toBe(true);
    }
  });
});
