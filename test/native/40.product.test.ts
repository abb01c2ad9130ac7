/** The kernel of Product on AMX against float64 and against ONNX Runtime's MatMul. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import type { NativeAddon } from '#bpb/engine/addon';
import { onnxModel } from '#bpb/onnx/writer';
import { normals } from '../helpers/models.js';
import { requireAddon } from '../helpers/native.js';

const addon = requireAddon();
const has = addon.operators('cpu').includes('Product');
const where = has ? '' : ' (skipped: this CPU or build has no AMX)';

type Options = Parameters<NativeAddon['product']>[0];
const U = 2 ** -24;
const { NaN: nan, POSITIVE_INFINITY: inf } = Number;

function numbers(rows: number, inner: number, width: number): Options {
  return {
    rows,
    inner,
    width,
    x: normals(rows * inner, rows + inner, 2),
    weights: normals(inner * width, width, 0.5),
  };
}

/** What bpb_product computes, in float64, and Σ |z| |weights| of each product. */
function reference(o: Options) {
  const { rows, inner, width } = o;
  const y = new Float64Array(rows * width);
  const sizes = new Float64Array(rows * width);
  for (let r = 0; r < rows; r++) {
    const z = Float64Array.from(o.x.subarray(r * inner, (r + 1) * inner));
    if (o.epsilon !== undefined) {
      const mean = z.reduce((sum, v) => sum + v * v, 0) / inner;
      const scale = 1 / Math.sqrt(mean + o.epsilon);
      for (let k = 0; k < inner; k++) z[k] = z[k]! * scale * (o.gain?.[k] ?? 1);
    }
    for (let c = 0; c < width; c++) {
      let [sum, size] = [0, 0];
      for (let k = 0; k < inner; k++) {
        const term = z[k]! * o.weights[o.transposed ? c * inner + k : k * width + c]!;
        sum += term;
        size += Math.abs(term);
      }
      const at = r * width + c;
      let p = sum + (o.bias?.[c] ?? 0);
      if (o.slope !== undefined) p = Math.max(p, o.slope * p) ** 2;
      y[at] = p * (o.factor?.[c] ?? 1);
      if (o.added0) y[at]! += o.added0[at]! * (o.added_factor0?.[c] ?? 1);
      if (o.added1) y[at]! += o.added1[at]! * (o.added_factor1?.[c] ?? 1);
      sizes[at] = size;
    }
  }
  return { y, sizes };
}

/** Errors over U · Σ |z| |weights|. */
function errors(y: Float32Array, wanted: ReturnType<typeof reference>): Float64Array {
  return Float64Array.from(y, (v, k) => {
    const difference = v - wanted.y[k]!;
    return difference === 0 ? 0 : difference / (U * wanted.sizes[k]!);
  });
}

const largest = (values: Float64Array) => values.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
const mean = (values: Float64Array) => values.reduce((sum, v) => sum + v, 0) / values.length;
const rms = (values: Float64Array) => Math.sqrt(mean(values.map((v) => v * v)));

async function matmul({ rows, inner, width, x, weights }: Options): Promise<Float32Array> {
  const bytes = onnxModel({
    nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'], attributes: {} }],
    initializers: [{ name: 'w', type: 'float32', dims: [inner, width], data: weights }],
    inputs: [{ name: 'x', type: 'float32', dims: [rows, inner] }],
    outputs: [{ name: 'y', type: 'float32', dims: [rows, width] }],
    opset: 18,
  });
  const session = await InferenceSession.create(Buffer.from(bytes), { intraOpNumThreads: 1 });
  const { y } = await session.run({ x: new Tensor('float32', x, [rows, inner]) });
  await session.release();
  return y!.data as Float32Array;
}

test.runIf(!has)('without AMX there is no product, and that is said', () => {
  expect(() => addon.product(numbers(1, 1, 1))).toThrow(/AMX/);
});

