/** Products whose result is taken apart: a product for each part, and what must stay one. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OnnxGraph } from '#bpb/onnx/graph';
import { optimize } from '#bpb/onnx/optimize/optimize';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { checked } from '../helpers/optimized.js';

const [T, D, W] = [8, 16, 8];
/** Widths of three parts, all different. */
const WIDTHS = [16, 8, 24];
const ALL = 48;

const flat = (g: GraphBuilder) => g.reshape(g.embed(D), [-1, D]);
const apart = (g: GraphBuilder, y: string) => g.reshape(y, [-1, T, D]);

function split(g: GraphBuilder, y: string, widths: readonly number[], axis: number): string[] {
  const outputs = widths.map((_, k) => `part${g.nodes.length}_${k}`);
  const attributes = { axis: { int: axis } };
  g.nodes.push({ op: 'Split', inputs: [y, g.ints(widths)], outputs, attributes });
  return outputs;
}

/** Every part brought to D columns by a matrix of its own, and summed: each is needed, in its place. */
function joined(g: GraphBuilder, parts: readonly string[], widths: readonly number[]): string {
  const same = parts.map((part, k) => g.op('MatMul', [part, g.weights([widths[k]!, D], 0.1)]));
  return same.reduce((sum, part) => g.op('Add', [sum, part]));
}

const counted = async (bytes: Uint8Array, options: Parameters<typeof checked>[1] = {}) => {
  const result = await checked(bytes, options);
  const { nodes } = OnnxGraph.parse(result.bytes, 'm.onnx');
  const left = nodes.filter(({ op }) => op === 'Split' || op === 'Slice').length;
  return { ...result, separated: result.counts['separate-projections'] ?? 0, left };
};

type Product = (g: GraphBuilder) => string;
const gemm =
  (attributes: object, bias?: (g: GraphBuilder) => string): Product =>
  (g) => {
    const turned = 'transB' in attributes;
    const weights = g.weights(turned ? [ALL, D] : [D, ALL], 0.3);
    return g.op('Gemm', [flat(g), weights, ...(bias ? [bias(g)] : [])], { ...attributes });
  };
const PRODUCTS: [string, Product][] = [
  ['MatMul of rows and positions', (g) => g.op('MatMul', [g.embed(D), g.weights([D, ALL], 0.3)])],
  ['Gemm', gemm({})],
  ['Gemm by turned weights', gemm({ transB: { int: 1 } })],
  ['Gemm with a bias', gemm({ transB: { int: 1 } }, (g) => g.weights([ALL]))],
  ['Gemm with a row as bias', gemm({}, (g) => g.weights([1, ALL]))],
  ['Gemm with one number as bias', gemm({ beta: { float: 0.5 } }, (g) => g.scalar(2))],
  [
    'Gemm with factors',
    gemm({ alpha: { float: 0.5 }, beta: { float: 2 } }, (g) => g.weights([ALL])),
  ],
  [
    'MatMul and a bias',
    (g) => g.op('Add', [g.op('MatMul', [g.embed(D), g.weights([D, ALL], 0.3)]), g.weights([ALL])]),
  ],
  [
    'a bias minus MatMul',
    (g) =>
      g.op('Sub', [g.weights([1, ALL]), g.op('MatMul', [g.embed(D), g.weights([D, ALL], 0.3)])]),
  ],
  [
    'MatMul in another type of head first',
    (g) => {
      const y = g.reshape(g.op('MatMul', [g.embed(D), g.weights([D, ALL], 0.3)]), [0, 0, 6, W]);
      return g.reshape(g.op('Mul', [y, g.weights([6, 1])]), [0, 0, ALL]);
    },
  ],
  [
    'dequantized weights',
    (g) => {
      const values = Int8Array.from({ length: D * ALL }, (_, k) => ((k * 37) % 255) - 127);
      g.initializers.push({ name: 'quantized', type: 'int8', dims: [D, ALL], data: values });
      const scales = g.floats(Array.from({ length: ALL }, (_, k) => 1e-3 * (k + 1)));
      const weights = g.op('DequantizeLinear', ['quantized', scales], { axis: { int: 1 } });
      return g.op('MatMul', [g.embed(D), weights]);
    },
  ],
];

