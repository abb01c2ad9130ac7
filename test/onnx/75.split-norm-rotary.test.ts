/** Norm, gain and rotation of queries and keys in one operator with their split; and what only looks like it. */
import { describe, expect, test } from 'vitest';
import { OnnxGraph } from '#bpb/onnx/graph';
import type { OwnOperator } from '#bpb/onnx/optimize/own-operators';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { checked } from '../helpers/optimized.js';

const [T, H, W, ROWS] = [8, 4, 8, 2];
const D = H * W;

const OPERATORS: ReadonlySet<OwnOperator> = new Set(['SplitNormRotary', 'CausalAttention']);

type Step = (g: GraphBuilder, x: string) => string;

interface Parts {
  kvHeads?: number;
  /** What is done to `[batch, time, heads, W]`, in order. */
  q?: readonly Step[];
  k?: readonly Step[];
  v?: readonly Step[];
  /** The three products of `x`, `[batch, time, heads · W]` each. */
  products?: (g: GraphBuilder, x: string, widths: readonly number[]) => string[];
  seen?: boolean;
  scores?: object;
}

const norm =
  (epsilon = 1e-5, gain?: (g: GraphBuilder) => string): Step =>
  (g, x) => {
    const scale = gain?.(g) ?? g.floats(new Float32Array(W).fill(1));
    return g.op('RMSNormalization', [x, scale], { axis: { int: -1 }, epsilon: { float: epsilon } });
  };

/** Tables by any function of the angle, and the rotation by ai.onnx RotaryEmbedding on `[batch, heads, time, W]`. */
const rotation =
  ({ size = W, interleaved = 0, base = 100, first = 0 } = {}): Step =>
  (g, x) => {
    const half = size / 2;
    const angles = Array.from({ length: (T + first) * half }, (_, k) => {
      return Math.floor(k / half) * base ** (-(k % half) / half);
    });
    const [cos, sin] = [Math.cos, Math.sin].map((f) => g.floats(angles.map(f), [T + first, half]));
    const counting = Array.from({ length: ROWS * T }, (_, k) => (k % T) + first);
    const positions = g.ints(counting, [ROWS, T]);
    const turned = g.transpose(x, [0, 2, 1, 3]);
    const attributes = { interleaved: { int: interleaved } };
    const part = size === W ? turned : g.slice(turned, 3, 0, size);
    let y = g.op('RotaryEmbedding', [part, cos!, sin!, positions], attributes);
    if (size < W) y = g.op('Concat', [y, g.slice(turned, 3, size, W)], { axis: { int: -1 } });
    return g.transpose(y, [0, 2, 1, 3]);
  };

const times =
  (factor: (g: GraphBuilder) => string): Step =>
  (g, x) =>
    g.op('Mul', [x, factor(g)]);

const perHead = (heads: number) => (g: GraphBuilder) =>
  g.floats(
    Array.from({ length: heads }, (_, k) => 0.5 + k / 8),
    [heads, 1],
  );

const apart = (g: GraphBuilder, x: string, widths: readonly number[]) =>
  widths.map((width) => g.op('MatMul', [x, g.weights([D, width], 0.2)]));

const packed = (g: GraphBuilder, x: string, widths: readonly number[]) => {
  const all = widths.reduce((sum, width) => sum + width, 0);
  const whole = g.op('MatMul', [x, g.weights([D, all], 0.2)]);
  let from = 0;
  return widths.map((width) => {
    from += width;
    return g.slice(whole, 2, from - width, from);
  });
};

/** Queries, keys and values interleaved by head, `[…, heads, 3, W]`. */
const byHead = (g: GraphBuilder, x: string, widths: readonly number[]) => {
  const whole = g.op('MatMul', [x, g.weights([D, 3 * D], 0.2)]);
  const heads = g.reshape(whole, [0, 0, H, 3, W]);
  return widths.map((width, k) => g.reshape(g.slice(heads, 3, k, k + 1), [0, 0, width]));
};

