/** A factor for each head in the tables of the rotation beside it, and where it must stay a product. */
import { describe, expect, test } from 'vitest';
import { OnnxGraph } from '#bpb/onnx/graph';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { checked } from '../helpers/optimized.js';

const [T, H, W, ROWS] = [8, 2, 8, 2];
const D = H * W;

interface Parts {
  factors?: (g: GraphBuilder) => string;
  positions?: (g: GraphBuilder) => string;
  attributes?: object;
  /** Positions that the tables have. */
  rows?: number;
  /** What stands between the product and the rotation. */
  between?: (g: GraphBuilder, x: string) => string;
  seen?: boolean;
}

const perHead = (g: GraphBuilder) => g.floats([0.5, 0.8], [H, 1]);
const counting = (g: GraphBuilder) =>
  g.ints(
    [...Array(ROWS * T).keys()].map((k) => k % T),
    [ROWS, T],
  );

function turned(g: GraphBuilder, x: string, parts: Parts): string {
  const { rows = T, positions = counting } = parts;
  const angles = Array.from({ length: (rows * W) / 2 }, (_, k) => (k * 7) % 5);
  const [cos, sin] = [Math.cos, Math.sin].map((f) => g.floats(angles.map(f), [rows, W / 2]));
  const attributes = { num_heads: { int: H }, ...parts.attributes };
  return g.op('RotaryEmbedding', [x, cos!, sin!, positions(g)], attributes);
}

function model(parts: Parts, first: boolean): Uint8Array {
  const { factors = perHead, between = (_, x) => x } = parts;
  const g = new GraphBuilder();
  // Tanh: a factor has nowhere else to go.
  const x = g.op('Tanh', [g.embed(D)]);
  const times = (y: string) => g.op('Mul', [g.reshape(y, [0, 0, H, W]), factors(g)]);
  const y = first
    ? turned(g, between(g, g.reshape(times(x), [0, 0, D])), parts)
    : g.reshape(times(between(g, turned(g, x, parts))), [0, 0, D]);
  const product = g.nodes.find(({ op }) => op === 'Mul')!.outputs[0]!;
  const hidden = parts.seen ? g.op('Add', [y, g.op('Abs', [g.reshape(product, [0, 0, D])])]) : y;
  return g.model(hidden, D, { opset: 23 });
}

async function found(parts: Parts, first: boolean, options: object = {}) {
  const result = await checked(model(parts, first), options);
  const { nodes } = OnnxGraph.parse(result.bytes, 'm.onnx');
  return {
    moved: result.counts['factors-into-rotary'] ?? 0,
    products: nodes.filter(({ op }) => op === 'Mul').length,
    turns: nodes.filter(({ op }) => op === 'RotaryEmbedding').length,
  };
}

describe.each([
  ['before', true],
  ['after', false],
] as const)('a factor for each head %s the rotation', (_, first) => {
  const expanded = (g: GraphBuilder) => {
    const batch = g.slice(g.op('Shape', ['input_ids']), 0, 0, 1);
    const shape = g.op('Concat', [batch, g.ints([T])], { axis: { int: 0 } });
    return g.op('Expand', [g.ints([...Array(T).keys()]), shape]);
  };

  test.each<[string, Parts]>([
    ['halves', {}],
    ['neighbours', { attributes: { interleaved: { int: 1 } } }],
    ['tables with more positions than a row', { rows: 12 }],
    ['positions that are expanded to the batch', { positions: expanded }],
    ['factors of a larger rank', { factors: (g) => g.floats([0.5, 0.8], [1, 1, H, 1]) }],
  ])('is in its tables: %s', async (__, parts) => {
    expect(await found(parts, first)).toEqual({ moved: 1, products: 0, turns: 1 });
    const half = { precision: 'fp16' };
    expect(await found(parts, first, half)).toEqual({ moved: 1, products: 0, turns: 1 });
  });

  test('with the batch left open', async () => {
    const parts = { positions: expanded };
    expect(await found(parts, first, { batch: undefined })).toMatchObject({
      moved: 1,
      products: 0,
    });
  });

  test.each<[string, Parts]>([
    [
      'positions that do not begin at 0',
      {
        positions: (g) =>
          g.ints(
            [...Array(ROWS * T).keys()].map((k) => (k % T) + 1),
            [ROWS, T],
          ),
        rows: 9,
      },
    ],
    [
      'positions of their own for each row',
      { positions: (g) => g.ints([...Array(ROWS * T).keys()], [ROWS, T]), rows: ROWS * T },
    ],
    ['factors by position', { factors: (g) => g.weights([T, H, 1]) }],
    ['factors by channel', { factors: (g) => g.weights([H, W]) }],
    ['a product that is read elsewhere', { seen: true }],
    ['something between', { between: (g, x) => g.op('Tanh', [x]) }],
  ])('stays: %s', async (name, parts) => {
    // After the rotation it is the rotation's own result that must not be read elsewhere.
    if (name === 'a product that is read elsewhere' && !first) return;
    expect(await found(parts, first)).toMatchObject({ moved: 0, products: 1 });
  });
});

test('a rotation that others read keeps its tables', async () => {
  const g = new GraphBuilder();
  const y = turned(g, g.op('Tanh', [g.embed(D)]), {});
  const z = g.op('Mul', [g.reshape(y, [0, 0, H, W]), perHead(g)]);
  const hidden = g.op('Add', [g.reshape(z, [0, 0, D]), g.op('Abs', [y])]);
  const { counts } = await checked(g.model(hidden, D, { opset: 23 }));
  expect(counts['factors-into-rotary']).toBeUndefined();
});
