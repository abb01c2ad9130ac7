/** The operator set that a fused attention needs: raised, kept, or another operator in its place. */
import { describe, expect, test } from 'vitest';
import { OnnxGraph } from '#bpb/onnx/graph';
import { optimize } from '#bpb/onnx/optimize/optimize';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { checked } from '../helpers/optimized.js';
import { attention, D, T } from './attention-graphs.js';

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

  test('halves are not for the operator that computes in fp32 alone', () => {
    const options = { seqLen: T, batch: 2 };
    const half = optimize(build(18), { ...options, precision: 'fp16', attention: 'kept' });
    const again = { ...options, precision: 'fp32', attention: 'causal' } as const;
    expect(optimize(half.bytes, again).untouched).toEqual([expect.stringMatching(/fp32 alone/)]);
    const { rewrites } = optimize(build(18), again);
    expect(rewrites.map(({ name }) => name)).toContain('causal-attention');
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
