/** Rotary embeddings in every way that exporters spell them, and what only looks like one. */
import { describe, expect, test } from 'vitest';
import { TYPE } from '#bpb/onnx/element-types';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { checked } from '../helpers/optimized.js';

const [T, H, W] = [8, 2, 8];
const D = H * W;
const HALF = W / 2;

function table(f: (angle: number) => number, repeat = 1): number[] {
  return Array.from({ length: T * HALF * repeat }, (_, k) => {
    const [position, place] = [Math.floor(k / (HALF * repeat)), k % HALF];
    return Math.fround(f(position * 100 ** (-place / HALF)));
  });
}

interface Tables {
  cos: string;
  sin: string;
}
type Rotate = (g: GraphBuilder, x: string, tables: Tables) => string;

const tables = (g: GraphBuilder, repeat = 1): Tables => ({
  cos: g.floats(table(Math.cos, repeat), [1, 1, T, HALF * repeat]),
  sin: g.floats(table(Math.sin, repeat), [1, 1, T, HALF * repeat]),
});

/** Heads of the embedded tokens, rotated, and together again. */
async function rotations(rotate: Rotate, options: { repeat?: number; precision?: 'fp16' } = {}) {
  const g = new GraphBuilder();
  const heads = g.transpose(g.reshape(g.embed(D), [0, 0, H, W]), [0, 2, 1, 3]);
  const rotated = rotate(g, heads, tables(g, options.repeat));
  const model = g.model(g.reshape(g.transpose(rotated, [0, 2, 1, 3]), [0, 0, D]), D);
  const { counts } = await checked(model, options.precision ? { precision: 'fp16' } : {});
  return counts['rotary-embedding'] ?? 0;
}

const mul = (g: GraphBuilder, a: string, b: string) => g.op('Mul', [a, b]);
const halves = (g: GraphBuilder, x: string) => [g.slice(x, 3, 0, HALF), g.slice(x, 3, HALF, W)];
const join = (g: GraphBuilder, a: string, b: string) =>
  g.op('Concat', [a, b], { axis: { int: -1 } });

/** (a, b) → (a·cos + s·b·sin, b·cos − s·a·sin) for signs `s`. */
const turn =
  (sign: 1 | -1): Rotate =>
  (g, x, { cos, sin }) => {
    const [a, b] = halves(g, x) as [string, string];
    const [first, second] = sign === 1 ? (['Add', 'Sub'] as const) : (['Sub', 'Add'] as const);
    return join(
      g,
      g.op(first, [mul(g, a, cos), mul(g, b, sin)]),
      g.op(second, [mul(g, b, cos), mul(g, a, sin)]),
    );
  };

const rotateHalf: Rotate = (g, x, { cos, sin }) => {
  const [a, b] = halves(g, x) as [string, string];
  return g.op('Add', [mul(g, x, cos), mul(g, join(g, g.op('Neg', [b]), a), sin)]);
};

const neighbours: Rotate = (g, x, { cos, sin }) => {
  const [a, b] = [g.slice(x, 3, 0, W, 2), g.slice(x, 3, 1, W, 2)];
  const first = g.op('Sub', [mul(g, a, cos), mul(g, b, sin)]);
  const second = g.op('Add', [mul(g, a, sin), mul(g, b, cos)]);
  const apart = [first, second].map((y) => g.op('Unsqueeze', [y, g.ints([-1])]));
  return g.reshape(join(g, apart[0]!, apart[1]!), [0, 0, 0, W]);
};

