/** What is known of the operators of our own before a run, and which of their inputs become halves. */
import { expect, test } from 'vitest';
import { TYPE } from '#bpb/onnx/element-types';
import { OnnxGraph } from '#bpb/onnx/graph';
import { toHalf } from '#bpb/onnx/optimize/half';
import { Workspace } from '#bpb/onnx/optimize/workspace';
import { type AttributeValue, type NodeSpec, onnxModel } from '#bpb/onnx/writer';

const [T, W] = [8, 12];

/** The outputs of one node on `x` of these axes. */
function workspace(node: Partial<NodeSpec> & { op: string }, dims: (string | number)[]) {
  const own = { inputs: ['x'], outputs: ['y'], domain: 'bpb', ...node };
  const graph = onnxModel({
    nodes: [own],
    initializers: [
      { name: 'table', type: 'float32', dims: [W], data: new Float32Array(W).fill(0.5) },
      { name: 'flat', type: 'int64', dims: [3], data: BigInt64Array.of(1n, 2n, 4n) },
    ],
    inputs: [{ name: 'x', type: 'float32', dims }],
    outputs: [{ name: own.outputs.at(-1)!, type: 'float32', dims: ['a', 'b', 'c'] }],
  });
  return new Workspace(OnnxGraph.parse(graph, 'm.onnx'));
}
const ints = (values: Record<string, number>): Record<string, AttributeValue> =>
  Object.fromEntries(Object.entries(values).map(([name, int]) => [name, { int }]));

const HEADS = ints({ time: T, q_heads: 3, k_heads: 2, v_heads: 1, head_size: 2 });
const SUM = {
  op: 'SumNorm',
  inputs: ['x', 'x', '', '', 'table', '', '', '', '', 'table'],
  outputs: ['first', 'sum', 'norm'],
};

test('an operator of the domain that there is none of', () => {
  expect(workspace({ op: 'Other' }, [2, T, W]).fact('y')).toMatchObject({ type: 0, dims: null });
});

test.each([
  { dims: ['b', T, W], known: [null, T, W] },
  { dims: [2 * T, W], known: [2 * T, W] },
])('sums and norms are as their first input: $dims', ({ dims, known }) => {
  const ws = workspace(SUM, dims);
  for (const name of SUM.outputs) {
    expect(ws.fact(name)).toMatchObject({ type: TYPE.float32, dims: known });
  }
  expect(ws.dims('norm')).toEqual(known);
  expect(workspace({ op: 'SquaredRelu' }, dims).dims('y')).toEqual(known);
});

test('a gate and its values, apart or halves of one', () => {
  const width = (inputs: string[], w: number) =>
    workspace({ op: 'SwiGlu', inputs }, [2, T, w]).dims('y');
  expect(width(['x', 'x'], W)).toEqual([2, T, W]);
  expect(width(['x'], W)).toEqual([2, T, W / 2]);
  expect(width(['x'], W + 1)).toBeNull();
});

test.each([
  { dims: [2, T, W], leading: [2, T] },
  { dims: [2 * T, W], leading: [2, T] },
  { dims: ['b', T, W], leading: [null, T] },
  { dims: [1, 3, W], leading: [1, 3], inputs: ['x', '', '', '', '', 'flat'] },
  { dims: [1, 'n', W], leading: [1, null], inputs: ['x', '', '', '', '', 'flat'] },
  { dims: [2, T + 1, W], leading: null },
  // How many places of the open axis are one row is not known.
  { dims: ['n', W], leading: null },
])('queries, keys and values of $dims', ({ dims, leading, inputs = ['x'] }) => {
  const outputs = ['q', 'k', 'v'];
  const ws = workspace({ op: 'SplitNormRotary', inputs, outputs, attributes: HEADS }, dims);
  const known = [6, 4, 2].map((width) => leading && [...leading, width]);
  expect(outputs.map((name) => ws.dims(name))).toEqual(known);
  expect(ws.fact('k').type).toBe(TYPE.float32);
});

