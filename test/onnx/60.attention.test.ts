/** Causal attention in the forms that exporters write, and masks and scales that are not causal attention. */
import { describe, expect, test } from 'vitest';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { checked } from '../helpers/optimized.js';
import {
  attention,
  bias,
  bools,
  D,
  found,
  fusedOf,
  H,
  inTurn,
  KINDS,
  NEVER,
  type Parts,
  SCALE,
  square,
  T,
  W,
} from './attention-graphs.js';

describe('what is not plain causal attention is left, and said to be', () => {
  test.each<[string, Parts, RegExp]>([
    ['no mask', { mask: (_, s) => s }, /not the causal one/],
    ['a window', { mask: bias((i, j) => (j <= i && i - j < 3 ? 0 : NEVER)) }, /not the causal/],
    ['one position too many', { mask: bias((i, j) => (j <= i + 1 ? 0 : NEVER)) }, /not the causal/],
    ['itself left out', { mask: bias((i, j) => (j < i || i === 0 ? 0 : NEVER)) }, /not the causal/],
    ['a mask that only dampens', { mask: bias((i, j) => (j <= i ? 0 : -20)) }, /not the causal/],
    ['a bias by distance', { mask: bias((i, j) => (j <= i ? j - i : NEVER)) }, /not the causal/],
    [
      'one wrong element',
      { mask: bias((i, j) => (j <= i || (i === 2 && j === 5) ? 0 : NEVER)) },
      /not the causal/,
    ],
    [
      'a mask of its own for each head',
      {
        mask: (g, s) => {
          const all = [0, 1, 2, 3].flatMap((h) =>
            square((i, j) => (j <= i - (h === 3 ? 1 : 0) || j === 0 ? 0 : NEVER)),
          );
          return g.op('Add', [s, g.floats(all, [1, H, T, T])]);
        },
      },
      /not the causal/,
    ],
    [
      'a softcap on the scores',
      {
        scale: (g, s) => {
          const inner = g.op('Tanh', [g.op('Div', [s, g.scalar(20)])]);
          return g.op('Mul', [inner, g.scalar(20)]);
        },
      },
      /not a plain masked softmax/,
    ],
    [
      'a scale by head',
      {
        scale: (g, s) => g.op('Mul', [s, g.floats([1, 0.5, 0.3, 0.2], [1, H, 1, 1])]),
      },
      /not a plain masked softmax/,
    ],
    [
      'a bias besides the mask',
      {
        scale: (g, s) => g.op('Add', [g.op('Mul', [s, g.scalar(SCALE)]), g.weights([T, T])]),
      },
      /not a plain masked softmax/,
    ],
    [
      'weights that are used elsewhere',
      {
        extra: (g, weights) =>
          g.reshape(g.op('ReduceMax', [weights, g.ints([1, 2, 3])]), [-1, 1, 1]),
      },
      /not a plain masked softmax/,
    ],
    [
      'a head that is dropped',
      {
        after: (g, weights) => g.op('Mul', [weights, g.floats([1, 1, 0, 1], [1, H, 1, 1])]),
      },
      /^$/,
    ],
    [
      'weights that are sharpened',
      {
        after: (g, weights) => g.op('Mul', [weights, weights]),
      },
      /^$/,
    ],
    [
      'keys that are not transposed but reshaped',
      {
        transposeKeys: (g, k) => g.reshape(k, [0, H, W, T]),
      },
      /keys are not transposed/,
    ],
    ['a scale of 0', { scale: (g, s) => g.op('Mul', [s, g.scalar(0)]) }, /scale is 0/],
  ])('%s', async (_, parts, reason) => {
    const { count, untouched } = await found(parts, {});
    expect(count).toBe(0);
    expect(untouched.join()).toMatch(reason);
  });

  test('heads repeated in turn are never taken for groups', async () => {
    // The attention itself is found, with the repetition as it stands.
    const { count } = await found({ kvHeads: 2, repeat: inTurn }, { attention: 'gqa' });
    expect(count).toBe(1);
  });

  test('the weights as an output of the graph', async () => {
    const g = new GraphBuilder();
    const hidden = attention(g, {});
    const weights = g.nodes.find(({ op }) => op === 'Softmax')!.outputs[0]!;
    const { counts } = await checked(g.model(hidden, D, { extra: [weights] }));
    expect(fusedOf(counts)).toBe(0);
  });
});

