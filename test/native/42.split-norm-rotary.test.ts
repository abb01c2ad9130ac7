/**
 * SplitNormRotary on the CPU: every instruction set and type against float64.
 */
import { describe, expect, test } from 'vitest';
import type { LogitsType } from '../helpers/logits.js';
import { normals } from '../helpers/models.js';
import {
  compute,
  firstWrong,
  KINDS,
  ROUNDING,
  type Stored,
  stored,
} from '../helpers/operator-kernels.js';

interface Split {
  readonly rows: number;
  readonly time: number;
  readonly positions: BigInt64Array | null;
  readonly heads: readonly [q: number, k: number, v: number];
  readonly headSize: number;
  readonly rotarySize: number;
  readonly interleaved: boolean;
  readonly norms: readonly [q: boolean, k: boolean];
  readonly gains: readonly [q: boolean, k: boolean];
}

const EPSILON = Math.fround(1e-5);

interface Tables {
  readonly x: Stored;
  readonly cos: Float32Array;
  readonly sin: Float32Array;
  readonly gains: readonly (Float32Array | null)[];
}

function tablesOf(split: Split, type: LogitsType): Tables {
  const { rows, time, heads, headSize, rotarySize, gains } = split;
  const half = rotarySize / 2;
  const angles = Float64Array.from(
    { length: time * half },
    (_, k) => Math.floor(k / half) / 100 ** ((k % half) / half),
  );
  const width = (heads[0] + heads[1] + heads[2]) * headSize;
  return {
    x: stored(normals(rows * width, headSize + rotarySize, 2), type),
    cos: Float32Array.from(angles, Math.cos),
    sin: Float32Array.from(angles, Math.sin),
    gains: gains.map((given, part) => (given ? normals(heads[part]! * headSize, part + 1) : null)),
  };
}

/** One head's values and errors, of queries (0), keys (1) or values (2). */
function headOf(
  split: Split,
  { x, cos, sin, gains }: Tables,
  row: number,
  part: number,
  head: number,
) {
  const { time, positions, heads, headSize, rotarySize, interleaved, norms } = split;
  const width = (heads[0] + heads[1] + heads[2]) * headSize;
  const before = heads.slice(0, part).reduce((sum, count) => sum + count, 0);
  const from = row * width + (before + head) * headSize;
  const value = x.values.slice(from, from + headSize);
  const error = new Float64Array(headSize);
  if (part === 2) return { value, error };
  const squares = value.reduce((sum, v) => sum + v * v, 0);
  const scale = norms[part] ? 1 / Math.sqrt(squares / headSize + EPSILON) : 1;
  // A sum lane has a quarter of the additions where lanes are fewest.
  const relative = (norms[part] ? headSize / 8 + 8 : 0) + 4;
  for (let j = 0; j < headSize; j++) {
    value[j]! *= scale * (gains[part]?.[head * headSize + j] ?? 1);
    error[j] = Math.abs(value[j]!) * relative * ROUNDING;
  }
  const half = rotarySize / 2;
  const position = (positions === null ? row : Number(positions[row])) % time;
  for (let j = 0; j < half; j++) {
    const [first, second] = interleaved ? [2 * j, 2 * j + 1] : [j, j + half];
    const [a, b] = [value[first]!, value[second]!];
    const [c, s] = [cos[position * half + j]!, sin[position * half + j]!];
    value[first] = a * c - b * s;
    value[second] = a * s + b * c;
    const sizes = Math.abs(a) + Math.abs(b);
    const both = error[first]! + error[second]! + 3 * ROUNDING * sizes;
    error[first] = both;
    error[second] = both;
  }
  return { value, error };
}

function check(isa: string, type: LogitsType, split: Split): void {
  const tables = tablesOf(split, type);
  const { rows, time, positions, heads, headSize, rotarySize, interleaved, norms } = split;
  const found = compute({
    ...{ operator: 'SplitNormRotary', type, isa, rows, time, headSize, rotarySize, interleaved },
    ...{ qHeads: heads[0], kHeads: heads[1], vHeads: heads[2], epsilon: EPSILON },
    ...{ qNorm: norms[0], kNorm: norms[1], x: tables.x.buffer },
    ...{ cos: tables.cos.buffer, sin: tables.sin.buffer, positions: positions?.buffer ?? null },
    ...{ qGain: tables.gains[0]?.buffer ?? null, kGain: tables.gains[1]?.buffer ?? null },
  });
  ['q', 'k', 'v'].forEach((name, part) => {
    const count = heads[part]!;
    expect(found[name] !== undefined).toBe(count > 0);
    if (count === 0) return;
    const size = count * headSize;
    const [value, error] = [new Float64Array(rows * size), new Float64Array(rows * size)];
    for (let row = 0; row < rows; row++) {
      for (let head = 0; head < count; head++) {
        const one = headOf(split, tables, row, part, head);
        value.set(one.value, row * size + head * headSize);
        error.set(one.error, row * size + head * headSize);
      }
    }
    const wrong = firstWrong(found[name]!, value, error, type);
    expect(wrong && `${name}: ${wrong}`).toBeUndefined();
  });
}

const PLAIN: Split = {
  ...{ rows: 6, time: 3, positions: null, heads: [2, 2, 2], headSize: 32, rotarySize: 32 },
  ...{ interleaved: false, norms: [true, true], gains: [true, true] },
};

describe.each(KINDS)('SplitNormRotary, $isa $type', ({ isa, type }) => {
  test.each([false, true])(
    'heads of every size, whole and in part, interleaved: %s',
    (interleaved) => {
      for (const headSize of [8, 32, 40, 64, 80, 96, 112, 128]) {
        for (const rotarySize of [0, headSize / 2, headSize]) {
          check(isa, type, { ...PLAIN, headSize, rotarySize, interleaved });
        }
      }
      check(isa, type, { ...PLAIN, headSize: 33, rotarySize: 10, interleaved });
    },
  );

  test.each([
    { heads: [1, 1, 1] },
    { heads: [64, 8, 8] },
    { heads: [8, 2, 2], norms: [true, false], gains: [false, true] },
    { heads: [3, 0, 0], norms: [false, false], gains: [true, false] },
    { heads: [0, 2, 2], norms: [false, false], gains: [false, false] },
    { heads: [0, 0, 3] },
  ] as const)('%o', (change) => {
    check(isa, type, { ...PLAIN, ...change });
  });

  test('positions of a list', () => {
    const positions = BigInt64Array.of(5n, 0n, 2n, 2n, 13n, 7n, 4n);
    check(isa, type, { ...PLAIN, rows: 7, time: 5, positions });
  });

  test('what is no number stays in its head', () => {
    const bad = new Float32Array(2 * 3 * 16).fill(1);
    bad[18] = Number.NaN;
    const { q, k, v } = compute({
      ...{ operator: 'SplitNormRotary', type, isa, rows: 2, time: 2, headSize: 16, rotarySize: 0 },
      ...{ qHeads: 1, kHeads: 1, vHeads: 1, epsilon: 0, interleaved: false },
      ...{ qNorm: true, kNorm: true, x: stored(bad, type).buffer, cos: null, sin: null },
    });
    expect(k!.slice(0, 16).every(Number.isNaN)).toBe(true);
    expect([...q!, ...v!, ...k!.slice(16)].every((value) => value === 1)).toBe(true);
  });
});
