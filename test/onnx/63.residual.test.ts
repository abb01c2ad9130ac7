/** Sums of residuals: apart from Gemm, together with the norm behind them, and what must not be. */
import { describe, expect, test } from 'vitest';
import { TYPE } from '#bpb/onnx/element-types';
import { OnnxGraph } from '#bpb/onnx/graph';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { checked } from '../helpers/optimized.js';

const [T, D] = [8, 16];

const norm = (g: GraphBuilder, x: string, width = D, axis = -1) =>
  g.op('RMSNormalization', [x, g.weights([width], 0.2)], { axis: { int: axis } });
const branch = (g: GraphBuilder, x: string) => g.op('MatMul', [x, g.weights([D, D], 0.3)]);
const flat = (g: GraphBuilder) => g.reshape(g.embed(D), [-1, D]);
const apart = (g: GraphBuilder, x: string) => g.reshape(x, [-1, T, D]);

async function found(
  build: (g: GraphBuilder) => string,
  options: Parameters<typeof checked>[1] = {},
  extra: readonly string[] = [],
) {
  const g = new GraphBuilder();
  const result = await checked(g.model(build(g), D, { opset: 23, extra }), options);
  const { nodes } = OnnxGraph.parse(result.bytes, 'm.onnx');
  const fused = nodes.filter(({ op }) => op === 'SkipSimplifiedLayerNormalization');
  expect(result.counts['residual-norm'] ?? 0).toBe(fused.length);
  const full = nodes.filter(({ op, inputs }) => op === 'Gemm' && inputs.length > 2);
  return {
    fused: fused.length,
    sums: fused.filter(({ outputs }) => outputs.length === 4).length,
    full: full.length,
    left: nodes.filter(({ op }) => op === 'Add').length,
  };
}

describe('a sum and its norm become one', () => {
  test.each<[string, (g: GraphBuilder) => string, object]>([
    [
      'the sum is used later too',
      (g) => {
        const x = g.embed(D);
        const sum = g.op('Add', [x, branch(g, x)]);
        return g.op('Add', [branch(g, norm(g, sum)), sum]);
      },
      { fused: 1, sums: 1, left: 1 },
    ],
    [
      'the sum is not used later',
      (g) => {
        const x = g.embed(D);
        return norm(g, g.op('Add', [branch(g, x), x]));
      },
      { fused: 1, sums: 0, left: 0 },
    ],
    [
      'two norms of one sum: one of them',
      (g) => {
        const x = g.embed(D);
        const sum = g.op('Add', [x, branch(g, x)]);
        return g.op('Mul', [norm(g, sum), norm(g, sum)]);
      },
      { fused: 1, sums: 1, left: 0 },
    ],
    [
      'a full matrix in a Gemm',
      (g) => {
        const x = flat(g);
        const sum = g.op('Gemm', [x, g.weights([D, D], 0.3), x], { transB: { int: 1 } });
        return apart(g, g.op('Gemm', [norm(g, sum), g.weights([D, D], 0.3), sum]));
      },
      { fused: 1, sums: 1, left: 1, full: 0 },
    ],
    [
      'a scaled product',
      (g) => {
        const x = flat(g);
        const sum = g.op('Gemm', [x, g.weights([D, D], 0.3), x], { alpha: { float: 0.5 } });
        return apart(g, norm(g, sum));
      },
      { fused: 1, sums: 0, left: 0, full: 0 },
    ],
  ])('%s', async (_, build, expected) => {
    expect(await found(build)).toMatchObject(expected);
    expect(await found(build, { batch: undefined })).toMatchObject(expected);
    expect(await found(build, { precision: 'fp16' })).toMatchObject(expected);
  });
});

describe('stays', () => {
  test.each<[string, (g: GraphBuilder) => string, object]>([
    [
      'a sum with a constant',
      (g) => norm(g, g.op('Add', [g.embed(D), g.weights([D])])),
      { left: 1 },
    ],
    [
      'a sum that repeats one side',
      (g) => {
        const x = g.embed(D);
        const mean = g.op('ReduceMean', [x, g.ints([-1])], { keepdims: { int: 1 } });
        return norm(g, g.op('Add', [x, mean]));
      },
      { left: 1 },
    ],
    [
      'a norm over more than the last axis',
      (g) => {
        const x = g.embed(D);
        const sum = g.op('Add', [x, branch(g, x)]);
        return g.op('RMSNormalization', [sum, g.weights([T, D])], { axis: { int: 1 } });
      },
      { left: 1 },
    ],
    [
      'a norm of heads',
      (g) => {
        const x = g.embed(D);
        const sum = g.reshape(g.op('Add', [x, branch(g, x)]), [0, 0, 2, 8]);
        return g.reshape(norm(g, g.op('Add', [sum, sum]), 8), [0, 0, D]);
      },
      { left: 2 },
    ],
    [
      'a sum in float64, of which there is no such operator',
      (g) => {
        const cast = (x: string, type: 'float32' | 'float64') =>
          g.op('Cast', [x], { to: { int: TYPE[type] } });
        const x = cast(g.embed(D), 'float64');
        const sum = g.op('Add', [x, g.op('Mul', [x, x])]);
        const gain = cast(g.weights([D], 0.2), 'float64');
        const normed = g.op('RMSNormalization', [sum, gain], { axis: { int: -1 } });
        return cast(normed, 'float32');
      },
      { left: 1 },
    ],
    [
      'a Gemm that weighs its third matrix',
      (g) => {
        const x = flat(g);
        return apart(g, g.op('Gemm', [x, g.weights([D, D], 0.3), x], { beta: { float: 0.5 } }));
      },
      { full: 1 },
    ],
    [
      'a Gemm with a row for all',
      (g) => apart(g, g.op('Gemm', [flat(g), g.weights([D, D], 0.3), g.weights([D])])),
      { full: 1 },
    ],
  ])('%s', async (_, build, expected) => {
    expect(await found(build)).toMatchObject({ fused: 0, ...expected });
  });

  test('a sum that is an output of the graph keeps its name', async () => {
    let sum = '';
    const build = (g: GraphBuilder) => {
      const x = g.embed(D);
      sum = g.op('Add', [x, branch(g, x)], {}, 'residual');
      return norm(g, sum);
    };
    expect(await found(build, {}, ['residual'])).toMatchObject({ fused: 1, sums: 1 });
  });
});
