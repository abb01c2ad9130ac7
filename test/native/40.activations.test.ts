/**
 * SquaredRelu and SwiGlu on the CPU: every instruction set and type against float64.
 */
import { describe, expect, test } from 'vitest';
import { normals } from '../helpers/models.js';
import { compute, firstWrong, KINDS, ROUNDING, stored } from '../helpers/operator-kernels.js';

const { NaN: nan, POSITIVE_INFINITY: inf, NEGATIVE_INFINITY: minusInf } = Number;
/** Around the lanes (4, 8, 16), and odd ones. */
const COUNTS = [1, 3, 4, 7, 8, 9, 15, 16, 17, 33, 64, 1023, 4096];
const SPECIAL = [nan, inf, minusInf, 0, -0, 1e-40, -1e-40, 6e-8, 250, -250, 3e38, -3e38, 1, -1];

const inputs = COUNTS.map((count) => normals(count, count, 3)).concat(Float32Array.from(SPECIAL));

describe.each(KINDS)('SquaredRelu, $isa $type', ({ isa, type }) => {
  test.each([0, 0.01, 0.5])('slope %f', (slope) => {
    const own = Math.fround(slope);
    for (const source of inputs) {
      const x = stored(source, type);
      const expected = x.values.map((v) => {
        const z = v >= 0 || Number.isNaN(v) ? v : own === 0 ? 0 : own * v;
        return z * z;
      });
      const { y } = compute({
        ...{ operator: 'SquaredRelu', type, isa },
        ...{ count: x.values.length, slope, x: x.buffer },
      });
      // Two roundings of the leak, in its square, and the square's own; a leak may be a denormal.
      const error = expected.map((v) => 4 * Math.abs(v) * ROUNDING + 2 ** -149);
      expect(firstWrong(y!, expected, error, type)).toBeUndefined();
    }
  });
});

/** gate / (1 + exp(-gate)) * up */
const swiglu = (gate: number, up: number) => (gate / (1 + Math.exp(-gate))) * up;

/**
 * 1.2 ulp of exp, the sum, the quotient and two products; below -87 exp stays at e^-87, and what is below the
 * normal range of fp32 is rounded to its step, times what is multiplied with it.
 */
const swigluError = (gate: number, up: number) =>
  8 * Math.abs(swiglu(gate, up)) * ROUNDING +
  (gate < -80 ? 2 * Math.abs(gate * up) * Math.exp(-80) : 0) +
  2 ** -149 * (1 + Math.abs(up) + Math.abs(gate));

describe.each(KINDS)('SwiGlu, $isa $type', ({ isa, type }) => {
  test.each([false, true])('halves of one matrix: %s', (joined) => {
    for (const width of [1, 5, 16, 31, 64, 257]) {
      const rows = 3;
      const gates = stored(normals(rows * width, width, 8), type);
      const ups = stored(normals(rows * width, width + 1, 3), type);
      const both = Array.from({ length: 2 * rows * width }, (_, k) => {
        const [row, at] = [Math.floor(k / (2 * width)), k % (2 * width)];
        return at < width ? gates.values[row * width + at]! : ups.values[row * width + at - width]!;
      });
      const { y } = compute({
        ...{ operator: 'SwiGlu', type, isa, rows, width },
        gate: joined ? stored(both, type).buffer : gates.buffer,
        up: joined ? null : ups.buffer,
      });
      const expected = gates.values.map((gate, k) => swiglu(gate, ups.values[k]!));
      const error = gates.values.map((gate, k) => swigluError(gate, ups.values[k]!));
      expect(firstWrong(y!, expected, error, type)).toBeUndefined();
    }
  });

  test('gates of every size, far from zero too', () => {
    const gate = stored(
      Array.from({ length: 801 }, (_, k) => (k - 400) / 3),
      type,
    );
    const up = stored(new Float32Array(801).fill(-2), type);
    const { y } = compute({
      ...{ operator: 'SwiGlu', type, isa, rows: 1, width: 801 },
      ...{ gate: gate.buffer, up: up.buffer },
    });
    const expected = gate.values.map((g) => swiglu(g, -2));
    const error = gate.values.map((g) => swigluError(g, -2));
    expect(firstWrong(y!, expected, error, type)).toBeUndefined();
  });

  test('what is no number stays visible', () => {
    const [gate, up] = [
      [nan, 1, inf, 1, minusInf],
      [1, nan, 1, inf, 1],
    ].map((values) => stored(values, type));
    const { y } = compute({
      ...{ operator: 'SwiGlu', type, isa, rows: 1, width: 5 },
      ...{ gate: gate!.buffer, up: up!.buffer },
    });
    expect([...y!.slice(0, 4)]).toEqual([nan, nan, inf, inf]);
    // The limit is 0, of which an infinite gate is no sign of its own: it must not look like one.
    expect(Number.isFinite(y![4])).toBe(false);
  });
});
