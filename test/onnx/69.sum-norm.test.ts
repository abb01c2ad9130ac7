/** Residual sums and their norms as one operator: what is put together, what is cut, and what stays. */
import { describe, expect, test } from 'vitest';
import { TYPE } from '#bpb/onnx/element-types';
import { OnnxGraph } from '#bpb/onnx/graph';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { checked } from '../helpers/optimized.js';

const [T, D] = [8, 16];
const operators = new Set(['SumNorm'] as const);

const norm = (g: GraphBuilder, x: string, width = D, axis = -1) =>
  g.op('RMSNormalization', [x, g.weights([width], 0.2)], { axis: { int: axis } });
const branch = (g: GraphBuilder, x: string) => g.op('MatMul', [x, g.weights([D, D], 0.3)]);
const scaled = (g: GraphBuilder, x: string) => g.op('Mul', [x, g.weights([D], 0.5)]);
const add = (g: GraphBuilder, ...terms: string[]) => terms.reduce((a, b) => g.op('Add', [a, b]));

/** `terms` of each SumNorm; f, s, n for its outputs; ×k for its factors, the carry among them. */
function shown(model: Uint8Array): string[] {
  return OnnxGraph.parse(model, 'm.onnx')
    .nodes.filter(({ domain }) => domain === 'bpb')
    .map(({ op, inputs, outputs, attributes }) => {
      expect([op, inputs.length, outputs.length]).toEqual(['SumNorm', 10, 3]);
      const terms = inputs.slice(0, 4).filter(Boolean).length;
      const factors = inputs.slice(4, 9).filter(Boolean).length;
      const first = attributes.get('first_terms')!.value as number;
      const given = ['f', 's', 'n'].filter((_, k) => outputs[k]).join('');
      return `${first > 0 ? `${first}+${terms - first}` : terms}×${factors}→${given}`;
    });
}

async function found(
  build: (g: GraphBuilder) => string,
  options: Parameters<typeof checked>[1] = {},
  extra: readonly string[] = [],
) {
  const g = new GraphBuilder();
  const result = await checked(g.model(build(g), D, { opset: 23, extra }), {
    operators,
    ...options,
  });
  const sums = shown(result.bytes);
  expect(result.counts['sum-norm'] ?? 0).toBe(sums.length);
  const { nodes } = OnnxGraph.parse(result.bytes, 'm.onnx');
  const left = nodes.filter(
    ({ op, domain }) => domain === '' && ['Add', 'Sub', 'Mul', 'Div'].includes(op),
  );
  return { sums, left: left.map(({ op }) => op), untouched: result.untouched };
}

