/** RMSNorm in every way that exporters spell it, and what only looks like it. */
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { checked } from '../helpers/optimized.js';

const D = 16;
type Step = (g: GraphBuilder, x: string) => string;

const mean =
  (axis: number, keepdims = 1): Step =>
  (g, x) =>
    g.op('ReduceMean', [x, g.ints([axis])], { keepdims: { int: keepdims } });
const pow: Step = (g, x) => g.op('Pow', [x, g.scalar(2)]);
const epsilon: Step = (g, x) => g.op('Add', [x, g.scalar(1e-5)]);
const denominator = (g: GraphBuilder, x: string) =>
  g.op('Sqrt', [epsilon(g, mean(-1)(g, pow(g, x)))]);
const plain: Step = (g, x) => g.op('Div', [x, denominator(g, x)]);

/** The sum over the first axis, which is gone then. */
const first: Step = (g, x) => g.op('ReduceSum', [x, g.ints([0])], { keepdims: { int: 0 } });

async function norms(step: Step, width = D): Promise<number> {
  const g = new GraphBuilder();
  const { counts } = await checked(g.model(step(g, g.embed(D)), width));
  return counts['rms-norm'] ?? 0;
}

describe('what is not RMSNorm stays', () => {
  test.each<[string, Step]>([
    [
      'an epsilon that adds an axis',
      (g, x) => {
        const sum = g.op('Add', [mean(-1)(g, pow(g, x)), g.floats([1e-5], [1, 1, 1, 1])]);
        const wide = g.op('Div', [x, g.op('Sqrt', [sum])]);
        return g.op('Add', [x, first(g, wide)]);
      },
    ],
    [
      'the mean over positions',
      (g, x) => {
        const root = g.op('Sqrt', [epsilon(g, mean(1)(g, pow(g, x)))]);
        return g.op('Div', [x, root]);
      },
    ],
    [
      'a cube',
      (g, x) => {
        const cubes = g.op('Abs', [g.op('Pow', [x, g.scalar(3)])]);
        return g.op('Div', [x, g.op('Sqrt', [epsilon(g, mean(-1)(g, cubes))])]);
      },
    ],
    [
      'the sum instead of the mean',
      (g, x) => {
        const sum = g.op('ReduceSum', [pow(g, x), g.ints([-1])], { keepdims: { int: 1 } });
        return g.op('Div', [x, g.op('Sqrt', [epsilon(g, sum)])]);
      },
    ],
    ['the norm of another value', (g, x) => g.op('Div', [x, denominator(g, g.op('Relu', [x]))])],
    ['the norm divided by the value', (g, x) => g.op('Div', [denominator(g, x), x])],
    [
      'an epsilon that differs by place',
      (g, x) => {
        const sum = g.op('Add', [mean(-1)(g, pow(g, x)), g.weights([D])]);
        return g.op('Div', [x, g.op('Sqrt', [g.op('Abs', [sum])])]);
      },
    ],
    [
      'its inside seen from outside',
      (g, x) => {
        const root = denominator(g, x);
        return g.op('Add', [g.op('Div', [x, root]), root]);
      },
    ],
  ])('%s', async (_, step) => {
    expect(await norms(step)).toBe(0);
  });

  test('layer norm, which takes the mean away first', async () => {
    const center: Step = (g, x) => g.op('Sub', [x, mean(-1)(g, x)]);
    // What follows the centering is an RMSNorm, and only that is rewritten.
    expect(await norms((g, x) => plain(g, center(g, x)))).toBe(1);
  });
});

describe('RMSNorm is found', () => {
  const gain: Step = (g, x) => g.op('Mul', [x, g.weights([D])]);
  test.each<[string, Step]>([
    ['x / sqrt', plain],
    ['x · 1 / sqrt', (g, x) => g.op('Mul', [x, g.op('Div', [g.scalar(1), denominator(g, x)])])],
    [
      'reciprocal, factors swapped',
      (g, x) => {
        return g.op('Mul', [g.op('Reciprocal', [denominator(g, x)]), x]);
      },
    ],
    [
      'a power of −1/2',
      (g, x) => {
        const power = g.op('Pow', [epsilon(g, mean(-1)(g, pow(g, x))), g.scalar(-0.5)]);
        return g.op('Mul', [x, power]);
      },
    ],
    [
      'x · x',
      (g, x) => {
        const sum = epsilon(g, mean(2)(g, g.op('Mul', [x, x])));
        return g.op('Div', [x, g.op('Sqrt', [sum])]);
      },
    ],
    ['with a gain', (g, x) => gain(g, plain(g, x))],
    ['with the gain first', (g, x) => g.op('Mul', [g.weights([1, 1, D]), plain(g, x)])],
    ['with one gain for all', (g, x) => g.op('Mul', [plain(g, x), g.scalar(0.25)])],
    [
      'by way of fp32 casts',
      (g, x) => {
        const y = g.op('Cast', [x], { to: { int: 1 } });
        return gain(g, g.op('Cast', [plain(g, y)], { to: { int: 1 } }));
      },
    ],
    [
      'used twice',
      (g, x) => {
        const y = plain(g, x);
        return g.op('Add', [g.op('Relu', [y]), y]);
      },
    ],
  ])('%s', async (_, step) => {
    expect(await norms(step)).toBe(1);
  });

  test('a gain by heads is left outside', async () => {
    const step: Step = (g, x) => {
      const heads = g.reshape(x, [0, 0, 4, 4]);
      return g.reshape(g.op('Mul', [plain(g, heads), g.weights([4, 1])]), [0, 0, D]);
    };
    expect(await norms(step)).toBe(1);
  });

  test('RMSNormalization, its scale a constant or ones of the input’s shape', async () => {
    const g = new GraphBuilder();
    const first = g.op('RMSNormalization', [g.embed(D), g.weights([D])], { axis: { int: -1 } });
    const ones = g.op('ConstantOfShape', [g.op('Shape', [first])]);
    const shifted = g.op('Add', [ones, g.scalar(1)]);
    const second = g.op('RMSNormalization', [first, shifted], { epsilon: { float: 1e-3 } });
    const model = g.model(second, D, { opset: 23 });
    expect((await checked(model)).counts['rms-norm']).toBe(2);
    expect((await checked(model, { batch: undefined })).counts['rms-norm']).toBe(1);
  });
});

test('a gain that adds an axis', async () => {
  // The norm before it is one.
  const added: Step = (g, x) => {
    const wide = g.op('Mul', [plain(g, x), g.weights([1, 1, 1, D])]);
    return g.op('Add', [x, first(g, wide)]);
  };
  expect(await norms(added)).toBe(1);
});
