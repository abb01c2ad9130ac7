/** Constants computed ahead are what ONNX Runtime computes, bit for bit but for sin and cos. */
import { InferenceSession, Tensor as RuntimeTensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { TYPE } from '#bpb/onnx/element-types';
import { OnnxGraph } from '#bpb/onnx/graph';
import { fold } from '#bpb/onnx/optimize/fold';
import { Workspace } from '#bpb/onnx/optimize/workspace';
import type { AttributeValue } from '#bpb/onnx/writer';
import { onnxModel } from '#bpb/onnx/writer';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { normals } from '../helpers/models.js';
import { checked } from '../helpers/optimized.js';

interface Case {
  op: string;
  make: (g: GraphBuilder) => string[];
  attributes?: Record<string, AttributeValue>;
}

const A = (g: GraphBuilder) => g.floats(normals(24, 1), [2, 3, 4]);
const B = (g: GraphBuilder) => g.floats(normals(12, 2), [3, 4]);
const I = (g: GraphBuilder, values: number[]) => g.ints(values);
const pair = (op: string): Case => ({ op, make: (g) => [A(g), B(g)] });
const mask = (g: GraphBuilder) => g.op('Greater', [A(g), g.scalar(0)]);

const CASES: Case[] = [
  ...['Add', 'Sub', 'Mul', 'Div', 'Min', 'Max', 'Less', 'GreaterOrEqual', 'Equal'].map(pair),
  ...['Neg', 'Abs', 'Floor', 'Ceil', 'Reciprocal', 'Identity'].map((op) => ({
    op,
    make: (g: GraphBuilder) => [A(g)],
  })),
  { op: 'Sqrt', make: (g) => [g.op('Abs', [A(g)])] },
  { op: 'Not', make: (g) => [mask(g)] },
  { op: 'And', make: (g) => [mask(g), g.op('Less', [B(g), g.scalar(0.5)])] },
  { op: 'Where', make: (g) => [mask(g), A(g), g.scalar(-1e9)] },
  { op: 'Div', make: (g) => [I(g, [-7, 7, 9]), I(g, [2])] },
  { op: 'Cast', make: (g) => [A(g)], attributes: { to: { int: TYPE.int64 } } },
  { op: 'Cast', make: (g) => [A(g)], attributes: { to: { int: TYPE.bool } } },
  { op: 'Range', make: (g) => [g.ints([2], []), g.ints([11], []), g.ints([3], [])] },
  { op: 'Range', make: (g) => [g.scalar(0), g.scalar(5), g.scalar(0.5)] },
  { op: 'Slice', make: (g) => [A(g), I(g, [-1, 0]), I(g, [-99, 3]), I(g, [2, 1]), I(g, [-2, 2])] },
  { op: 'Slice', make: (g) => [A(g), I(g, [1]), I(g, [2 ** 53]), I(g, [-1])] },
  { op: 'Concat', make: (g) => [A(g), A(g)], attributes: { axis: { int: 1 } } },
  { op: 'Concat', make: (g) => [A(g), A(g)], attributes: { axis: { int: -1 } } },
  {
    op: 'Gather',
    make: (g) => [A(g), g.ints([1, -1, 0, 2], [2, 2])],
    attributes: { axis: { int: 1 } },
  },
  { op: 'Gather', make: (g) => [A(g), g.ints([1], [])] },
  { op: 'Transpose', make: (g) => [A(g)], attributes: { perm: { ints: [2, 0, 1] } } },
  { op: 'Transpose', make: (g) => [A(g)] },
  { op: 'Reshape', make: (g) => [A(g), I(g, [0, -1, 2])] },
  { op: 'Unsqueeze', make: (g) => [A(g), I(g, [0, -1])] },
  { op: 'Squeeze', make: (g) => [g.floats([1, 2], [1, 2, 1]), I(g, [0])] },
  { op: 'Expand', make: (g) => [B(g), I(g, [2, 1, 4])] },
  { op: 'Trilu', make: (g) => [A(g), g.ints([1], [])], attributes: { upper: { int: 1 } } },
  { op: 'Trilu', make: (g) => [A(g)], attributes: { upper: { int: 0 } } },
  { op: 'MatMul', make: (g) => [g.floats([1, 2, 3], [3, 1]), g.floats([0.5, 4], [1, 2])] },
];

/** What we make of the graph's last value, and what ONNX Runtime does. */
async function both(g: GraphBuilder, name: string): Promise<[number[], number[], string, string]> {
  // The value must not be an output of the graph when it is folded: those are left.
  const graph = (output: string) =>
    onnxModel({
      nodes: [...g.nodes, { op: 'Identity', inputs: [name], outputs: [output] }],
      initializers: g.initializers,
      inputs: [{ name: 'input_ids', type: 'int64', dims: [1, 2] }],
      outputs: [{ name: output, type: 'float32', dims: [] }],
      opset: 21,
    });
  const ws = new Workspace(OnnxGraph.parse(graph('out'), 'm.onnx'));
  fold(ws);
  const identity = ws.producer('out')!;
  const ours = ws.constant(identity.inputs[0]!)?.dense();
  if (ours === undefined) throw new Error('not folded');
  const typed = Buffer.from(graph('out'));
  // The declared type is the sample's; the runtime gets the real one.
  const at = typed.lastIndexOf(Buffer.from([8, TYPE.float32, 18, 0]));
  if (at >= 0) typed[at + 1] = ours.type;
  const session = await InferenceSession.create(typed, {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 4,
  });
  const input = new RuntimeTensor('int64', BigInt64Array.of(0n, 0n), [1, 2]);
  const { out } = await session.run({ input_ids: input });
  const theirs = Array.from(out!.data as Float32Array, Number);
  return [Array.from(ours.values), theirs, ours.dims.join(), out!.dims.join()];
}

describe('what is computed ahead is what the runtime computes', () => {
  test.each(CASES.map((each, k) => [`${k} ${each.op}`, each] as const))('%s', async (_, each) => {
    const g = new GraphBuilder();
    const name = g.op(each.op, each.make(g), each.attributes ?? {});
    const [ours, theirs, ourDims, theirDims] = await both(g, name);
    expect(ourDims).toBe(theirDims);
    expect(ours).toEqual(theirs);
  });

  test.each(['Sin', 'Cos', 'Exp', 'Log'])('%s to the last bit but one', async (op) => {
    const g = new GraphBuilder();
    const x = g.floats(normals(200, 3, 300).map(op === 'Exp' ? (v) => v / 50 : Math.abs), [200]);
    const [ours, theirs] = await both(g, g.op(op, [x]));
    ours.forEach((value, k) => {
      expect(Math.abs(value - theirs[k]!)).toBeLessThanOrEqual(
        1.2e-7 * Math.max(1, Math.abs(value)),
      );
    });
  });
});

describe('in a model', () => {
  const [D, T] = [16, 8];
  const to = (g: GraphBuilder, type: number, name: string) =>
    g.op('Cast', [name], { to: { int: type } });
  const narrow = (g: GraphBuilder, values: number[]) => to(g, TYPE.int32, g.ints(values));

  test.each<[string, (g: GraphBuilder) => string]>([
    [
      'a norm over more than the last axis',
      (g) => {
        const inputs = [g.weights([T, D], 3), g.weights([D])];
        return g.op('RMSNormalization', inputs, { axis: { int: 0 } });
      },
    ],
    ['a power of integers', (g) => to(g, 1, g.op('Pow', [g.ints([2]), g.scalar(0.5)]))],
    ['a negative one', (g) => to(g, 1, g.op('Pow', [g.ints([2]), g.ints([-1])]))],
    [
      'integers that wrap around',
      (g) => {
        const product = g.op('Mul', [narrow(g, [65537]), narrow(g, [65537])]);
        return g.op('Tanh', [to(g, 1, product)]);
      },
    ],
    ['a cast that cuts them', (g) => to(g, 1, narrow(g, [2 ** 32 + 5]))],
    [
      'a half that does not reach so far',
      (g) => {
        const infinite = to(g, 1, to(g, TYPE.float16, g.scalar(70_000)));
        return g.op('Min', [g.scalar(1), g.op('Sub', [infinite, g.scalar(69_999.5)])]);
      },
    ],
  ])('%s', async (_, make) => {
    const g = new GraphBuilder();
    const x = g.embed(D);
    await checked(g.model(g.op('Add', [x, make(g)]), D, { opset: 23 }));
  });
});

describe('quantized weights', () => {
  const quantized = (dims: number[]) =>
    Int8Array.from(normals(dims[0]! * dims[1]!, 4, 40), (x) => Math.round(x));
  const weights = (g: GraphBuilder, data: Int8Array, dims: number[]) => {
    g.initializers.push({ name: 'q', type: 'int8', dims, data });
    return 'q';
  };

  test.each([
    ['one scale', [6, 4], [] as number[], {}],
    ['a scale a row', [6, 4], [6], { axis: { int: 0 } }],
    ['a scale a column', [6, 4], [4], { axis: { int: -1 } }],
    ['a scale a block', [6, 4], [3, 4], { axis: { int: 0 }, block_size: { int: 2 } }],
  ])('%s', async (_, dims, scaleDims, attributes) => {
    const g = new GraphBuilder();
    const count = scaleDims.reduce((product, dim) => product * dim, 1);
    const scale = g.floats(normals(count, 5).map(Math.abs), scaleDims);
    const q = weights(g, quantized(dims), dims);
    const [ours, theirs] = await both(g, g.op('DequantizeLinear', [q, scale], attributes));
    expect(ours).toEqual(theirs);
  });

  test('a scale in halves, read in fp32', async () => {
    const g = new GraphBuilder();
    const scale = g.op('Cast', [g.floats([0.0123])], { to: { int: TYPE.float16 } });
    const q = weights(g, quantized([6, 4]), [6, 4]);
    const halves = g.op('DequantizeLinear', [q, scale]);
    const [ours, theirs] = await both(g, g.op('Cast', [halves], { to: { int: TYPE.float32 } }));
    expect(ours).toEqual(theirs);
  });

  test('with a zero point', async () => {
    const g = new GraphBuilder();
    const q = weights(g, quantized([6, 4]), [6, 4]);
    g.initializers.push({
      name: 'z',
      type: 'int8',
      dims: [6],
      data: Int8Array.of(1, -2, 3, 0, 5, 6),
    });
    const scale = g.floats(normals(6, 5).map(Math.abs));
    const inputs = [q, scale, 'z'];
    const [ours, theirs] = await both(g, g.op('DequantizeLinear', inputs, { axis: { int: 0 } }));
    expect(ours).toEqual(theirs);
  });

  test('scales that do not fit are left to the runtime', async () => {
    const g = new GraphBuilder();
    const q = weights(g, quantized([6, 4]), [6, 4]);
    const name = g.op('DequantizeLinear', [q, g.floats([1, 2, 3])], { axis: { int: 0 } });
    await expect(both(g, name)).rejects.toThrow('not folded');
  });
});