const SPELLINGS: [string, Parts][] = [
  ['an added mask of the lowest number', {}],
  ['an added mask of −∞', { mask: bias((i, j) => (j <= i ? 0 : Number.NEGATIVE_INFINITY)) }],
  [
    'scores kept by a condition',
    {
      mask: (g, s) => g.op('Where', [bools(true)(g), s, g.scalar(-1e9)]),
    },
  ],
  [
    'scores dropped by a condition',
    {
      mask: (g, s) => g.op('Where', [bools(false)(g), g.scalar(NEVER), s]),
    },
  ],
  [
    'a mask made of positions',
    {
      mask: (g, s) => {
        const shape = g.op('Shape', ['input_ids']);
        const time = g.op('Gather', [shape, g.ints([1], [])]);
        const positions = g.op('Range', [g.ints([0], []), time, g.ints([1], [])]);
        const rows = g.op('Unsqueeze', [positions, g.ints([1])]);
        const later = g.op('Greater', [g.op('Unsqueeze', [positions, g.ints([0])]), rows]);
        return g.op('Where', [later, g.scalar(Number.NEGATIVE_INFINITY), s]);
      },
    },
  ],
  [
    'a mask expanded to the whole batch',
    {
      mask: (g, s) => {
        const one = g.floats(
          square((i, j) => (j <= i ? 0 : NEVER)),
          [1, 1, T, T],
        );
        return g.op('Add', [s, g.op('Expand', [one, g.ints([2, 1, T, T])])]);
      },
    },
  ],
  ['a division', { scale: (g, s) => g.op('Div', [s, g.scalar(Math.sqrt(W))]) }],
  ['no scale', { scale: (_, s) => s }],
  ['another scale', { scale: (g, s) => g.op('Mul', [s, g.scalar(0.1)]) }],
  ['grouped heads', { kvHeads: 2 }],
  ['one head of keys', { kvHeads: 1 }],
  [
    'weights guarded against NaN',
    {
      after: (g, w) => g.op('Where', [g.op('IsNaN', [w]), g.scalar(0), w]),
    },
  ],
  [
    'keys transposed as matrices',
    {
      transposeKeys: (g, k) => {
        const flat = g.transpose(g.reshape(k, [-1, T, W]), [0, 2, 1]);
        return g.reshape(flat, [-1, H, W, T]);
      },
    },
  ],
];

describe.each(KINDS)('causal attention is found: %s', (attention) => {
  test.each(SPELLINGS)('%s', async (_, parts) => {
    expect((await found(parts, { attention })).count).toBe(1);
  });
  test('in fp16', async () => {
    expect((await found({ kvHeads: 2 }, { attention, precision: 'fp16' })).count).toBe(1);
  });
  test('with the batch left open', async () => {
    expect((await found({ kvHeads: 2 }, { attention, batch: undefined })).count).toBe(1);
  });
});

describe('Attention of ai.onnx', () => {
  const model = (kvHeads: number, attributes: object, mask?: (g: GraphBuilder) => string) => {
    const g = new GraphBuilder();
    const x = g.embed(D);
    const heads = (count: number) => {
      const flat = g.op('MatMul', [x, g.weights([D, count * W], 0.2)]);
      return g.transpose(g.reshape(flat, [0, 0, count, W]), [0, 2, 1, 3]);
    };
    const inputs = [heads(H), heads(kvHeads), heads(kvHeads), ...(mask ? [mask(g)] : [])];
    const y = g.op('Attention', inputs, { ...attributes });
    return g.model(g.reshape(g.transpose(y, [0, 2, 1, 3]), [0, 0, D]), D, { opset: 23 });
  };
  const count = async (bytes: Uint8Array, attention: (typeof KINDS)[number]) =>
    fusedOf((await checked(bytes, { attention })).counts);

  test.each(KINDS)('causal: %s', async (attention) => {
    expect(await count(model(H, { is_causal: { int: 1 } }), attention)).toBe(1);
    expect(await count(model(2, { is_causal: { int: 1 } }), attention)).toBe(1);
    expect(await count(model(H, { is_causal: { int: 1 }, scale: { float: 0.2 } }), attention)).toBe(
      1,
    );
    expect(await count(model(H, {}, bools(true)), attention)).toBe(1);
  });

  test.each<[string, object, ((g: GraphBuilder) => string)?]>([
    ['not causal', {}],
    ['a softcap', { is_causal: { int: 1 }, softcap: { float: 20 } }],
    [
      'another mask',
      { is_causal: { int: 1 } },
      (g) => g.bools(square((i, j) => Number(i - j < 3)).map(Boolean), [T, T]),
    ],
  ])('left: %s', async (_, attributes, mask) => {
    expect(await count(model(H, attributes, mask), 'mha')).toBe(0);
  });
});