describe('a sum and its norm', () => {
  test.each<[string, (g: GraphBuilder) => string, string[], string[]?]>([
    ['a norm alone', (g) => norm(g, g.embed(D)), ['1×0→n']],
    [
      'a sum that is not used later',
      (g) => {
        const x = g.embed(D);
        return norm(g, add(g, branch(g, x), x));
      },
      ['2×0→n'],
    ],
    [
      'a sum that is used later',
      (g) => {
        const x = g.embed(D);
        const sum = add(g, x, branch(g, x));
        return add(g, branch(g, norm(g, sum)), sum);
      },
      ['2×0→sn'],
      ['Add'],
    ],
    [
      'a mix with the embedding: no factor of a first sum twice',
      (g) => {
        const x0 = g.embed(D);
        const sum = add(g, x0, branch(g, x0));
        const mixed = add(g, scaled(g, sum), scaled(g, x0));
        return add(g, branch(g, norm(g, mixed)), mixed);
      },
      ['2+1×2→sn'],
      ['Add'],
    ],
    [
      'a first sum that a later one skips to',
      (g) => {
        const x0 = g.embed(D);
        const saved = add(g, x0, branch(g, x0));
        const mixed = add(g, scaled(g, saved), scaled(g, x0));
        const next = add(g, mixed, branch(g, norm(g, mixed)), scaled(g, saved));
        return norm(g, next);
      },
      ['2+1×2→fsn', '3×1→n'],
    ],
    [
      'mix, skip and branch: four terms',
      (g) => {
        const [x0, saved] = [g.embed(D), g.embed(D)];
        const sum = add(g, x0, branch(g, x0));
        const skipped = add(g, sum, scaled(g, saved));
        const mixed = add(g, scaled(g, skipped), scaled(g, x0));
        return norm(g, mixed);
      },
      // x0 stands in the first sum and beside it.
      ['3+1×3→n'],
    ],
    [
      'a difference, a quotient, a negative',
      (g) => {
        const x = g.embed(D);
        const [y, z] = [branch(g, x), branch(g, x)];
        const over = g.op('Div', [y, g.floats([2, 3, 4, 5, 2, 3, 4, 5, 2, 3, 4, 5, 2, 3, 4, 5])]);
        return norm(g, g.op('Sub', [g.op('Neg', [z]), g.op('Sub', [x, over])]));
      },
      ['2+1×3→n'],
    ],
    [
      'a multiple that is added too is computed twice and not stored',
      (g) => {
        const x = g.embed(D);
        const m = g.op('Mul', [g.weights([1, 1, D], 0.5), x]);
        return norm(g, add(g, branch(g, norm(g, m)), m));
      },
      ['1×1→n', '2×1→n'],
    ],
    [
      'two norms of one sum',
      (g) => {
        const x = g.embed(D);
        const sum = add(g, x, branch(g, x));
        return g.op('Mul', [norm(g, sum), norm(g, sum)]);
      },
      ['2×0→sn', '1×0→n'],
      ['Mul'],
    ],
    [
      'five terms: cut where a sum is stored',
      (g) => {
        const x = g.embed(D);
        return norm(g, add(g, x, branch(g, x), branch(g, x), branch(g, x), branch(g, x)));
      },
      ['4×0→s', '2×0→n'],
    ],
    [
      'a sum without a norm where it saves a pass',
      (g) => {
        const x = g.embed(D);
        return branch(g, add(g, scaled(g, x), branch(g, x), branch(g, x)));
      },
      ['3×1→s'],
    ],
    [
      'one addition, one product: as they are',
      (g) => {
        const x = g.embed(D);
        return branch(g, scaled(g, branch(g, add(g, x, branch(g, x)))));
      },
      [],
      ['Add', 'Mul'],
    ],
    [
      'one value twice',
      (g) => {
        const x = g.embed(D);
        const [y, z] = [branch(g, x), branch(g, x)];
        return norm(g, g.op('Sub', [add(g, y, z), scaled(g, y)]));
      },
      ['2×1→n'],
    ],
    [
      'a full matrix in a Gemm',
      (g) => {
        const x = g.reshape(g.embed(D), [-1, D]);
        const sum = g.op('Gemm', [x, g.weights([D, D], 0.3), x], { transB: { int: 1 } });
        return g.reshape(norm(g, scaled(g, sum)), [-1, T, D]);
      },
      ['2+0×1→n'],
    ],
  ])('%s', async (_, build, sums, left = []) => {
    expect(await found(build)).toEqual({ sums, left, untouched: [] });
    expect(await found(build, { batch: undefined })).toMatchObject({ sums, left });
    expect(await found(build, { precision: 'fp16' })).toMatchObject({ sums, left });
    expect(await found(build, { scoredPositions: false, operators: new Set() })).toMatchObject({
      sums: [],
    });
  });
});

