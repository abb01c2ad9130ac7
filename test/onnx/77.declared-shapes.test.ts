/** Shapes behind operators of our own, which a runtime cannot infer: declared as far as they are known. */
import { expect, test } from 'vitest';
import { fixAxes } from '#bpb/onnx/fix-axes';
import { OnnxGraph } from '#bpb/onnx/graph';
import { withOwnShapes } from '#bpb/onnx/optimize/declare';
import { type OptimizeOptions, optimize } from '#bpb/onnx/optimize/optimize';
import { GraphBuilder } from '../helpers/graph-builder.js';

const [T, D] = [8, 16];
const operators = new Set(['SumNorm', 'SquaredRelu'] as const);

/** A norm, and the square of a rectifier. */
function model(): Uint8Array {
  const g = new GraphBuilder();
  const normed = g.op('RMSNormalization', [g.embed(D), g.weights([D])], { axis: { int: -1 } });
  const relu = g.op('Relu', [g.op('MatMul', [normed, g.weights([D, 2 * D])])]);
  const squared = g.op('Mul', [relu, relu]);
  return g.model(g.op('MatMul', [squared, g.weights([2 * D, D])]), D, { opset: 23 });
}

/** Shape of each output of an operator of our own, and of nothing else. */
function declared(bytes: Uint8Array): unknown {
  const graph = OnnxGraph.parse(bytes, 'm.onnx');
  const own = graph.nodes.filter(({ domain }) => domain === 'bpb');
  const names = own.flatMap(({ outputs }) => outputs.filter(Boolean));
  const values = graph.ports('value');
  expect(values.map(({ name }) => name).sort()).toEqual(names.sort());
  return own.map(({ op, outputs }) => {
    const value = values.find(({ name }) => outputs.includes(name))!;
    return [op, value.elementType, value.dims!.map((dim) => (typeof dim === 'number' ? dim : '?'))];
  });
}

const rewritten = (options: Partial<OptimizeOptions> = {}) =>
  optimize(model(), { precision: 'fp32', seqLen: T, operators, ...options }).bytes;

test('rows stay open, each axis under a name of its own', () => {
  expect(declared(rewritten())).toEqual([
    ['SumNorm', 1, ['?', T, D]],
    ['SquaredRelu', 1, ['?', T, 2 * D]],
  ]);
  const names = OnnxGraph.parse(rewritten(), 'm.onnx')
    .ports('value')
    .map(({ dims }) => dims![0]);
  expect(new Set(names).size).toBe(2);
});

test('in halves', () => {
  expect(declared(rewritten({ precision: 'fp16' }))).toEqual([
    ['SumNorm', 10, ['?', T, D]],
    ['SquaredRelu', 10, ['?', T, 2 * D]],
  ]);
});

test('with rows that are fixed after the rewrite', () => {
  const { model: fixed } = fixAxes(rewritten(), 'input_ids', [3, T], 'm.onnx');
  expect(declared(withOwnShapes(fixed, 'm.onnx'))).toEqual([
    ['SumNorm', 1, [3, T, D]],
    ['SquaredRelu', 1, [3, T, 2 * D]],
  ]);
});

test('nothing where no operator of our own is', () => {
  expect(declared(rewritten({ operators: new Set() }))).toEqual([]);
  expect(OnnxGraph.parse(withOwnShapes(model(), 'm.onnx'), 'm.onnx').ports('value')).toEqual([]);
});

test("a graph's output that leaves its shape out", () => {
  const graph = OnnxGraph.parse(rewritten(), 'm.onnx');
  const name = graph.nodes.find(({ op }) => op === 'SquaredRelu')!.outputs[0]!;
  graph.items.push({ kind: 'output', name, elementType: 1, dims: null, raw: null });
  const declaring = OnnxGraph.parse(withOwnShapes(graph.serialize(), 'm.onnx'), 'm.onnx');
  const output = declaring.ports('output').find((port) => port.name === name);
  expect(output!.dims!.slice(1)).toEqual([T, 2 * D]);
});
