/** Graphs with MatMulNBits under `--optimize`: its shape is known, so that a rotation behind it is fused. */
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { uniform } from '../helpers/models.js';
import { checked } from '../helpers/optimized.js';

const [T, H, W] = [8, 2, 16];
const D = H * W;
const BLOCK = 16;

interface Quantized {
  readonly bits: 2 | 4 | 8;
  readonly zeroPoints: boolean;
  /** Optional inputs that are left out are named by empty strings. */
  readonly spelledOut?: boolean;
}

/** `x · W` with a `[D, D]` matrix in blocks of `bits`, as ONNX Runtime's quantizer packs it. */
function product(g: GraphBuilder, x: string, { bits, zeroPoints, spelledOut }: Quantized): string {
  const blocks = D / BLOCK;
  const next = uniform(bits + (zeroPoints ? 100 : 0));
  const bytes = (dims: readonly number[]) => {
    const size = dims.reduce((all, dim) => all * dim, 1);
    const name = `q${g.initializers.length}`;
    const data = Uint8Array.from({ length: size }, () => Math.floor(next() * 256));
    g.initializers.push({ name, type: 'uint8', dims, data });
    return name;
  };
  const weights = bytes([D, blocks, (BLOCK * bits) / 8]);
  const scales = g.floats(
    Float32Array.from({ length: D * blocks }, () => 2 ** -bits * (1 + next())),
  );
  const inputs = [x, weights, scales];
  if (zeroPoints) inputs.push(bytes([D * Math.ceil((blocks * bits) / 8)]));
  while (spelledOut && inputs.length < 5) inputs.push('');
  const attributes = { K: D, N: D, bits, block_size: BLOCK };
  return g.op(
    'MatMulNBits',
    inputs,
    Object.fromEntries(Object.entries(attributes).map(([name, int]) => [name, { int }])),
    undefined,
    'com.microsoft',
  );
}

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
