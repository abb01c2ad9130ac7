/** Graphs that resemble causal attention and compute something else: never fused. */
import { describe, expect, test } from 'vitest';
import { TYPE } from '#bpb/onnx/element-types';
import { OnnxGraph } from '#bpb/onnx/graph';
import { optimize } from '#bpb/onnx/optimize/optimize';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { checked } from '../helpers/optimized.js';
import { attention, causal, D, H, NEVER, square, T, W } from './attention-graphs.js';

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

  test('float64, which no fused operator takes', () =>
    left((g) => {
      const cast = (x: string, type: 'float32' | 'float64') =>
        g.op('Cast', [x], { to: { int: TYPE[type] } });
      const qkv = [0, 1, 2].map(() => cast(heads(g, g.embed(D), H), 'float64'));
      const mask = (_: GraphBuilder, scores: string) => {
        const never = cast(
          g.floats(
            square((i, j) => (j <= i ? 0 : NEVER)),
            [T, T],
          ),
          'float64',
        );
        return g.op('Add', [scores, never]);
      };
      return cast(attended(g, qkv, mask), 'float32');
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