describe('stays', () => {
  test.each<[string, (g: GraphBuilder) => string, string[], string[]]>([
    [
      'a factor by position',
      (g) => norm(g, g.op('Mul', [g.embed(D), g.weights([1, T, 1])])),
      ['1×0→n'],
      ['Mul'],
    ],
    [
      'a factor that is computed',
      (g) => {
        const x = g.embed(D);
        return norm(g, g.op('Mul', [x, g.op('Sigmoid', [x])]));
      },
      ['1×0→n'],
      ['Mul'],
    ],
    [
      'a sum that repeats one side',
      (g) => {
        const x = g.embed(D);
        const mean = g.op('ReduceMax', [x, g.ints([-1])], { keepdims: { int: 1 } });
        return norm(g, add(g, x, mean));
      },
      ['1×0→n'],
      ['Add'],
    ],
    [
      'a sum with a constant',
      (g) => norm(g, add(g, g.embed(D), g.weights([D]))),
      ['1×0→n'],
      ['Add'],
    ],
    [
      'factors whose product fp32 does not hold',
      (g) => {
        const x = g.op('Tanh', [g.embed(D)]);
        const small = () => g.floats(Array.from({ length: D }, (_, k) => (k + 1) * 1e-30));
        const tiny = g.op('Mul', [g.op('Mul', [x, small()]), small()]);
        return norm(g, add(g, branch(g, x), tiny));
      },
      ['1×0→n'],
      ['Mul', 'Mul', 'Add'],
    ],
    [
      'a number that halves do not hold',
      (g) => {
        const x = g.op('Tanh', [g.embed(D)]);
        return norm(g, add(g, branch(g, x), g.op('Mul', [x, g.scalar(1e-9)])));
      },
      ['2×0→n'],
      ['Mul'],
    ],
  ])('%s', async (_, build, sums, left) => {
    expect(await found(build)).toEqual({ sums, left, untouched: [] });
  });

  test.each<[string, (g: GraphBuilder) => string]>([
    [
      'a norm over more than the last axis',
      (g) => {
        const x = g.embed(D);
        return g.op('SimplifiedLayerNormalization', [add(g, x, branch(g, x)), g.weights([T, D])], {
          axis: { int: 1 },
        });
      },
    ],
    [
      'a gain that is computed',
      (g) => {
        const x = g.embed(D);
        const gain = g.op('ReduceMax', [x, g.ints([0, 1])], { keepdims: { int: 0 } });
        return g.op('SimplifiedLayerNormalization', [x, gain]);
      },
    ],
  ])('%s, which is said once', async (_, build) => {
    const { sums, untouched } = await found(build);
    expect(sums).toEqual([]);
    expect(untouched).toEqual([expect.stringMatching(/^sum-norm: 1 norm /)]);
  });

  test('a norm of halves that a gain in fp32 makes fp32', async () => {
    const type = { to: { int: TYPE.float16 } };
    const { sums } = await found((g) => {
      const halves = g.op('Cast', [g.embed(D)], type);
      return g.op('SimplifiedLayerNormalization', [
        g.op('Add', [halves, halves]),
        g.weights([D], 0.2),
      ]);
    });
    expect(sums).toEqual([]);
  });

  test('a norm that takes the mean off', async () => {
    const { sums, left } = await found((g) => {
      const x = g.embed(D);
      return g.op('LayerNormalization', [add(g, x, branch(g, x)), g.weights([D])]);
    });
    expect({ sums, left }).toEqual({ sums: [], left: ['Add'] });
  });
});

test('a factor that many sums read is written once', async () => {
  const g = new GraphBuilder();
  let x = g.op('Tanh', [g.embed(D)]);
  const [mix, half] = [g.weights([D], 0.5), g.scalar(0.5)];
  for (let k = 0; k < 5; k++) {
    const next = g.op('Add', [g.op('Mul', [branch(g, x), mix]), g.op('Mul', [x, half])]);
    x = branch(g, norm(g, next));
  }
  const { bytes, counts } = await checked(g.model(x, D, { opset: 23 }), { operators });
  expect(counts['sum-norm']).toBe(5);
  const vectors = OnnxGraph.parse(bytes, 'm.onnx').initializers.filter(
    ({ dims }) => dims.length < 2,
  );
  // Two factors and five gains.
  expect(vectors).toHaveLength(7);
});

/** Sums, multiples, norms and branches in any order, each value read any number of times. */
function anyGraph(g: GraphBuilder, seed: number): string {
  let state = seed;
  const below = (n: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const values = [g.embed(D), g.embed(D)];
  const recent = () => values[Math.max(0, values.length - 1 - below(below(3) === 0 ? 9 : 3))]!;
  for (let k = 0; k < 24; k++) {
    const [a, b] = [recent(), recent()];
    const made = [
      () => add(g, a, b),
      () => g.op('Sub', [a, b]),
      () => scaled(g, a),
      () => g.op('Mul', [g.scalar(0.5), a]),
      () => norm(g, a),
      () => branch(g, norm(g, add(g, a, b))),
      () => g.op('Tanh', [a]),
      () => add(g, scaled(g, a), scaled(g, b)),
    ];
    values.push(made[below(made.length)]!());
  }
  return norm(
    g,
    values.slice(-4).reduce((a, b) => g.op('Add', [a, b])),
  );
}

test.each(Array.from({ length: 12 }, (_, seed) => seed))('any graph, %i', async (seed) => {
  const { sums } = await found((g) => anyGraph(g, seed));
  expect(sums.length).toBeGreaterThan(0);
  expect((await found((g) => anyGraph(g, seed), { precision: 'fp16' })).sums).toEqual(sums);
});
