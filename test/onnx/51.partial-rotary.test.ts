/** Rotations of a part of each head, as exporters write them, and what only looks like one. */
import { expect, test } from 'vitest';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { checked } from '../helpers/optimized.js';

const [T, H, W] = [8, 2, 16];
const D = H * W;

const sliced = (g: GraphBuilder, x: string, from: number, to: number) => g.slice(x, 3, from, to);

/** The first `size` elements of each head turned, what `rest` takes of the head behind them. */
function turned(
  g: GraphBuilder,
  x: string,
  size: number,
  rest: readonly [number, number],
  from = x,
) {
  const half = size / 2;
  const table = (f: (angle: number) => number) =>
    g.floats(
      Array.from({ length: T * half }, (_, k) =>
        Math.fround(f(Math.floor(k / half) * 10 ** -(k % half))),
      ),
      [1, 1, T, half],
    );
  const [cos, sin] = [table(Math.cos), table(Math.sin)];
  const part = sliced(g, x, 0, size);
  const [a, b] = [sliced(g, part, 0, half), sliced(g, part, half, size)];
  const mul = (one: string, other: string) => g.op('Mul', [one, other]);
  const first = g.op('Sub', [mul(a, cos), mul(b, sin)]);
  const second = g.op('Add', [mul(b, cos), mul(a, sin)]);
  const join = (parts: string[]) => g.op('Concat', parts, { axis: { int: -1 } });
  return join([join([first, second]), sliced(g, from, ...rest)]);
}

async function counts(build: (g: GraphBuilder, heads: string) => string) {
  const g = new GraphBuilder();
  const heads = g.transpose(g.reshape(g.embed(D), [0, 0, H, W]), [0, 2, 1, 3]);
  const back = g.reshape(g.transpose(build(g, heads), [0, 2, 1, 3]), [0, 0, D]);
  return (await checked(g.model(back, D))).counts;
}

test.each([4, 8, 12])('the first %i of 16 elements', async (size) => {
  const found = await counts((g, x) => turned(g, x, size, [size, W]));
  expect(found).toMatchObject({ 'rotary-embedding': 1, 'partial-rotary-embedding': 1 });
});

test.each([
  ['the first elements again', [0, 8], 1],
  ['fewer than the rest', [12, W], 1],
  ['the rest of another value', [8, W], 2],
] as const)('%s beside the rotation: left', async (_, rest, factor) => {
  const found = await counts((g, x) => {
    const other = g.op('Mul', [x, g.scalar(factor)]);
    const joined = turned(g, x, 8, rest, factor === 1 ? x : other);
    const missing = W - 8 - (rest[1] - rest[0]);
    const tail = [joined, sliced(g, x, 0, missing)];
    return missing === 0 ? joined : g.op('Concat', tail, { axis: { int: -1 } });
  });
  expect(found).toMatchObject({ 'rotary-embedding': 1 });
  expect(found['partial-rotary-embedding']).toBeUndefined();
});
