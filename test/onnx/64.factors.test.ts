/** Constant factors by channel: into gains, together, into a second table; and where they must stay. */
import { describe, expect, test } from 'vitest';
import { OnnxGraph } from '#bpb/onnx/graph';
import { GraphBuilder, VOCAB } from '../helpers/graph-builder.js';
import { checked } from '../helpers/optimized.js';

const [T, D] = [8, 16];
type Step = (g: GraphBuilder, x: string) => string;

const normal = (g: GraphBuilder, x: string, width = D) =>
  g.op('RMSNormalization', [x, g.weights([width])], { axis: { int: -1 } });
const times = (g: GraphBuilder, x: string, dims: readonly number[]) =>
  g.op('Mul', [x, g.weights(dims)]);

async function found(
  build: (g: GraphBuilder) => string,
  options: object = {},
  extra: string[] = [],
) {
  const g = new GraphBuilder();
  const bytes = g.model(build(g), D, { opset: 23, extra });
  const result = await checked(bytes, options);
  const { nodes } = OnnxGraph.parse(result.bytes, 'm.onnx');
  return {
    products: nodes.filter(({ op }) => op === 'Mul').length,
    sums: nodes.filter(({ op }) => op === 'Add').length,
    lookups: nodes.filter(({ op }) => op === 'Gather').length,
    tables: result.counts['multiplied-tables'] ?? 0,
    merged: result.counts['merged-factors'] ?? 0,
    untouched: result.untouched.join(),
  };
}

/** What no rewrite takes apart, so that a factor behind it has nowhere to go. */
const wall: Step = (g, x) => g.op('Tanh', [x]);
const heads: Step = (g, x) => g.reshape(x, [0, 0, 2, 8]);
const back: Step = (g, x) => g.reshape(x, [0, 0, D]);

describe('are gone', () => {
  test.each<[string, (g: GraphBuilder) => string, object]>([
    ['behind a norm', (g) => times(g, normal(g, g.embed(D)), [D]), { products: 0, merged: 1 }],
    [
      'before it in the product',
      (g) => {
        const x = normal(g, g.embed(D));
        return g.op('Mul', [g.weights([1, 1, D]), x]);
      },
      { products: 0 },
    ],
    [
      'two behind a norm',
      (g) => times(g, times(g, normal(g, g.embed(D)), [D]), [1]),
      { products: 0 },
    ],
    [
      'equal for all heads',
      (g) =>
        back(g, g.op('Mul', [normal(g, heads(g, g.embed(D)), 8), g.floats([0.6, 0.6], [2, 1])])),
      { products: 0 },
    ],
    [
      'one number behind a norm, a rotation and a transpose',
      (g) => {
        const x = g.transpose(normal(g, heads(g, g.embed(D)), 8), [0, 2, 1, 3]);
        const angles = Array.from({ length: T * 4 }, (_, k) => (k * 7) % 5);
        const [cos, sin] = [Math.cos, Math.sin].map((f) => g.floats(angles.map(f), [T, 4]));
        const places = g.ints(
          [...Array(2 * T).keys()].map((k) => k % T),
          [2, T],
        );
        const turned = g.op('RotaryEmbedding', [x, cos!, sin!, places]);
        const y = g.op('Mul', [turned, g.scalar(1.5)]);
        return back(g, g.transpose(y, [0, 2, 1, 3]));
      },
      { products: 0 },
    ],
    [
      'one after the other',
      (g) => times(g, times(g, wall(g, g.embed(D)), [D]), [D]),
      { products: 1, merged: 1 },
    ],
    [
      'one by channel after one by position',
      (g) => times(g, times(g, wall(g, g.embed(D)), [T, 1]), [D]),
      { products: 1, merged: 1 },
    ],
    [
      'two multiples of one value',
      (g) => {
        const x = wall(g, g.embed(D));
        return g.op('Add', [times(g, x, [D]), times(g, x, [D])]);
      },
      { products: 1, sums: 0, merged: 1 },
    ],
    [
      'a value and a multiple of it',
      (g) => {
        const x = wall(g, g.embed(D));
        return g.op('Add', [x, times(g, x, [D])]);
      },
      { products: 1, sums: 0 },
    ],
    [
      'a multiple and the value, multiplied again',
      (g) => {
        const x = wall(g, g.embed(D));
        return times(g, g.op('Add', [times(g, x, [D]), x]), [D]);
      },
      { products: 1, sums: 0, merged: 2 },
    ],
    [
      'a multiple of an embedding that is used elsewhere',
      (g) => {
        const x = g.embed(D);
        return g.op('Add', [wall(g, x), times(g, x, [D])]);
      },
      { products: 0, tables: 1, lookups: 2 },
    ],
    [
      'all multiples of an embedding',
      (g) => {
        const x = g.embed(D);
        return g.op('Add', [wall(g, times(g, x, [D])), times(g, x, [1])]);
      },
      { products: 0, tables: 2, lookups: 2 },
    ],
  ])('%s', async (_, build, expected) => {
    expect(await found(build)).toMatchObject(expected);
    expect(await found(build, { batch: undefined })).toMatchObject(expected);
    expect(await found(build, { precision: 'fp16' })).toMatchObject(expected);
  });
});