test('factors and gains stay fp32 where activations become halves', () => {
  const ws = workspace(SUM, [2, T, W]);
  toHalf(ws, 'norm');
  const node = ws.producer('norm')!;
  const types = node.inputs.map((name) => (name === '' ? 0 : ws.fact(name).type));
  expect(types).toEqual([10, 10, 0, 0, 1, 0, 0, 0, 0, 1]);
  expect(ws.fact('norm').type).toBe(TYPE.float16);
});

test('what computes in fp32 alone keeps it', () => {
  const node = { op: 'CausalAttention', inputs: ['x', 'x', 'x'] };
  const ws = workspace(node, [2, T, W]);
  expect(ws.dims('y')).toEqual([2, T, W]);
  expect(toHalf(ws, 'y').left).toEqual(['fp16: left in fp32: 1 CausalAttention']);
  expect(ws.producer('y')!.inputs).toEqual(['x', 'x', 'x']);
});

test.each([
  ['computed with', 'float16', true],
  ['stored', 'float16', false],
  ['computed with', 'float32', false],
] as const)('a mean of squares beside weights that are %s in %s', (what, type, own) => {
  const to = (int: number) => ({ to: { int } });
  const product = type === 'float16' && what === 'computed with' ? ['x', 'w'] : ['wide', 'fp32'];
  const graph = onnxModel({
    nodes: [
      { op: 'Cast', inputs: ['x'], outputs: ['wide'], attributes: to(TYPE.float32) },
      { op: 'Cast', inputs: ['w'], outputs: ['fp32'], attributes: to(TYPE.float32) },
      { op: 'MatMul', inputs: product, outputs: ['z'] },
      { op: 'Mul', inputs: ['wide', 'wide'], outputs: ['squares'] },
      { op: 'ReduceMean', inputs: ['squares'], outputs: ['mean'] },
      { op: 'Add', inputs: ['mean', 'gain'], outputs: ['y'] },
    ].map((node) => ({ attributes: {}, ...node })),
    initializers: [
      { name: 'gain', type: 'float32', dims: [W], data: new Float32Array(W) },
      {
        name: 'w',
        type,
        dims: [W, W],
        data: type === 'float16' ? new Uint16Array(W * W) : new Float32Array(W * W),
      },
    ],
    inputs: [{ name: 'x', type: 'float16', dims: [2, W] }],
    outputs: [{ name: 'y', type: 'float32', dims: [1, W] }],
  });
  const ws = new Workspace(OnnxGraph.parse(graph, 'm.onnx'));
  const before = ws.graph.nodes.length;
  const { left } = toHalf(ws, 'y');
  expect(left.includes('fp16: in halves itself, norms for the runtime to fuse: 1')).toBe(own);
  if (own) expect(ws.graph.nodes).toHaveLength(before);
  else expect(ws.graph.nodes.length).toBeGreaterThan(before);
});

test('casts to fp32 that go are said where no weight is converted', () => {
  const to = { to: { int: TYPE.float32 } };
  const graph = onnxModel({
    nodes: [
      { op: 'Cast', inputs: ['x'], outputs: ['wide'], attributes: to },
      { op: 'Mul', inputs: ['wide', 'wide'], outputs: ['y'], attributes: {} },
    ],
    initializers: [],
    inputs: [{ name: 'x', type: 'float16', dims: [2, W] }],
    outputs: [{ name: 'y', type: 'float32', dims: [2, W] }],
  });
  expect(toHalf(new Workspace(OnnxGraph.parse(graph, 'm.onnx')), 'y').weights).toBe(1);
});

test('a number made of ids is summed in fp32', () => {
  const graph = onnxModel({
    nodes: [
      { op: 'Cast', inputs: ['ids'], outputs: ['count'], attributes: { to: { int: 1 } } },
      { op: 'SumNorm', inputs: ['x', 'count'], outputs: ['', 'y'], domain: 'bpb' },
    ],
    initializers: [],
    inputs: [
      { name: 'x', type: 'float32', dims: [2, W] },
      { name: 'ids', type: 'int64', dims: [2, W] },
    ],
    outputs: [{ name: 'y', type: 'float32', dims: [2, W] }],
  });
  const ws = new Workspace(OnnxGraph.parse(graph, 'm.onnx'));
  toHalf(ws, 'y');
  expect(ws.producer('y')).toMatchObject({ op: 'SumNorm', inputs: ['x', 'count'] });
});
