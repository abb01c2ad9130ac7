/** Causal attention in the ways that exporters spell it, and everything that must be left alone. */
import { describe, expect, test } from 'vitest';
import { OnnxGraph } from '#bpb/onnx/graph';
import { optimize } from '#bpb/onnx/optimize/optimize';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { checked } from '../helpers/optimized.js';

const [T, H, W] = [8, 4, 8];
const D = H * W;
const SCALE = 1 / Math.sqrt(W);

/** What a spelled-out attention is made of; each test changes one thing. */
interface Parts {
  kvHeads?: number;
  repeat?: (g: GraphBuilder, x: string, times: number) => string;
  transposeKeys?: (g: GraphBuilder, k: string) => string;
  scale?: (g: GraphBuilder, scores: string) => string;
  mask?: (g: GraphBuilder, scores: string) => string;
  after?: (g: GraphBuilder, weights: string) => string;
  extra?: (g: GraphBuilder, scores: string) => string;
}

const square = (f: (i: number, j: number) => number) =>
  Array.from({ length: T * T }, (_, k) => f(Math.floor(k / T), k % T));
const NEVER = -3.4028234663852886e38;
const bias = (f: (i: number, j: number) => number) => (g: GraphBuilder, s: string) =>
  g.op('Add', [s, g.floats(square(f), [T, T])]);
const causal = bias((i, j) => (j <= i ? 0 : NEVER));

/** Each head repeated in its place, as repeat_kv and repeat_interleave do. */
const inPlace = (g: GraphBuilder, x: string, times: number) => {
  const apart = g.op('Unsqueeze', [x, g.ints([2])]);
  const wide = g.op('Expand', [apart, g.ints([1, 1, times, 1, 1])]);
  return g.reshape(wide, [0, H, T, W]);
};
/** All heads one after the other, again and again: another model. */
const inTurn = (g: GraphBuilder, x: string, times: number) => {
  const apart = g.op('Unsqueeze', [x, g.ints([1])]);
  const wide = g.op('Expand', [apart, g.ints([1, times, 1, 1, 1])]);
  return g.reshape(wide, [0, H, T, W]);
};

function attention(g: GraphBuilder, parts: Parts): string {
  const { kvHeads = H, repeat = inPlace, mask = causal } = parts;
  const x = g.embed(D);
  const heads = (count: number) => {
    const flat = g.op('MatMul', [x, g.weights([D, count * W], 0.2)]);
    return g.transpose(g.reshape(flat, [0, 0, count, W]), [0, 2, 1, 3]);
  };
  const q = heads(H);
  let [k, v] = [heads(kvHeads), heads(kvHeads)];
  if (kvHeads !== H) [k, v] = [repeat(g, k, H / kvHeads), repeat(g, v, H / kvHeads)];
  const turned = parts.transposeKeys?.(g, k) ?? g.transpose(k, [0, 1, 3, 2]);
  const product = g.op('MatMul', [q, turned]);
  const scaled = parts.scale?.(g, product) ?? g.op('Mul', [product, g.scalar(SCALE)]);
  const weights = g.op('Softmax', [mask(g, scaled)], { axis: { int: -1 } });
  const y = g.op('MatMul', [parts.after?.(g, weights) ?? weights, v]);
  const out = g.reshape(g.transpose(y, [0, 2, 1, 3]), [0, 0, D]);
  return parts.extra === undefined ? out : g.op('Add', [out, parts.extra(g, weights)]);
}

async function found(parts: Parts, options: Parameters<typeof checked>[1] = {}) {
  const g = new GraphBuilder();
  const model = g.model(attention(g, parts), D);
  const { counts, untouched } = await checked(model, options);
  return { count: fusedOf(counts), untouched };
}

/** Attentions that became a fused operator of whatever kind. */
function fusedOf(counts: Readonly<Record<string, number>>): number {
  const names = ['attention', 'group-query-attention', 'multi-head-attention'];
  return names.reduce((sum, name) => sum + (counts[name] ?? 0), 0);
}

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

const bools = (keep: boolean) => (g: GraphBuilder) =>
  g.bools(square((i, j) => Number(j <= i === keep)).map(Boolean), [1, 1, T, T]);

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

const KINDS = ['standard', 'gqa', 'mha'] as const;

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

describe('the operator set', () => {
  const build = (opset: number, change?: (g: GraphBuilder, y: string) => string) => {
    const g = new GraphBuilder();
    const y = attention(g, { kvHeads: 2 });
    return g.model(change?.(g, y) ?? y, D, { opset });
  };
  const opsetOf = (bytes: Uint8Array) => OnnxGraph.parse(bytes, 'm.onnx').opsets.get('');

  test.each([13, 18, 22])('%i is raised to that of Attention', async (opset) => {
    const result = await checked(build(opset));
    expect(result.counts['attention']).toBe(1);
    expect(result.untouched).toEqual([]);
    expect(opsetOf(result.bytes)).toBe(23);
  });

  test.each([23, 24])('%i stays', async (opset) => {
    const result = await checked(build(opset));
    expect(result.counts['attention']).toBe(1);
    expect(opsetOf(result.bytes)).toBe(opset);
  });

  test('stays where nothing is attention', async () => {
    const g = new GraphBuilder();
    expect(opsetOf((await checked(g.model(g.embed(D), D))).bytes)).toBe(18);
  });

  const meanByAttribute = (g: GraphBuilder, y: string) => {
    const mean = g.op('ReduceMean', [y], { axes: { ints: [-1] }, keepdims: { int: 1 } });
    return g.op('Sub', [y, mean]);
  };
  const halves = (g: GraphBuilder, y: string) => {
    g.nodes.push({
      op: 'Split',
      inputs: [g.op('Neg', [y])],
      outputs: ['left', 'right'],
      attributes: { axis: { int: -1 } },
    });
    return g.op('Concat', ['right', 'left'], { axis: { int: -1 } });
  };
  const hardmax = (g: GraphBuilder, y: string) =>
    g.op('Add', [y, g.op('Hardmax', [y], { axis: { int: -1 } })]);

  test.each([
    ['axes of a mean as an attribute', 13, meanByAttribute, /ReduceMean may mean something else/],
    ['a split into equal parts', 13, halves, /Split may mean something else/],
    ['an operator that is not known', 18, hardmax, /Hardmax may mean something else/],
  ] as const)('%s: it stays, and so does com.microsoft', async (_, opset, change, reason) => {
    const bytes = build(opset, change);
    const fp32 = await checked(bytes);
    expect(fp32.counts).toMatchObject({ 'multi-head-attention': 1 });
    expect(fp32.untouched.join()).toMatch(reason);
    expect(opsetOf(fp32.bytes)).toBe(opset);
    expect((await checked(bytes, { attention: 'gqa' })).counts['group-query-attention']).toBe(1);
  });

  test('in fp16 GroupQueryAttention takes its place', async () => {
    const { counts, untouched } = await checked(build(13, meanByAttribute), { precision: 'fp16' });
    expect(counts).toMatchObject({ 'group-query-attention': 1 });
    expect(untouched.join()).toMatch(/GroupQueryAttention in place of ai.onnx Attention/);
  });
});