describe('stay', () => {
  test.each<[string, (g: GraphBuilder) => string, object]>([
    [
      'behind a norm that others read',
      (g) => {
        const x = normal(g, g.embed(D));
        return g.op('Add', [wall(g, x), times(g, x, [D])]);
      },
      { products: 1, merged: 0 },
    ],
    [
      'by position behind a norm',
      (g) => times(g, normal(g, g.embed(D)), [T, 1]),
      { products: 1, merged: 0 },
    ],
    [
      'different for each head',
      (g) => back(g, times(g, normal(g, heads(g, g.embed(D)), 8), [2, 1])),
      { products: 1, merged: 0 },
    ],
    [
      'by channel behind a transpose',
      (g) => {
        const x = g.transpose(normal(g, g.embed(D)), [0, 2, 1]);
        return g.transpose(times(g, wall(g, g.op('Neg', [times(g, x, [T])])), [1]), [0, 2, 1]);
      },
      {},
    ],
    [
      'the first of two that others read',
      (g) => {
        const x = times(g, wall(g, g.embed(D)), [D]);
        return g.op('Add', [wall(g, x), times(g, x, [D])]);
      },
      { products: 2, merged: 0 },
    ],
    [
      'sums of multiples of different values',
      (g) => {
        const x = wall(g, g.embed(D));
        return g.op('Add', [times(g, x, [D]), times(g, wall(g, x), [D])]);
      },
      { products: 2, sums: 1, merged: 0 },
    ],
    [
      'a factor that is no constant',
      (g) => {
        const x = g.embed(D);
        return g.op('Mul', [normal(g, x), wall(g, x)]);
      },
      { products: 1, merged: 0, tables: 0 },
    ],
    [
      'a factor that widens what it multiplies',
      (g) => {
        const mean = g.op('ReduceMean', [g.embed(D), g.ints([-1])], { keepdims: { int: 1 } });
        return times(g, times(g, mean, [1]), [D]);
      },
      { merged: 0 },
    ],
    [
      'a multiple of an embedding by position',
      (g) => times(g, g.embed(D), [T, 1]),
      { products: 1, tables: 0 },
    ],
    [
      'columns that are looked up',
      (g) => {
        const turned = g.op('Gather', [g.weights([D, VOCAB]), 'input_ids'], { axis: { int: 1 } });
        return times(g, g.transpose(turned, [1, 2, 0]), [D]);
      },
      { tables: 0 },
    ],
  ])('%s', async (_, build, expected) => {
    expect(await found(build)).toMatchObject(expected);
  });

  test('a table beyond the bound, and the result says so', async () => {
    const g = new GraphBuilder();
    const [rows, width] = [VOCAB, 400_000];
    const table = g.op('Expand', [g.weights([1, width]), g.ints([rows, width])]);
    const x = g.op('Gather', [table, 'input_ids']);
    const y = g.op('Mul', [x, g.op('Expand', [g.weights([1]), g.ints([width])])]);
    const bytes = g.model(g.slice(y, 2, 0, D), D);
    const result = await checked(bytes, { rows: 1 });
    expect(result.counts['multiplied-tables']).toBeUndefined();
    expect(result.untouched.join()).toMatch(/too large for a second table/);
  });

  test('a norm that is an output of the graph', async () => {
    const build = (g: GraphBuilder) => {
      const x = normal(g, g.embed(D));
      g.op('Identity', [x], {}, 'seen');
      return times(g, x, [D]);
    };
    expect(await found(build, {}, ['seen'])).toMatchObject({ products: 1, merged: 0 });
  });
});

test('factors whose product fp32 does not hold stay apart', async () => {
  const g = new GraphBuilder();
  const large = g.op('Div', [g.op('Tanh', [g.embed(D)]), g.scalar(1e-25)]);
  const tiny = g.op('Mul', [g.op('Mul', [large, g.scalar(1e-25)]), g.scalar(1e-25)]);
  const { counts } = await checked(g.model(g.op('Div', [tiny, g.scalar(1e-25)]), D));
  expect(counts['merged-factors']).toBeUndefined();
});