describe('what is not a rotation stays', () => {
  test.each<[string, Rotate, { repeat?: number }?]>([
    [
      'both sums with one sign',
      (g, x, { cos, sin }) => {
        const [a, b] = halves(g, x) as [string, string];
        const sum = (p: string, q: string) => g.op('Add', [mul(g, p, cos), mul(g, q, sin)]);
        return join(g, sum(a, b), sum(b, a));
      },
    ],
    [
      'another cosine for the second half',
      (g, x, { cos, sin }) => {
        const [a, b] = halves(g, x) as [string, string];
        const other = mul(g, cos, g.scalar(1.01));
        return join(
          g,
          g.op('Sub', [mul(g, a, cos), mul(g, b, sin)]),
          g.op('Add', [mul(g, b, other), mul(g, a, sin)]),
        );
      },
    ],
    [
      'halves of two values',
      (g, x, { cos, sin }) => {
        const [a] = halves(g, x) as [string];
        const [, b] = halves(g, g.op('Neg', [x])) as [string, string];
        return join(
          g,
          g.op('Sub', [mul(g, a, cos), mul(g, b, sin)]),
          g.op('Add', [mul(g, b, cos), mul(g, a, sin)]),
        );
      },
    ],
    [
      'a part of the width',
      (g, x, { cos, sin }) => {
        const [a, b] = [g.slice(x, 3, 0, HALF), g.slice(x, 3, 2, 2 + HALF)];
        return join(
          g,
          g.op('Sub', [mul(g, a, cos), mul(g, b, sin)]),
          g.op('Add', [mul(g, b, cos), mul(g, a, sin)]),
        );
      },
    ],
    [
      'rotate_half with wide tables whose halves differ',
      (g, x, { cos, sin }) => {
        const skew = g.floats([1, 1, 1, 1, 2, 2, 2, 2], [W]);
        return rotateHalf(g, x, { cos: mul(g, cos, skew), sin });
      },
      { repeat: 2 },
    ],
    [
      'float64, of which there is no such operator',
      (g, x, tables) => {
        const cast = (value: string, type: 'float32' | 'float64') =>
          g.op('Cast', [value], { to: { int: TYPE[type] } });
        const [cos, sin] = [cast(tables.cos, 'float64'), cast(tables.sin, 'float64')];
        return cast(turn(1)(g, cast(x, 'float64'), { cos, sin }), 'float32');
      },
    ],
    [
      'tables that depend on the head',
      (g, x, { cos, sin }) => {
        const byHead = g.floats([1, 0.5], [1, H, 1, 1]);
        return turn(1)(g, x, { cos: mul(g, cos, byHead), sin });
      },
    ],
  ])('%s', async (_, rotate, options) => {
    expect(await rotations(rotate, options)).toBe(0);
  });
});

describe('a rotation is found', () => {
  test.each<[string, Rotate, { repeat?: number; precision?: 'fp16' }?]>([
    ['by halves, one way', turn(1)],
    ['by halves, the other way', turn(-1)],
    ['by halves, in fp16', turn(1), { precision: 'fp16' }],
    [
      'as the challenge writes it: a · (−sin)',
      (g, x, { cos, sin }) => {
        const [a, b] = halves(g, x) as [string, string];
        const first = g.op('Add', [mul(g, a, cos), mul(g, b, sin)]);
        const second = g.op('Add', [mul(g, a, g.op('Neg', [sin])), mul(g, b, cos)]);
        return join(g, first, second);
      },
    ],
    [
      'with Split, tables first',
      (g, x, { cos, sin }) => {
        const [a, b] = g.split(x, 2, -1) as [string, string];
        const first = g.op('Sub', [mul(g, cos, a), mul(g, sin, b)]);
        return join(g, first, g.op('Add', [mul(g, sin, a), mul(g, cos, b)]));
      },
    ],
    ['as rotate_half with wide tables', rotateHalf, { repeat: 2 }],
    ['of neighbours', neighbours],
  ])('%s', async (_, rotate, options) => {
    expect(await rotations(rotate, options)).toBe(1);
  });

  test('not of a number of heads that only a run shows, and the rest is rewritten', async () => {
    const turned = turn(1);
    const some: Rotate = (g, x, given) => {
      const none = g.op('Mul', [
        g.op('ReduceMax', ['input_ids'], { keepdims: { int: 0 } }),
        g.ints([0]),
      ]);
      const end = g.op('Add', [none, g.ints([H])]);
      return turned(g, g.op('Slice', [x, g.ints([0]), end, g.ints([1])]), given);
    };
    expect(await rotations(some)).toBe(0);
  });

  test('RotaryEmbedding of ai.onnx, whose inputs stand in another order', async () => {
    const rotate: Rotate = (g, x) => {
      const cos = g.floats(table(Math.cos), [T, HALF]);
      const sin = g.floats(table(Math.sin), [T, HALF]);
      const positions = g.ints(
        Array.from({ length: 2 * T }, (_, k) => k % T),
        [2, T],
      );
      return g.op('RotaryEmbedding', [x, cos, sin, positions]);
    };
    const g = new GraphBuilder();
    const heads = g.transpose(g.reshape(g.embed(D), [0, 0, H, W]), [0, 2, 1, 3]);
    const together = g.transpose(rotate(g, heads, { cos: '', sin: '' }), [0, 2, 1, 3]);
    const model = g.model(g.reshape(together, [0, 0, D]), D, { opset: 23 });
    expect((await checked(model)).counts['rotary-embedding']).toBe(1);
  });
});