function model(parts: Parts): Uint8Array {
  const { kvHeads = 2, products = apart } = parts;
  const g = new GraphBuilder();
  const x = g.op('Tanh', [g.embed(D)]);
  const widths = [H, kvHeads, kvHeads].map((heads) => heads * W);
  const made = products(g, x, widths).map((y, part) => {
    let z = g.reshape(y, [0, 0, widths[part]! / W, W]);
    for (const step of parts[(['q', 'k', 'v'] as const)[part]!] ?? []) z = step(g, z);
    return z;
  });
  const [q, k, v] = made.map((z) => g.transpose(z, [0, 2, 1, 3])) as [string, string, string];
  const attributes = { is_causal: { int: 1 }, ...parts.scores };
  const y = g.transpose(g.op('Attention', [q, k, v], attributes), [0, 2, 1, 3]);
  const out = g.reshape(y, [0, 0, D]);
  const seen = parts.seen ? g.reshape(g.op('Abs', [made[0]!]), [0, 0, D]) : null;
  return g.model(seen === null ? out : g.op('Add', [out, seen]), D, { opset: 23 });
}

async function found(parts: Parts, options: object = {}) {
  const given = { attention: 'causal', operators: OPERATORS, rows: ROWS, ...options } as const;
  const result = await checked(model(parts), given);
  const { nodes } = OnnxGraph.parse(result.bytes, 'm.onnx');
  const own = nodes.filter(({ op }) => op === 'SplitNormRotary');
  return {
    untouched: result.untouched,
    /** Inputs and outputs that are connected, of each operator. */
    made: own.map(({ inputs, outputs }) =>
      [inputs, outputs].map((names) => names.filter(Boolean).length),
    ),
    products: nodes.filter(({ op }) => op === 'MatMul').length,
    others: nodes.map(({ op }) => op).filter((op) => OTHERS.has(op)),
  };
}
const OTHERS = new Set(
  'Split Slice Transpose Mul RotaryEmbedding SimplifiedLayerNormalization Concat'.split(' '),
);

describe('left to the runtime', () => {
  test.each<[string, Parts]>([
    [
      'no product',
      {
        products: (g, x, widths) =>
          widths.map((w) => g.slice(g.op('Concat', [x, x], { axis: { int: 2 } }), 2, 1, 1 + w)),
        q: [norm()],
        k: [norm()],
      },
    ],
    ['a value that is read elsewhere', { q: [norm()], k: [norm()], seen: true }],
    ['a gain by position', { q: [norm(), times((g) => g.weights([T, 1, 1]))] }],
    ['a gain by channel behind the rotation', { q: [rotation(), times((g) => g.weights([W]))] }],
    ['two norms', { q: [norm(), rotation(), norm(0.5)] }],
    ['a factor before a norm', { q: [times(perHead(H)), norm(0.1)] }],
    ['another start of the positions', { q: [rotation({ first: 1 })] }],
    ['something between', { q: [norm(), (g, x) => g.op('Tanh', [x])] }],
    [
      'a norm of all heads together',
      {
        q: [
          (g, x) => {
            const all = g.reshape(x, [0, 0, D]);
            const gain = g.floats(new Float32Array(D).fill(1));
            const y = g.op('RMSNormalization', [all, gain], { axis: { int: -1 } });
            return g.reshape(y, [0, 0, H, W]);
          },
        ],
      },
    ],
  ])('%s', async (name, parts) => {
    const { made, untouched } = await found(parts);
    // Keys without anything to them are no reason for an operator either.
    const kept = name === 'a value that is read elsewhere' ? [[1, 2]] : [];
    expect(made).toEqual(kept);
    expect(untouched.filter((reason) => reason.startsWith('heads: '))).toHaveLength(1);
  });

  test('columns that are interleaved by head', async () => {
    const parts = { kvHeads: H, q: [norm()], k: [norm()], products: byHead };
    expect(await found(parts)).toMatchObject({ made: [], products: 2 });
  });

  test('where attention itself is', async () => {
    const parts = { q: [norm(), rotation()], k: [norm(), rotation()] };
    expect((await found({ ...parts, scores: { softcap: { float: 20 } } })).made).toEqual([]);
  });

  test('where the operator is not allowed', async () => {
    const parts = { q: [norm(), rotation()], k: [norm(), rotation()] };
    expect((await found(parts, { operators: new Set(['CausalAttention']) })).made).toEqual([]);
  });
});