describe('is taken apart', () => {
  test.each(PRODUCTS)('%s, by one Split', async (_, product) => {
    const g = new GraphBuilder();
    const y = joined(g, split(g, product(g), WIDTHS, -1), WIDTHS);
    const bytes = g.model(apart(g, y), D);
    for (const batch of [2, undefined]) {
      expect(await counted(bytes, { batch })).toMatchObject({
        separated: 1,
        left: 0,
        untouched: [],
      });
    }
    expect(await counted(bytes, { precision: 'fp16' })).toMatchObject({ separated: 1, left: 0 });
  });

  test.each(PRODUCTS)('%s, by slices', async (_, product) => {
    const g = new GraphBuilder();
    const whole = product(g);
    // The last of them is used first, and ends "at infinity".
    const axis = g.nodes.at(-1)!.op === 'Gemm' ? 1 : 2;
    const last = g.slice(whole, axis, 24, Number.MAX_SAFE_INTEGER);
    const parts = [g.slice(whole, axis, 0, 16), g.slice(whole, axis, -32, -24), last];
    const bytes = g.model(apart(g, joined(g, parts, WIDTHS)), D);
    expect(await counted(bytes)).toMatchObject({ separated: 1, left: 0, untouched: [] });
  });

  test('into two equal parts, one of which nobody reads', async () => {
    const g = new GraphBuilder();
    const [, right] = g.split(g.op('MatMul', [g.embed(D), g.weights([D, 32], 0.3)]), 2, -1);
    const bytes = g.model(g.op('MatMul', [right!, g.weights([16, D], 0.3)]), D);
    // One part is no more than a product that was too large; it is left to whoever exports such.
    expect((await counted(bytes)).separated).toBe(0);
  });

  test('on an axis of heads, behind a transpose', async () => {
    const g = new GraphBuilder();
    const y = g.reshape(g.op('MatMul', [g.embed(D), g.weights([D, ALL], 0.3)]), [0, 0, 6, W]);
    const parts = split(g, g.transpose(y, [0, 2, 1, 3]), [2, 1, 3], 1);
    const back = parts.map((part, k) =>
      g.reshape(g.transpose(part, [0, 2, 1, 3]), [0, 0, WIDTHS[k]!]),
    );
    expect(await counted(g.model(joined(g, back, WIDTHS), D))).toMatchObject({
      separated: 1,
      left: 0,
    });
  });

  test('on an axis of its own, one place at a time', async () => {
    const g = new GraphBuilder();
    const y = g.op('MatMul', [g.embed(D), g.weights([D, ALL], 0.3)]);
    const three = g.reshape(y, [0, 0, 3, 2, W]);
    const parts = [2, 0, 1].map((k) =>
      g.op('Gather', [three, g.ints([k], [])], { axis: { int: 2 } }),
    );
    const back = parts.map((part) => g.reshape(part, [0, 0, 16]));
    const result = await counted(g.model(joined(g, back, [16, 16, 16]), D));
    expect(result.separated).toBe(1);
    const { nodes } = OnnxGraph.parse(result.bytes, 'm.onnx');
    expect(nodes.filter(({ op }) => op === 'Gather')).toHaveLength(1);
  });

  test('queries and keys that are normalized and turned side by side', async () => {
    const g = new GraphBuilder();
    const [heads, kv] = [2, 1];
    const [qk, v] = split(g, g.op('MatMul', [g.embed(D), g.weights([D, 4 * W], 0.3)]), [24, 8], -1);
    const four = g.reshape(qk!, [0, 0, heads + kv, W]);
    const normal = g.op('RMSNormalization', [four, g.weights([W])], { axis: { int: -1 } });
    const factors = g.op('Mul', [normal, g.floats([0.5, 0.7, 1], [3, 1])]);
    const angles = Array.from({ length: (T * W) / 2 }, (_, k) => (k * 7) % 5);
    const [cos, sin] = [Math.cos, Math.sin].map((f) => g.floats(angles.map(f), [T, W / 2]));
    const positions = g.ints(
      [...Array(2 * T).keys()].map((k) => k % T),
      [2, T],
    );
    const inputs = [g.reshape(factors, [0, 0, 24]), cos!, sin!, positions];
    const turned = g.op('RotaryEmbedding', inputs, { num_heads: { int: 3 } });
    const [q, k] = split(g, turned, [16, 8], -1);
    const y = g.op('Attention', [q!, k!, v!], {
      is_causal: { int: 1 },
      q_num_heads: { int: heads },
      kv_num_heads: { int: kv },
    });
    const bytes = g.model(y, D, { opset: 23 });
    for (const precision of ['fp32', 'fp16'] as const) {
      const result = await counted(bytes, { precision });
      expect(result).toMatchObject({ separated: 2, left: 0 });
    }
  });

  test('any widths, any product, any of the two axes', async () => {
    const widths = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 5 });
    const property = fc.asyncProperty(
      widths,
      fc.boolean(),
      fc.boolean(),
      async (list, turned, bias) => {
        const g = new GraphBuilder();
        const sum = list.reduce((a, b) => a + b, 0);
        const inputs = [flat(g), g.weights(turned ? [sum, D] : [D, sum], 0.3)];
        if (bias) inputs.push(g.weights([sum]));
        const y = g.op('Gemm', inputs, { transB: { int: Number(turned) } });
        const bytes = g.model(apart(g, joined(g, split(g, y, list, 1), list)), D);
        expect(await counted(bytes)).toMatchObject({ separated: 1, left: 0 });
      },
    );
    await fc.assert(property, { numRuns: 20 });
  });
});