describe('what only looks like it', () => {
  const left = async (build: (g: GraphBuilder) => string, width = D, opset = 18) => {
    const g = new GraphBuilder();
    const { counts } = await checked(g.model(build(g), width, { opset }));
    const fused = ['attention', 'multi-head-attention', 'group-query-attention'];
    expect(fused.map((name) => counts[name] ?? 0)).toEqual([0, 0, 0]);
  };
  const heads = (g: GraphBuilder, x: string, count: number) => {
    const flat = g.op('MatMul', [x, g.weights([D, count * W], 0.2)]);
    return g.transpose(g.reshape(flat, [0, 0, count, W]), [0, 2, 1, 3]);
  };
  const attended = (
    g: GraphBuilder,
    [q, k, v]: readonly string[],
    mask: (g: GraphBuilder, scores: string) => string,
    axis: Record<string, { int: number }> = { axis: { int: -1 } },
  ) => {
    const scores = g.op('MatMul', [q!, g.transpose(k!, [0, 1, 3, 2])]);
    const y = g.op('MatMul', [g.op('Softmax', [mask(g, scores)], axis), v!]);
    return g.reshape(g.transpose(y, [0, 2, 1, 3]), [0, 0, -1]);
  };

  test('before opset 13, a softmax over all axes from the second on', () =>
    left(
      (g) => {
        const x = g.embed(D);
        return attended(g, [heads(g, x, H), heads(g, x, H), heads(g, x, H)], causal, {});
      },
      D,
      12,
    ));

  test('scores cut to integers', () =>
    left((g) => {
      const x = g.embed(D);
      const cut = (_: GraphBuilder, scores: string) => {
        const whole = g.op('Cast', [scores], { to: { int: 6 } });
        const one = g.op('Cast', [g.ints([1])], { to: { int: 6 } });
        const product = g.op('Mul', [whole, one]);
        return causal(g, g.op('Cast', [product], { to: { int: 1 } }));
      };
      return attended(g, [heads(g, x, H), heads(g, x, H), heads(g, x, H)], cut);
    }));

  test.each([
    ['queries', 0],
    ['keys', 1],
    ['values', 2],
  ])('%s of positions alone, one row for the whole batch', (_, which) =>
    left((g) => {
      const x = g.embed(D);
      const positions = g.op('Tanh', [g.weights([1, T, D])]);
      const parts = [0, 1, 2].map((k) => heads(g, k === which ? positions : x, H));
      return attended(g, parts, causal);
    }),
  );

  test('queries of two rows for each row of keys, in an open batch', async () => {
    const g = new GraphBuilder();
    const x = g.embed(D);
    const parts = [0, 1, 2].map((k) => g.op('MatMul', [x, g.weights([D, k === 0 ? 2 * W : W])]));
    // One row is scored: its two rows of queries meet the same keys.
    const [q, k, v] = parts.map((part) => g.reshape(part, [-1, 1, T, W]));
    const both = attended(g, [q!, k!, v!], causal);
    const y = g.op('MatMul', [g.reshape(both, [-1, T, 2 * W]), g.weights([2 * W, D])]);
    const { counts } = await checked(g.model(y, D), { rows: 1, batch: undefined });
    expect(counts['attention']).toBeUndefined();
  });

  test('one head under a mask for two', () =>
    left((g) => {
      const x = g.embed(D);
      const mask = square((i, j) => (j <= i ? 0 : NEVER));
      const wide = g.floats([...mask, ...mask], [2, T, T]);
      const parts = [heads(g, x, 1), heads(g, x, 1), heads(g, x, 1)];
      return attended(g, parts, (_, scores) => g.op('Add', [scores, wide]));
    }, 2 * W));

  test('a graph with what may be a local function keeps its opset', () => {
    const g = new GraphBuilder();
    const y = g.op('Twice', [attention(g, {})], {}, 'twice', 'local');
    const { bytes, untouched } = optimize(g.model(y, D), { precision: 'fp32', seqLen: T });
    expect(OnnxGraph.parse(bytes, 'm').opsets.get('')).toBe(18);
    expect(untouched.join()).toContain('Twice of local, which may be a function');
  });

  test('a negative scale, which the operators refuse', () =>
    left((g) => attention(g, { scale: (_, s) => g.op('Mul', [s, g.scalar(-0.4)]) })));
});