describe('one operator and one product', () => {
  const [both, turned] = [
    [norm(), rotation()],
    [rotation(), norm()],
  ];
  const gains = (heads: number) => [
    norm(1e-6, (g) => g.weights([W])),
    rotation(),
    times(perHead(heads)),
  ];
  test.each<[string, Parts, number]>([
    ['norm, then rotation', { q: both, k: both }, 3],
    ['rotation, then norm', { q: turned, k: both }, 3],
    [
      'a rotation of half of each head',
      { q: [norm(), rotation({ size: 4 })], k: [norm(), rotation({ size: 4 })] },
      3,
    ],
    [
      'neighbours',
      { q: [norm(), rotation({ interleaved: 1 })], k: [norm(), rotation({ interleaved: 1 })] },
      3,
    ],
    ['a norm alone', { q: [norm()], k: [norm()] }, 1],
    ['of queries alone', { q: [norm()] }, 1],
    ['a rotation alone', { q: [rotation()], k: [rotation()] }, 3],
    ['gains on either side', { q: gains(H), k: gains(2) }, 5],
    [
      'a gain by channel between',
      { q: [norm(), times((g) => g.weights([W])), rotation()], k: both },
      4,
    ],
    [
      'a factor divided by',
      { q: [norm(), (g, x) => g.op('Div', [x, perHead(H)(g)])], k: [norm()] },
      2,
    ],
  ])('%s', async (_, parts, inputs) => {
    for (const products of [apart, packed]) {
      const { made, products: count, others, untouched } = await found({ ...parts, products });
      expect(made).toEqual([[inputs, 3]]);
      expect(count).toBe(2);
      expect(others).toEqual([]);
      expect(untouched).toEqual([]);
    }
  });

  test('in fp16, and for other fused attentions', async () => {
    const parts = { q: both, k: both, products: packed };
    for (const options of [
      { precision: 'fp16', attention: 'standard' },
      { attention: 'standard' },
      { attention: 'gqa' },
      { attention: 'mha', kvHeads: H },
    ]) {
      const { made } = await found({ kvHeads: options.kvHeads ?? 2, ...parts }, options);
      expect(made).toEqual([[3, options.kvHeads === H ? 2 : 3]]);
    }
  });

  test('with a bias of the products', async () => {
    const biased: Parts['products'] = (g, x, widths) =>
      apart(g, x, widths).map((y, k) => g.op('Add', [y, g.weights([widths[k]!])]));
    expect(await found({ q: both, k: both, products: biased })).toMatchObject({
      made: [[3, 3]],
      products: 2,
    });
  });
});

describe('an operator for each', () => {
  test.each<[string, Parts]>([
    ['two epsilons', { q: [norm(1e-5)], k: [norm(0.1)] }],
    ['two tables', { q: [rotation()], k: [rotation({ base: 50 })] }],
    ['halves and neighbours', { q: [rotation()], k: [rotation({ interleaved: 1 })] }],
    ['a rotation of keys alone', { q: [norm()], k: [rotation()] }],
  ])('%s', async (_, parts) => {
    const { made, products } = await found({ ...parts, products: packed });
    expect(made.map(([, outputs]) => outputs)).toEqual([1, 2]);
    expect(products).toBe(3);
  });
});

test('values with a norm of their own, or too wide to be copied, keep their product', async () => {
  const parts = { q: [norm()], k: [norm()], products: packed };
  for (const more of [{ v: [norm()] }, { kvHeads: H }]) {
    const { made, products } = await found({ ...parts, ...more });
    expect(made).toEqual([[1, 2]]);
    expect(products).toBe(3);
  }
});
