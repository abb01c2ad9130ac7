/** Squares of rectifiers and products with gates: every spelling becomes one operator, lookalikes none. */
import { describe, expect, test } from 'vitest';
import { OnnxGraph } from '#bpb/onnx/graph';
import { optimize } from '#bpb/onnx/optimize/optimize';
import { expanded } from '../helpers/expand-operators.js';
import { GraphBuilder, largestDifference, runLogits, someIds } from '../helpers/graph-builder.js';
import { checked, TOLERANCE_LOGIT } from '../helpers/optimized.js';

const [T, D] = [8, 16];
const operators = new Set(['SquaredRelu', 'SwiGlu'] as const);
type Build = (g: GraphBuilder, x: string) => string;

const product = (g: GraphBuilder, x: string, width = 2 * D) =>
  g.op('MatMul', [x, g.weights([D, width], 0.4)]);
const square = (g: GraphBuilder, x: string) => g.op('Mul', [x, x]);

async function found(build: Build, options: Parameters<typeof checked>[1] = {}, opset = 24) {
  const g = new GraphBuilder();
  const hidden = g.op('Tanh', [g.embed(D)]);
  const y = build(g, hidden);
  const down = g.op('MatMul', [y, g.weights([2 * D, D], 0.3)]);
  const bytes = g.model(down, D, { opset });
  const result = await checked(bytes, { operators, ...options });
  const own = OnnxGraph.parse(result.bytes, 'm.onnx').nodes.filter(
    ({ domain }) => domain === 'bpb',
  );
  return {
    bytes,
    result,
    own: own.map(({ op, inputs, attributes }) => {
      const slope = attributes.get('slope')?.value as number | undefined;
      return slope === undefined ? `${op}/${inputs.length}` : `${op} ${slope.toFixed(2)}`;
    }),
  };
}

const clip = (g: GraphBuilder, x: string, ...bounds: string[]) => g.op('Clip', [x, ...bounds]);

describe('the square of a rectifier', () => {
  test.each<[string, string, Build]>([
    ['relu', '0.00', (g, x) => square(g, g.op('Relu', [product(g, x)]))],
    [
      'to the power of 2',
      '0.00',
      (g, x) => g.op('Pow', [g.op('Relu', [product(g, x)]), g.scalar(2)]),
    ],
    [
      'the larger of it and 0',
      '0.00',
      (g, x) => square(g, g.op('Max', [g.scalar(0), product(g, x)])),
    ],
    ['bounded from below', '0.00', (g, x) => square(g, clip(g, product(g, x), g.scalar(0)))],
    [
      'leaky',
      '0.50',
      (g, x) => square(g, g.op('LeakyRelu', [product(g, x)], { alpha: { float: 0.5 } })),
    ],
    ['leaky by default', '0.01', (g, x) => square(g, g.op('LeakyRelu', [product(g, x)]))],
    [
      'the larger of it and a part of it',
      '0.25',
      (g, x) => {
        const y = product(g, x);
        return square(g, g.op('Max', [g.op('Mul', [g.scalar(0.25), y]), y]));
      },
    ],
  ])('%s', async (_, slope, build) => {
    expect((await found(build)).own).toEqual([`SquaredRelu ${slope}`]);
    expect((await found(build, { batch: undefined }, 18)).own).toHaveLength(1);
    expect((await found(build, { precision: 'fp16' })).own).toHaveLength(1);
    expect((await found(build, { operators: new Set(['SwiGlu']) })).own).toEqual([]);
  });

  test.each<[string, Build]>([
    ['a cube', (g, x) => g.op('Pow', [g.op('Relu', [product(g, x)]), g.scalar(3)])],
    [
      'a rectified value that is used elsewhere',
      (g, x) => {
        const r = g.op('Relu', [product(g, x)]);
        return g.op('Add', [r, square(g, r)]);
      },
    ],
    [
      'bounded on both sides',
      (g, x) => square(g, clip(g, product(g, x), g.scalar(0), g.scalar(6))),
    ],
    ['bounded from elsewhere', (g, x) => square(g, clip(g, product(g, x), g.scalar(-1)))],
    ['the larger of it and 1', (g, x) => square(g, g.op('Max', [product(g, x), g.scalar(1)]))],
    ['the larger of two', (g, x) => square(g, g.op('Max', [product(g, x), product(g, x)]))],
    [
      'a product of two rectifiers',
      (g, x) =>
        g.op(
          'Mul',
          [0, 1].map(() => g.op('Relu', [product(g, x)])),
        ),
    ],
    [
      'the larger of it and a part of another',
      (g, x) =>
        square(g, g.op('Max', [product(g, x), g.op('Mul', [product(g, x), g.scalar(0.25)])])),
    ],
    ['a square alone', (g, x) => square(g, product(g, x))],
  ])('not: %s', async (_, build) => {
    const { own, result } = await found(build);
    expect(own).toEqual([]);
    expect(result.untouched).toEqual([]);
  });

  test.each([1, 1.5, -0.25])('a slope of %s is left, and said', async (alpha) => {
    const { own, result } = await found((g, x) =>
      square(g, g.op('LeakyRelu', [product(g, x)], { alpha: { float: alpha } })),
    );
    expect(own).toEqual([]);
    expect(result.untouched).toEqual([expect.stringMatching(/^squared-relu: 1 with a slope/)]);
  });
});