describe.runIf(has)(`the product on AMX${where}`, () => {
  test.each<[string, Partial<Options>]>([
    ['too few numbers', { x: new Float32Array(5) }],
    ['weights of another size', { weights: new Float32Array(7) }],
    ['a bias that is too long', { bias: new Float32Array(3) }],
    ['a gain that is too short', { gain: new Float32Array(2), epsilon: 0 }],
    ['something else to add', { added1: new Float32Array(2) }],
    ['a negative size', { rows: -1 }],
  ])('refuses %s', (_, wrong) => {
    expect(() => addon.product({ ...numbers(2, 3, 2), ...wrong })).toThrow(RangeError);
  });

  test('without rows, columns or anything to sum over', () => {
    expect(addon.product(numbers(0, 3, 2)).y).toHaveLength(0);
    expect(addon.product(numbers(2, 3, 0)).y).toHaveLength(0);
    const bias = Float32Array.of(1, -2);
    expect(addon.product({ ...numbers(2, 0, 2), bias }).y).toEqual(Float32Array.of(1, -2, 1, -2));
  });

  // Around every multiple of a tile's rows, columns and depth, and of a block.
  const shapes = [1, 2, 15, 17, 300].flatMap((m) =>
    [1, 31, 32, 33, 512, 1536].flatMap((k) =>
      [1, 8, 16, 63, 1024].filter((n) => m * k * n <= 2 ** 24).map((n) => [m, k, n] as const),
    ),
  );
  test('every shape stays within the bound of bpb_product', () => {
    for (const [rows, inner, width] of shapes) {
      const options = numbers(rows, inner, width);
      const worst = largest(errors(addon.product(options).y, reference(options)));
      expect(worst, `${rows} × ${inner} × ${width}`).toBeLessThanOrEqual(inner / 24 + 24);
    }
  });

  test('errors have no bias, and are no larger than those of MatMul', async () => {
    const options = numbers(128, 512, 256);
    const wanted = reference(options);
    const own = errors(addon.product(options).y, wanted);
    const other = errors(await matmul(options), wanted);
    expect(rms(own)).toBeLessThanOrEqual(rms(other));
    // Four standard errors of a mean of 2^15 independent errors.
    expect(Math.abs(mean(own))).toBeLessThanOrEqual((4 * rms(own)) / Math.sqrt(own.length));
  });

  test('sums of positive numbers, whose errors cannot cancel, are as near as those of MatMul', async () => {
    const signed = numbers(64, 1536, 64);
    const positive = (values: Float32Array) => values.map(Math.abs);
    const options = { ...signed, x: positive(signed.x), weights: positive(signed.weights) };
    const wanted = reference(options);
    const own = errors(addon.product(options).y, wanted);
    expect(rms(own)).toBeLessThanOrEqual(rms(errors(await matmul(options), wanted)));
    expect(Math.abs(mean(own))).toBeLessThanOrEqual(0.5);
  });

  test('the same bits whatever the rows beside it and the order of the pieces', () => {
    const [rows, inner, width] = [300, 96, 700];
    const options = numbers(rows, inner, width);
    const { y } = addon.product({ ...options, epsilon: 1e-5, slope: 0.5 });
    const apart = addon.product({ ...options, epsilon: 1e-5, slope: 0.5, apart: true });
    expect(apart.y).toEqual(y);
    for (const r of [0, 15, 16, 31, 32, 255, 256, 299]) {
      const x = options.x.slice(r * inner, (r + 1) * inner);
      const alone = addon.product({ ...options, rows: 1, x, epsilon: 1e-5, slope: 0.5 });
      expect(alone.y).toEqual(y.slice(r * width, (r + 1) * width));
    }
  });

  test('transposed weights are the same weights', () => {
    const options = numbers(5, 40, 70);
    const weights = new Float32Array(40 * 70);
    for (let k = 0; k < 40; k++)
      for (let c = 0; c < 70; c++) weights[c * 40 + k] = options.weights[k * 70 + c]!;
    expect(addon.product({ ...options, weights, transposed: true }).y).toEqual(
      addon.product(options).y,
    );
  });

  const [M, K, N] = [33, 70, 45];
  const vector = (size: number, seed: number) => normals(size, seed, 1);
  test.each<[string, Partial<Options>]>([
    ['a norm', { epsilon: 1e-5 }],
    ['a norm with gains', { epsilon: 0.25, gain: vector(K, 1) }],
    ['a bias', { bias: vector(N, 2) }],
    ['a squared rectifier', { slope: 0 }],
    ['a leaky one with a bias', { slope: 0.5, bias: vector(N, 3) }],
    ['a factor by channel', { factor: vector(N, 4) }],
    ['a residual', { added0: vector(M * N, 5) }],
    [
      'two, one with a factor',
      { added0: vector(M * N, 6), added1: vector(M * N, 7), added_factor1: vector(N, 8) },
    ],
    [
      'all of it',
      {
        epsilon: 1e-6,
        gain: vector(K, 9),
        bias: vector(N, 10),
        slope: 0.25,
        factor: vector(N, 11),
        added0: vector(M * N, 12),
        added_factor0: vector(N, 13),
        added1: vector(M * N, 14),
        added_factor1: vector(N, 15),
      },
    ],
  ])('with %s', (_, riding) => {
    const options = { ...numbers(M, K, N), ...riding };
    const { y } = addon.product(options);
    const wanted = reference(options).y;
    // A few roundings of values of that size; squares double the relative error.
    y.forEach((v, k) => {
      expect(Math.abs(v - wanted[k]!)).toBeLessThanOrEqual(2e-5 * (1 + Math.abs(wanted[k]!)));
    });
  });

  test('an infinity or a NaN reaches every output that depends on it, and no other', () => {
    for (const special of [inf, -inf, nan]) {
      const options = numbers(20, 40, 50);
      const clean = addon.product(options).y;
      const inX = addon.product({ ...options, x: options.x.with(3 * 40 + 7, special) }).y;
      const inW = addon.product({
        ...options,
        weights: options.weights.with(9 * 50 + 31, special),
      }).y;
      clean.forEach((v, k) => {
        const [row, column] = [Math.floor(k / 50), k % 50];
        if (row === 3) expect(inX[k]).not.toSatisfy(Number.isFinite);
        else expect(inX[k]).toBe(v);
        if (column === 31) expect(inW[k]).not.toSatisfy(Number.isFinite);
        else expect(inW[k]).toBe(v);
      });
    }
    const options = { ...numbers(2, 40, 3), slope: 0.5, epsilon: 1e-5 };
    expect(addon.product({ ...options, x: options.x.with(5, nan) }).y[0]).toBeNaN();
  });

  test('the largest numbers are exact up to 3.389e38 and not finite beyond', () => {
    const one = (x: number, w: number) =>
      addon.product({
        rows: 1,
        inner: 1,
        width: 1,
        x: Float32Array.of(x),
        weights: Float32Array.of(w),
      }).y[0]!;
    for (const value of [3.389e38, -3.389e38, 1e38, 2 ** 127]) {
      expect(one(value, 2 ** -20)).toBe(Math.fround(Math.fround(value) * 2 ** -20));
    }
    const most = (2 - 2 ** -23) * 2 ** 127;
    expect(one(most, 2 ** -20)).not.toSatisfy(Number.isFinite);
    expect(one(1e38, 10)).not.toSatisfy(Number.isFinite);
  });

  test('parts below 2^-126 count as zero', () => {
    const one = (x: number) =>
      addon.product({ ...numbers(1, 1, 1), x: Float32Array.of(x), weights: Float32Array.of(1) })
        .y[0]!;
    expect(one(2 ** -130)).toBe(0);
    expect(one(2 ** -126)).toBe(2 ** -126);
    const value = Math.fround(1.2345678 * 2 ** -120);
    expect(Math.abs(one(value) - value)).toBeLessThan(2 ** -126);
    const normal = Math.fround(1.2345678 * 2 ** -100);
    expect(one(normal)).toBe(normal);
  });
});
