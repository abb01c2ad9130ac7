/** Shapes that are inferred for what exporters write around attention, held against those of a run. */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { TYPE } from '#bpb/onnx/element-types';
import { OnnxGraph } from '#bpb/onnx/graph';
import { Workspace } from '#bpb/onnx/optimize/workspace';
import { type AttributeValue, onnxModel } from '#bpb/onnx/writer';
import { GraphBuilder, someIds } from '../helpers/graph-builder.js';

const [T, D] = [8, 16];
type Step = (g: GraphBuilder, x: string) => string;
type Elements = keyof typeof TYPE;

const vector = (g: GraphBuilder, ...parts: string[]) => g.op('Concat', parts, { axis: { int: 0 } });
/** How many rows, as a vector. */
const rows = (g: GraphBuilder, x: string) => g.slice(g.op('Shape', [x]), 0, 0, 1);
const counted = (g: GraphBuilder, x: string) =>
  g.op('Range', [g.ints([0], []), g.op('Squeeze', [rows(g, x)]), g.ints([1], [])]);
const microsoft = (
  g: GraphBuilder,
  op: string,
  inputs: string[],
  attributes: Record<string, AttributeValue> = {},
) => g.op(op, inputs, attributes, undefined, 'com.microsoft');
/** As torch writes the sizes of an expand: each −1 becomes 1. */
const expandable = (g: GraphBuilder, sizes: string, length: number) => {
  const ones = g.ints(Array(length).fill(1));
  return g.op('Where', [g.op('Equal', [sizes, g.ints(Array(length).fill(-1))]), ones, sizes]);
};

/** What is known of the value, and its dimensions in a run with so many rows. */
async function shapes(step: Step, count: number) {
  const g = new GraphBuilder();
  const name = step(g, g.embed(D));
  const file = (type: Elements, dims: (string | number)[]) =>
    onnxModel({
      nodes: [...g.nodes, { op: 'Identity', inputs: [name], outputs: ['out'] }],
      initializers: g.initializers,
      inputs: [{ name: 'input_ids', type: 'int64', dims: ['batch', T] }],
      outputs: [{ name: 'out', type, dims }],
      opset: 18,
    });
  const { type, dims, perRow } = new Workspace(OnnxGraph.parse(file('float32', []), 'm.onnx')).fact(
    name,
  );
  const names = Object.keys(TYPE) as Elements[];
  const elements = names.find((each) => TYPE[each] === type) ?? 'float32';
  const declared = dims?.map((dim, k) => dim ?? `open${k}`) ?? [];
  const model = dims ? file(elements, declared) : null;
  if (model === null) return { known: null, run: null };
  const session = await InferenceSession.create(model, { logSeverityLevel: 4 });
  const ids = BigInt64Array.from(someIds(count, T), BigInt);
  const { out } = await session.run({ input_ids: new Tensor('int64', ids, [count, T]) });
  await session.release();
  return { known: dims!.map((dim) => dim ?? count * perRow), run: out!.dims };
}