describe('stays one', () => {
  const product = (g: GraphBuilder) => g.op('MatMul', [g.embed(D), g.weights([D, ALL], 0.3)]);

  test.each<[string, (g: GraphBuilder) => string, RegExp]>([
    [
      'a whole that is used as well',
      (g) => {
        const whole = product(g);
        const sum = g.op('MatMul', [whole, g.weights([ALL, D], 0.3)]);
        return g.op('Add', [sum, joined(g, split(g, whole, WIDTHS, -1), WIDTHS)]);
      },
      /used as a whole too/,
    ],
    [
      'weights that depend on the tokens',
      (g) => {
        const x = g.embed(D);
        const weights = g.op('MatMul', [
          g.transpose(x, [0, 2, 1]),
          g.op('MatMul', [x, g.weights([D, ALL])]),
        ]);
        const y = g.op('MatMul', [x, g.op('Tanh', [weights])]);
        return joined(g, split(g, y, WIDTHS, -1), WIDTHS);
      },
      /^$/,
    ],
    [
      'parts of time',
      (g) => {
        const [early, late] = split(g, product(g), [3, 5], 1);
        const turned = g.op('Concat', [late!, early!], { axis: { int: 1 } });
        return g.op('MatMul', [turned, g.weights([ALL, D], 0.3)]);
      },
      /^$/,
    ],
    [
      'parts that overlap',
      (g) => {
        const whole = product(g);
        return joined(g, [g.slice(whole, 2, 0, 16), g.slice(whole, 2, 12, 20)], [16, 8]);
      },
      /^$/,
    ],
    [
      'every second column',
      (g) => {
        const whole = product(g);
        return joined(g, [g.slice(whole, 2, 0, ALL, 2), g.slice(whole, 2, 1, ALL, 2)], [24, 24]);
      },
      /^$/,
    ],
    [
      'halves of heads',
      (g) => {
        const heads = g.reshape(product(g), [0, 0, 6, W]);
        const [one, two] = split(g, g.op('Tanh', [heads]), [4, 4], -1);
        const turned = g.op('Concat', [two!, one!], { axis: { int: -1 } });
        return g.op('MatMul', [g.reshape(turned, [0, 0, ALL]), g.weights([ALL, D], 0.3)]);
      },
      /^$/,
    ],
    [
      'a norm over all of it',
      (g) => {
        const normal = g.op('RMSNormalization', [product(g), g.weights([ALL])], {
          axis: { int: -1 },
        });
        return joined(g, split(g, normal, WIDTHS, -1), WIDTHS);
      },
      /not columns of the weights/,
    ],
    [
      'a bias by position',
      (g) => {
        const y = g.op('Add', [
          product(g),
          g.op('MatMul', [g.embed(D), g.op('Tanh', [g.weights([D, ALL])])]),
        ]);
        return joined(g, split(g, y, WIDTHS, -1), WIDTHS);
      },
      /not columns of the weights/,
    ],
  ])('%s', async (_, build, reason) => {
    const g = new GraphBuilder();
    const result = await counted(g.model(build(g), D, { opset: 23 }));
    expect(result.separated).toBe(0);
    expect(result.untouched.join()).toMatch(reason);
  });

  test('a part that is an output of the graph', async () => {
    const g = new GraphBuilder();
    const parts = split(g, g.reshape(product(g), [0, 0, 1, ALL]), WIDTHS, -1);
    const y = joined(g, parts, WIDTHS);
    const bytes = g.model(g.reshape(y, [0, 0, D]), D, { extra: [parts[1]!] });
    const result = await counted(bytes);
    expect(result.separated).toBe(0);
    expect(result.untouched.join()).toMatch(/output of the graph/);
  });

  test('weights that two products share are cut for the one and kept for the other', async () => {
    const g = new GraphBuilder();
    const [x, weights] = [g.embed(D), g.weights([D, ALL], 0.3)];
    const y = joined(g, split(g, g.op('MatMul', [x, weights]), WIDTHS, -1), WIDTHS);
    const other = g.op('MatMul', [
      g.op('Tanh', [g.op('MatMul', [x, weights])]),
      g.weights([ALL, D], 0.3),
    ]);
    expect((await counted(g.model(g.op('Add', [y, other]), D))).separated).toBeLessThanOrEqual(1);
  });

  test('sizes that do not add up are refused or left', () => {
    const g = new GraphBuilder();
    const parts = split(g, product(g), [16, 8, 25], -1);
    const bytes = g.model(joined(g, parts, [16, 8, 25]), D);
    const { rewrites } = optimize(bytes, { precision: 'fp32', seqLen: T, batch: 2 });
    expect(rewrites.map(({ name }) => name)).not.toContain('separate-projections');
  });
});
