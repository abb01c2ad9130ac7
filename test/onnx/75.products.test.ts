/** Products with constant weights and what rides on them: what is put together, and what stays. */
import { describe, expect, test } from 'vitest';
import { OnnxGraph } from '#bpb/onnx/graph';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { checked } from '../helpers/optimized.js';

const D = 16;
const operators = new Set(['SumNorm', 'SquaredRelu', 'Product'] as const);
type Build = (g: GraphBuilder, x: string) => string;

const norm = (g: GraphBuilder, x: string) =>
  g.op('RMSNormalization', [x, g.weights([D], 0.2)], { axis: { int: -1 } });
const product = (g: GraphBuilder, x: string, from = D, to = D) =>
  g.op('MatMul', [x, g.weights([from, to], 0.3)]);
const add = (g: GraphBuilder, ...terms: string[]) => terms.reduce((a, b) => g.op('Add', [a, b]));
const scaled = (g: GraphBuilder, x: string) => g.op('Mul', [x, g.weights([D], 0.5)]);
const squared = (g: GraphBuilder, x: string) => {
  const r = g.op('Relu', [x]);
  return g.op('Mul', [r, r]);
};

/** Nodes of our own: a Product with what rides on it, or another operator by its name. */
function shown(model: Uint8Array): string[] {
  return OnnxGraph.parse(model, 'm.onnx')
    .nodes.filter(({ domain }) => domain === 'bpb')
    .map(({ op, inputs, attributes }) => {
      if (op !== 'Product') return op;
      expect(inputs).toHaveLength(9);
      const is = (name: string) => attributes.get(name)!.value === 1;
      const parts = [
        is('norm') ? 'norm' : '',
        inputs[3] ? 'bias' : '',
        is('squared_relu') ? 'square' : '',
        inputs[4] ? 'factor' : '',
        ...inputs.slice(5, 7).map((name, k) => (name ? `+x${inputs[7 + k] ? 'f' : ''}` : '')),
      ];
      return parts.filter(Boolean).join(' ') || 'plain';
    });
}

async function found(build: Build, options: Parameters<typeof checked>[1] = {}, opset = 23) {
  const g = new GraphBuilder();
  const y = build(g, g.op('Tanh', [g.embed(D)]));
  const result = await checked(g.model(y, D, { opset }), { operators, ...options });
  const own = shown(result.bytes);
  // The last one is the head.
  if (options.operators === undefined && options.precision === undefined) {
    expect(own.pop()).toBe('plain');
  }
  return { own, result };
}

describe('a product', () => {
  test.each<[string, string[], Build]>([
    ['alone', ['plain'], (g, x) => product(g, x)],
    [
      'of three whose norm they share',
      ['norm', 'norm', 'norm', 'plain'],
      (g, x) => {
        const z = norm(g, x);
        const [a, b, c] = [0, 1, 2].map(() => g.op('Tanh', [product(g, z)]));
        return product(g, g.op('Mul', [g.op('Mul', [a!, b!]), c!]));
      },
    ],
    ['and a bias', ['bias'], (g, x) => g.op('Add', [product(g, x), g.weights([D], 1)])],
    ['and one number', ['bias'], (g, x) => g.op('Add', [g.scalar(0.5), product(g, x)])],
    [
      'of an MLP',
      ['norm square', '+x'],
      (g, x) => add(g, x, product(g, squared(g, product(g, norm(g, x), D, 2 * D)), 2 * D)),
    ],
    [
      'with a factor and two terms',
      ['factor +xf +x'],
      (g, x) => add(g, scaled(g, product(g, x)), scaled(g, x), g.op('Sin', [x])),
    ],
    [
      'of a residual stream',
      ['+x', 'norm square', '+x', 'norm'],
      (g, x) => {
        const stream = add(g, x, product(g, g.op('Sin', [x])));
        const next = add(g, stream, product(g, squared(g, product(g, norm(g, stream)))));
        return product(g, norm(g, next));
      },
    ],
    [
      'whose sum goes into another sum, and both are kept',
      ['+x', 'SumNorm', 'norm'],
      (g, x) => {
        const first = add(g, x, product(g, x));
        const second = add(g, scaled(g, first), g.op('Sin', [x]));
        const skip = g.op('Cos', [first]);
        return g.op('Mul', [
          g.op('Mul', [product(g, norm(g, second)), skip]),
          g.op('Sin', [second]),
        ]);
      },
    ],
  ])('%s', async (_, own, build) => {
    const made = await found(build);
    expect(made.own).toEqual(own);
    expect(made.result.untouched).toEqual([]);
    expect(made.result.counts['product']).toBe(1 + own.filter((each) => each !== 'SumNorm').length);
    expect((await found(build, { batch: undefined })).own).toEqual(own);
  });

  test.each<[string, string[], Build]>([
    [
      'a norm that something else reads',
      ['SumNorm', 'plain'],
      (g, x) => {
        const z = norm(g, x);
        return g.op('Mul', [z, product(g, z)]);
      },
    ],
    [
      'a square of a product that is used elsewhere',
      ['plain', 'SquaredRelu'],
      (g, x) => {
        const p = product(g, x);
        return g.op('Mul', [p, squared(g, p)]);
      },
    ],
    [
      'a sum of more than three',
      ['plain', 'SumNorm'],
      (g, x) => add(g, product(g, x), ...['Sin', 'Cos', 'Tanh'].map((op) => g.op(op, [x]))),
    ],
    [
      'a sum of a product and itself by another way',
      ['plain'],
      (g, x) => {
        const p = product(g, x);
        return g.op('Mul', [p, g.op('Sin', [p])]);
      },
    ],
    [
      'a product in a sum, and again in a sum of that',
      ['plain', 'SumNorm', 'plain'],
      (g, x) => {
        const p = product(g, x);
        const first = add(g, p, x);
        const second = add(g, scaled(g, first), p);
        return g.op('Mul', [g.op('Mul', [first, second]), product(g, g.op('Sin', [second]))]);
      },
    ],
    [
      'one of two products, where the other is in a sum of their sum too',
      ['plain', '+x', 'SumNorm', 'norm'],
      (g, x) => {
        const [p, q] = [product(g, x), product(g, g.op('Sin', [x]))];
        const first = add(g, p, q);
        const second = add(g, scaled(g, first), p);
        return g.op('Mul', [g.op('Mul', [first, second]), product(g, norm(g, second))]);
      },
    ],
    [
      'weights that are computed',
      [],
      (g, x) => {
        const turned = g.op('Transpose', [x], { perm: { ints: [0, 2, 1] } });
        return g.op('MatMul', [x, g.op('MatMul', [turned, x])]);
      },
    ],
  ])('not: %s', async (_, own, build) => {
    expect((await found(build)).own).toEqual(own);
  });

  test('in fp16, or where the engine has none, products stay the runtime’s', async () => {
    const build: Build = (g, x) => product(g, x);
    expect((await found(build, { precision: 'fp16' })).own).toEqual([]);
    expect((await found(build, { operators: new Set(['SumNorm']) })).own).toEqual([]);
  });

  test('weights near the ends of fp32 are left, and said', async () => {
    for (const size of [2 ** -70, 2 ** 70]) {
      const { own, result } = await found((g, x) =>
        g.op('Tanh', [g.op('MatMul', [x, g.weights([D, D], size)])]),
      );
      expect(own).toEqual([]);
      expect(result.untouched).toEqual([expect.stringMatching(/^product: 1 with weights/)]);
    }
  });
});
