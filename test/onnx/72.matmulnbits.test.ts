/** Graphs with MatMulNBits under `--optimize`: its shape is known, so that a rotation behind it is fused. */
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { checked } from '../helpers/optimized.js';
import { type Blocks, nBits } from '../helpers/quantized.js';

const [T, H, W] = [8, 2, 16];
const D = H * W;
const BLOCK = 16;

type Quantized = Pick<Blocks, 'bits' | 'zeroPoints' | 'spelledOut'>;

const product = (g: GraphBuilder, x: string, quantized: Quantized) =>
  nBits(g, x, { K: D, N: D, block: BLOCK, ...quantized });

/** RMSNorm without a gain, and a rotation, of heads. */
function normedAndRotated(g: GraphBuilder, x: string): string {
  const square = g.op('Pow', [x, g.scalar(2)]);
  const mean = g.op('ReduceMean', [square, g.ints([-1])], { keepdims: { int: 1 } });
  const norm = g.op('Div', [x, g.op('Sqrt', [g.op('Add', [mean, g.scalar(1e-5)])])]);
  const angles = Array.from(
    { length: (T * W) / 2 },
    (_, k) => Math.floor((2 * k) / W) * 0.3 ** (k % (W / 2)),
  );
  const table = (f: (angle: number) => number) =>
    g.floats(
      angles.map((angle) => Math.fround(f(angle))),
      [1, 1, T, W / 2],
    );
  const [cos, sin] = [table(Math.cos), table(Math.sin)];
  const [a, b] = [g.slice(norm, 3, 0, W / 2), g.slice(norm, 3, W / 2, W)];
  const mul = (u: string, v: string) => g.op('Mul', [u, v]);
  const first = g.op('Sub', [mul(a, cos), mul(b, sin)]);
  const second = g.op('Add', [mul(b, cos), mul(a, sin)]);
  return g.op('Concat', [first, second], { axis: { int: -1 } });
}

describe.each([2, 4, 8] as const)('%i bits', (bits) => {
  test.each([
    [{ bits, zeroPoints: false }],
    [{ bits, zeroPoints: true }],
    [{ bits, zeroPoints: false, spelledOut: true }],
    [{ bits, zeroPoints: true, spelledOut: true }],
  ] as [Quantized][])('%j', async (quantized) => {
    const g = new GraphBuilder();
    const x = product(g, g.embed(D), quantized);
    const heads = g.transpose(g.reshape(x, [0, 0, H, W]), [0, 2, 1, 3]);
    const turned = g.transpose(normedAndRotated(g, heads), [0, 2, 1, 3]);
    const model = g.model(product(g, g.reshape(turned, [0, 0, D]), quantized), D);
    const { counts } = await checked(model);
    expect(counts['rotary-embedding']).toBe(1);
  });
});