describe('known before a run', () => {
  test.each<[string, Step]>([
    ['rows counted', counted],
    ['made flat from the first axis on', (g, x) => g.op('Flatten', [x], { axis: { int: 0 } })],
    ['made flat from the second axis on', (g, x) => g.op('Flatten', [x], { axis: { int: 1 } })],
    ['made flat from the last axis on', (g, x) => g.op('Flatten', [x], { axis: { int: -1 } })],
    ['made flat behind the last axis', (g, x) => g.op('Flatten', [x], { axis: { int: 3 } })],
    [
      'flat rows picked by the number of the row',
      (g, x) => g.op('Gather', [g.op('Flatten', [x], { axis: { int: 2 } }), counted(g, x)]),
    ],
    [
      'picked by pairs of indices',
      (g, x) => {
        const pairs = g.op('Expand', [
          g.ints([0, 3], [1, 1, 2]),
          vector(g, rows(g, x), g.ints([5, 2])),
        ]);
        return g.op('GatherND', [x, pairs]);
      },
    ],
    [
      'picked by elements',
      (g, x) => {
        const index = g.op('Expand', [
          g.ints([1], [1, 1, 1]),
          vector(g, rows(g, x), g.ints([2, 3])),
        ]);
        return g.op('GatherElements', [x, index], { axis: { int: 2 } });
      },
    ],
    [
      'a table for each row',
      (g, x) => g.op('Tile', [g.weights([1, 3, 4]), vector(g, rows(g, x), g.ints([2, 1]))]),
    ],
    [
      'expanded where it is not −1',
      (g, x) => {
        const sizes = expandable(g, vector(g, rows(g, x), g.ints([-1, 4])), 3);
        return g.op('Expand', [g.weights([1, 5, 1]), sizes]);
      },
    ],
    [
      'heads repeated, their number computed',
      (g, x) => {
        const apart = g.op('Expand', [g.reshape(x, [-1, T, 2, 1, 8]), g.ints([1, 1, 1, 3, 1])]);
        const two = g.slice(g.op('Shape', [apart]), 0, 2, 3);
        const heads = g.op('Div', [g.op('Mul', [two, g.ints([6])]), g.ints([2])]);
        const sizes = g.op('Reshape', [
          vector(g, rows(g, x), g.ints([T]), heads, g.ints([8])),
          g.ints([-1]),
        ]);
        return g.op('Reshape', [apart, g.op('Add', [sizes, g.ints([0])])]);
      },
    ],
    ['a bias and GELU', (g, x) => microsoft(g, 'BiasGelu', [x, g.weights([D])])],
    [
      'a product by turned weights',
      (g, x) => microsoft(g, 'FusedMatMul', [x, g.weights([5, D])], { transB: { int: 1 } }),
    ],
    [
      'a convolution along time',
      (g, x) =>
        g.op('Conv', [g.transpose(x, [0, 2, 1]), g.weights([6, D / 2, 3])], {
          group: { int: 2 },
          pads: { ints: [2, 0] },
          strides: { ints: [2] },
          kernel_shape: { ints: [3] },
        }),
    ],
    [
      'quantized',
      (g, x) =>
        g.op('DequantizeLinear', [g.op('QuantizeLinear', [x, g.scalar(0.1)]), g.scalar(0.1)]),
    ],
    [
      'some of its elements written anew',
      (g, x) => g.op('ScatterND', [x, g.ints([0], [1, 1]), g.op('Neg', [g.slice(x, 0, 0, 1)])]),
    ],
  ])('%s', async (_, step) => {
    for (const count of [1, 3]) {
      const { known, run } = await shapes(step, count);
      expect(known).not.toBeNull();
      expect(known).toEqual(run);
    }
  });
});

/** Of what can be anything, nothing is said: what is built on it would be wrong for some batch. */
describe('not known before a run', () => {
  test.each<[string, Step]>([
    [
      'twice as many as there are rows',
      (g, x) =>
        g.op('Expand', [
          g.weights([1, 4]),
          vector(g, g.op('Mul', [rows(g, x), g.ints([2])]), g.ints([4])),
        ]),
    ],
    [
      'as many as there are rows and one more',
      (g, x) =>
        g.op('Expand', [
          g.weights([1, 4]),
          vector(g, g.op('Add', [rows(g, x), g.ints([1])]), g.ints([4])),
        ]),
    ],
    [
      'another number where there are three rows',
      (g, x) => {
        const three = g.op('Equal', [rows(g, x), g.ints([3])]);
        return g.op('Expand', [
          g.weights([1, 4]),
          vector(g, g.op('Where', [three, g.ints([1]), rows(g, x)]), g.ints([4])),
        ]);
      },
    ],
    [
      'rows counted from the second on',
      (g, x) => {
        const limit = g.op('Squeeze', [rows(g, x)]);
        return g.op('Range', [g.ints([1], []), limit, g.ints([1], [])]);
      },
    ],
    ['a table for two of each row', (g, x) => g.op('Tile', [x, vector(g, g.ints([2, 1, 1]))])],
    [
      'every other row counted',
      (g, x) => {
        const limit = g.op('Squeeze', [rows(g, x)]);
        return g.op('Range', [g.ints([0], []), limit, g.ints([2], [])]);
      },
    ],
  ])('%s', async (_, step) => {
    const { known } = await shapes(step, 3);
    expect(known).toBeNull();
  });
});