const sigmoid = (g: GraphBuilder, x: string) => g.op('Sigmoid', [x]);
/** gate and up, from one product: how they are taken apart. */
const halves = (take: (g: GraphBuilder, both: string) => [string, string]): Build => {
  return (g, x) => {
    const [gate, up] = take(g, product(g, x, 4 * D));
    return g.op('Mul', [g.op('Mul', [gate, sigmoid(g, gate)]), up]);
  };
};

describe('a gate', () => {
  test.each<[string, Build]>([
    ['x · sigmoid(x)', (g, gate) => g.op('Mul', [sigmoid(g, gate), gate])],
    ['Swish', (g, gate) => g.op('Swish', [gate])],
    [
      'QuickGelu of alpha 1',
      (g, gate) => g.op('QuickGelu', [gate], { alpha: { float: 1 } }, undefined, 'com.microsoft'),
    ],
    [
      'x / (1 + exp(−x))',
      (g, gate) => {
        const exp = g.op('Exp', [g.op('Neg', [gate])]);
        return g.op('Div', [gate, g.op('Add', [g.scalar(1), exp])]);
      },
    ],
  ])('%s', async (_, silu) => {
    const build: Build = (g, x) => g.op('Mul', [product(g, x), silu(g, product(g, x))]);
    expect((await found(build)).own).toEqual(['SwiGlu/2']);
    expect((await found(build, { batch: undefined })).own).toEqual(['SwiGlu/2']);
    expect((await found(build, { precision: 'fp16' })).own).toEqual(['SwiGlu/2']);
    expect((await found(build, { operators: new Set(['SquaredRelu']) })).own).toEqual([]);
  });

  test('multiplied in another order', async () => {
    const inner: Build = (g, x) => {
      const gate = product(g, x);
      return g.op('Mul', [gate, g.op('Mul', [sigmoid(g, gate), product(g, x)])]);
    };
    const outer: Build = (g, x) => {
      const gate = product(g, x);
      return g.op('Mul', [g.op('Mul', [product(g, x), gate]), sigmoid(g, gate)]);
    };
    for (const build of [inner, outer]) expect((await found(build)).own).toEqual(['SwiGlu/2']);
  });

  test.each<[string, number, Build]>([
    ['halves of a Split', 1, halves((g, both) => g.split(both, 2, -1) as [string, string])],
    [
      'halves by Slice',
      1,
      halves((g, both) => [g.slice(both, 2, 0, 2 * D), g.slice(both, -1, -2 * D, 2 ** 31)]),
    ],
    [
      'halves in the other order: two products',
      2,
      halves((g, both) => g.split(both, 2, -1).toReversed() as [string, string]),
    ],
    [
      'even and odd places',
      2,
      halves((g, both) => [g.slice(both, 2, 0, 4 * D, 2), g.slice(both, 2, 1, 4 * D, 2)]),
    ],
    [
      'a half that is used elsewhere',
      2,
      (g, x) => {
        const [gate, up] = g.split(product(g, x, 4 * D), 2, -1) as [string, string];
        const y = g.op('Mul', [g.op('Mul', [gate, sigmoid(g, gate)]), up]);
        return g.op('Add', [y, up]);
      },
    ],
  ])('%s', async (_, inputs, build) => {
    const { own, result } = await found(build);
    expect(own).toEqual([`SwiGlu/${inputs}`]);
    const { nodes } = OnnxGraph.parse(result.bytes, 'm.onnx');
    expect(nodes.map(({ op }) => op)).not.toContain('Split');
  });

  test.each<[string, Build]>([
    [
      'the sigmoid of another value',
      (g, x) =>
        g.op('Mul', [g.op('Mul', [product(g, x), sigmoid(g, product(g, x))]), product(g, x)]),
    ],
    [
      'no gated values',
      (g, x) => {
        const y = product(g, x);
        return g.op('Mul', [y, sigmoid(g, y)]);
      },
    ],
    ['GLU: a sigmoid alone', (g, x) => g.op('Mul', [product(g, x), sigmoid(g, product(g, x))])],
    [
      'a sigmoid that is used elsewhere',
      (g, x) => {
        const gate = product(g, x);
        const s = sigmoid(g, gate);
        return g.op('Add', [s, g.op('Mul', [g.op('Mul', [gate, s]), product(g, x)])]);
      },
    ],
    [
      'values by position',
      (g, x) => {
        const gate = product(g, x);
        const most = g.op('ReduceMax', [x, g.ints([-1])]);
        return g.op('Mul', [g.op('Mul', [gate, sigmoid(g, gate)]), most]);
      },
    ],
    [
      'QuickGelu as it is by default',
      (g, x) =>
        g.op('Mul', [
          product(g, x),
          g.op('QuickGelu', [product(g, x)], {}, undefined, 'com.microsoft'),
        ]),
    ],
    [
      'Swish of alpha 2',
      (g, x) =>
        g.op('Mul', [product(g, x), g.op('Swish', [product(g, x)], { alpha: { float: 2 } })]),
    ],
    [
      'x / (2 + exp(−x))',
      (g, x) => {
        const gate = product(g, x);
        const below = g.op('Add', [g.op('Exp', [g.op('Neg', [gate])]), g.scalar(2)]);
        return g.op('Mul', [g.op('Div', [gate, below]), product(g, x)]);
      },
    ],
  ])('not: %s', async (_, build) => {
    expect((await found(build)).own).toEqual([]);
  });
});

test('at scored positions alone', async () => {
  const builds: Build[] = [
    (g, x) => square(g, g.op('LeakyRelu', [product(g, x)])),
    halves((g, both) => g.split(both, 2, -1) as [string, string]),
  ];
  for (const build of builds) {
    const { bytes, result } = await found(build);
    expect(result.scoredInput).toBeNull();
    const given = { operators, precision: 'fp32', seqLen: T, scoredPositions: true } as const;
    const sliced = optimize(bytes, given);
    const scored = [9, 3, 14];
    const ids = someIds(2, T);
    const all = await runLogits(bytes, ids, 2);
    const vocab = all.length / ids.length;
    const wanted = scored.flatMap((p) => [...all.subarray(p * vocab, (p + 1) * vocab)]);
    const some = await runLogits(expanded(sliced.bytes), ids, 2, scored);
    expect(largestDifference(Float32Array.from(wanted), some)).toBeLessThan(TOLERANCE_LOGIT);
    // The embedding's look-up is of all positions; all behind it is of the scored ones.
    expect(sliced.rewrites.find(({ name }) => name === 'scored-positions')!.count).toBeGreaterThan(
      4,
    );
  }
});
