/** What a graph is said to do to its activations: in the main graph, in subgraphs and in functions. */
import { describe, expect, test } from 'vitest';
import { readActivations } from '#bpb/onnx/activations';
import { readModel } from '#bpb/onnx/reader';
import { ATTRIBUTE, ATTRIBUTE_TYPE, FUNCTION, GRAPH, MODEL, NODE, OPSET } from '#bpb/onnx/schema';
import { type AttributeValue, attributeFields, valueInfo } from '#bpb/onnx/writer';
import { bytes, type Chunk, int, join } from '#bpb/protobuf/encode';

const MS = 'com.microsoft';

interface N {
  op: string;
  in?: readonly string[];
  out: readonly string[];
  name?: string;
  domain?: string;
  attributes?: Readonly<Record<string, AttributeValue>>;
  /** Attributes that are those of the function's caller: the caller's name for each. */
  refers?: Readonly<Record<string, string>>;
  /** Body of a subgraph: its inputs, nodes and outputs. */
  body?: { inputs: readonly string[]; nodes: readonly N[]; outputs: readonly string[] };
}

const port = (name: string) => valueInfo({ name, type: 'float32', dims: [] });

function node({
  op,
  in: inputs = [],
  out,
  name = '',
  domain = '',
  attributes = {},
  refers = {},
  body,
}: N): Chunk[] {
  return [
    ...inputs.map((each) => bytes(NODE.input.number, each)),
    ...out.map((each) => bytes(NODE.output.number, each)),
    bytes(NODE.name.number, name),
    bytes(NODE.op_type.number, op),
    ...Object.entries(attributes).map(([key, value]) =>
      bytes(NODE.attribute.number, attributeFields(key, value)),
    ),
    ...Object.entries(refers).map(([key, to]) =>
      bytes(NODE.attribute.number, [
        bytes(ATTRIBUTE.name.number, key),
        bytes(ATTRIBUTE.ref_attr_name.number, to),
      ]),
    ),
    ...(body === undefined
      ? []
      : [
          bytes(NODE.attribute.number, [
            bytes(ATTRIBUTE.name.number, 'body'),
            bytes(ATTRIBUTE.g.number, [
              ...body.nodes.map((each) => bytes(GRAPH.node.number, node(each))),
              ...body.inputs.map((each) => bytes(GRAPH.input.number, port(each))),
              ...body.outputs.map((each) => bytes(GRAPH.output.number, port(each))),
            ]),
            int(ATTRIBUTE.type.number, ATTRIBUTE_TYPE.g),
          ]),
        ]),
    bytes(NODE.domain.number, domain),
  ];
}

interface F {
  name: string;
  inputs: readonly string[];
  nodes: readonly N[];
  outputs: readonly string[];
}

const read = (model: Uint8Array) => readActivations(readModel(model, 'test.onnx'));

/** Constants are made by nodes named `w…`: `Constant`-like values that no token changes. */
function use(nodes: readonly N[], functions: readonly F[] = []) {
  const { pooled, rounded, weightOnly } = read(modelOf(nodes, functions));
  const names = (list: typeof pooled) => list.map(({ op, name }) => `${op} ${name}`);
  return { pooled: names(pooled), rounded: names(rounded), weightOnly: names(weightOnly) };
}

function modelOf(nodes: readonly N[], functions: readonly F[] = []): Uint8Array {
  const opset = (domain: string) => [
    bytes(OPSET.domain.number, domain),
    int(OPSET.version.number, 1),
  ];
  return join([
    ...['', MS, 'local'].map((domain) => bytes(MODEL.opset_import.number, opset(domain))),
    bytes(MODEL.graph.number, [
      ...[{ op: 'ConstantOfShape', out: ['w'] }, ...nodes].map((each) =>
        bytes(GRAPH.node.number, node(each)),
      ),
      bytes(GRAPH.input.number, port('x')),
      bytes(GRAPH.output.number, port('logits')),
    ]),
    ...functions.map(({ name, inputs, nodes: own, outputs }) =>
      bytes(MODEL.functions.number, [
        bytes(FUNCTION.name.number, name),
        bytes(FUNCTION.domain.number, 'local'),
        ...inputs.map((each) => bytes(FUNCTION.input.number, each)),
        ...own.map((each) => bytes(FUNCTION.node.number, node(each))),
        ...outputs.map((each) => bytes(FUNCTION.output.number, each)),
      ]),
    ),
  ]);
}

const NONE = { pooled: [], rounded: [], weightOnly: [] };
const dynamic = (input: string, name = 'dq'): N => ({
  op: 'DynamicQuantizeLinear',
  in: [input],
  out: [`${name}_q`, `${name}_s`, `${name}_z`],
  name,
});

describe('one scale for a whole batch', () => {
  test.each<[string, readonly N[], string]>([
    ['DynamicQuantizeLinear', [dynamic('x')], 'DynamicQuantizeLinear dq'],
    [
      'DynamicQuantizeMatMul, named by its output',
      [{ op: 'DynamicQuantizeMatMul', domain: MS, in: ['x', 'w'], out: ['y'] }],
      'DynamicQuantizeMatMul y',
    ],
    [
      'DynamicQuantizeLSTM',
      [{ op: 'DynamicQuantizeLSTM', domain: MS, in: ['x', 'w'], out: ['y'], name: 'lstm' }],
      'DynamicQuantizeLSTM lstm',
    ],
    [
      'its definition written out: the range over all axes',
      [
        { op: 'ReduceMax', in: ['x'], out: ['high'], attributes: { keepdims: { int: 0 } } },
        { op: 'ReduceMin', in: ['x'], out: ['low'], attributes: { keepdims: { int: 0 } } },
        { op: 'Sub', in: ['high', 'low'], out: ['range'] },
        { op: 'Div', in: ['range', 'w'], out: ['scale'] },
        { op: 'QuantizeLinear', in: ['x', 'scale'], out: ['q'], name: 'own' },
      ],
      'QuantizeLinear own',
    ],
    [
      'the same with its axes named',
      [
        { op: 'ReduceMax', in: ['x'], out: ['high'], attributes: { axes: { ints: [0, 1, 2] } } },
        { op: 'Div', in: ['high', 'w'], out: ['scale'] },
        { op: 'QuantizeLinear', in: ['x', 'scale'], out: ['q'], name: 'own' },
      ],
      'QuantizeLinear own',
    ],
    [
      'BatchNormalization in training mode',
      [
        {
          op: 'BatchNormalization',
          in: ['x', 'w', 'w', 'w', 'w'],
          out: ['y'],
          attributes: { training_mode: { int: 1 } },
          name: 'bn',
        },
      ],
      'BatchNormalization bn',
    ],
    [
      'MeanVarianceNormalization over the batch',
      [{ op: 'MeanVarianceNormalization', in: ['x'], out: ['y'], name: 'mvn' }],
      'MeanVarianceNormalization mvn',
    ],
    [
      'in a subgraph, of a value around it',
      [
        {
          op: 'If',
          in: ['w'],
          out: ['y'],
          body: { inputs: [], nodes: [dynamic('x')], outputs: ['dq_q'] },
        },
      ],
      'DynamicQuantizeLinear dq',
    ],
  ])('%s', (_, nodes, expected) => {
    expect(use(nodes).pooled).toEqual([expected]);
  });

  const quantizer: F = { name: 'quant', inputs: ['a'], nodes: [dynamic('a')], outputs: ['dq_q'] };
  const call = (input: string, out: string): N => ({
    op: 'quant',
    domain: 'local',
    in: [input],
    out: [out],
  });

  test('in a function, for what it is called with', () => {
    expect(use([call('x', 'y')], [quantizer]).pooled).toEqual(['DynamicQuantizeLinear dq']);
    expect(use([call('w', 'y')], [quantizer])).toEqual(NONE);
    expect(use([call('w', 'y'), call('x', 'z')], [quantizer]).pooled).toHaveLength(1);
  });

  test('with a scale over the whole batch that a function computes', () => {
    const range: F = {
      name: 'range',
      inputs: ['a'],
      nodes: [{ op: 'ReduceMax', in: ['a'], out: ['high'] }],
      outputs: ['high'],
    };
    const called = (input: string): N => ({
      op: 'range',
      domain: 'local',
      in: [input],
      out: ['s'],
    });
    const own: N = { op: 'QuantizeLinear', in: ['x', 's'], out: ['q'], name: 'own' };
    expect(use([called('x'), own], [range])).toEqual({ ...NONE, pooled: ['QuantizeLinear own'] });
    expect(use([called('w'), own], [range])).toEqual({ ...NONE, rounded: ['QuantizeLinear own'] });
  });

  test('after a function whose output varies, and not after one whose output does not', () => {
    const both: F = {
      name: 'both',
      inputs: ['a', 'b'],
      nodes: [
        { op: 'Identity', in: ['a'], out: ['c'] },
        { op: 'Shape', in: ['b'], out: ['d'] },
      ],
      outputs: ['c', 'd'],
    };
    const called: N = { op: 'both', domain: 'local', in: ['w', 'x'], out: ['c', 'd'] };
    expect(use([called, dynamic('c', 'of_c'), dynamic('d', 'of_d')], [both])).toEqual(NONE);
    const swapped: N = { ...called, in: ['x', 'x'] };
    expect(use([swapped, dynamic('c', 'of_c'), dynamic('d', 'of_d')], [both]).pooled).toEqual([
      'DynamicQuantizeLinear of_c',
    ]);
  });

  test.each<[string, readonly N[]]>([
    ['a constant', [dynamic('w')]],
    [
      'a table of positions, whose length alone the tokens decide',
      [
        { op: 'Shape', in: ['x'], out: ['shape'] },
        { op: 'Slice', in: ['w', 'shape'], out: ['positions'] },
        dynamic('positions'),
      ],
    ],
    [
      'BatchNormalization as it is evaluated',
      [{ op: 'BatchNormalization', in: ['x', 'w', 'w', 'w', 'w'], out: ['y'] }],
    ],
    [
      'MeanVarianceNormalization over the width',
      [
        {
          op: 'MeanVarianceNormalization',
          in: ['x'],
          out: ['y'],
          attributes: { axes: { ints: [2] } },
        },
      ],
    ],
  ])('not %s', (_, nodes) => {
    expect(use(nodes)).toEqual(NONE);
  });
});

describe('rounded activations', () => {
  test.each<[string, readonly N[], readonly string[]]>([
    [
      'MatMulNBits of accuracy_level 4',
      [
        {
          op: 'MatMulNBits',
          domain: MS,
          in: ['x', 'w', 'w'],
          out: ['y'],
          name: 'm',
          attributes: { accuracy_level: { int: 4 } },
        },
      ],
      ['MatMulNBits m'],
    ],
    [
      'QLinearMatMul and its QuantizeLinear',
      [
        { op: 'QuantizeLinear', in: ['x', 'w'], out: ['q'], name: 'q' },
        { op: 'QLinearMatMul', in: ['q', 'w', 'w'], out: ['y'], name: 'm' },
      ],
      ['QuantizeLinear q', 'QLinearMatMul m'],
    ],
    [
      'a scale for each token, its axis named',
      [
        { op: 'ReduceMax', in: ['x'], out: ['scale'], attributes: { axes: { ints: [2] } } },
        { op: 'QuantizeLinear', in: ['x', 'scale'], out: ['q'], name: 'token' },
      ],
      ['QuantizeLinear token'],
    ],
    [
      'a scale for each token',
      [
        { op: 'ReduceMax', in: ['x', 'w'], out: ['scale'] },
        { op: 'QuantizeLinear', in: ['x', 'scale'], out: ['q'], name: 'token' },
      ],
      ['QuantizeLinear token'],
    ],
  ])('%s', (_, nodes, expected) => {
    expect(use(nodes)).toEqual({ ...NONE, rounded: expected });
  });

  test('not of weights, nor by a MatMulNBits of another accuracy_level', () => {
    const nbits = (level: number): N => ({
      op: 'MatMulNBits',
      domain: MS,
      in: ['x', 'w', 'w'],
      out: [`y${level}`],
      attributes: { accuracy_level: { int: level } },
    });
    expect(use([nbits(0), nbits(1), { op: 'QuantizeLinear', in: ['w', 'w'], out: ['q'] }])).toEqual(
      NONE,
    );
  });
});

describe('quantized weights alone', () => {
  const weights: N = { op: 'DequantizeLinear', in: ['w', 'w'], out: ['v'] };

  test('a product of them', () => {
    const product: N = { op: 'MatMul', in: ['x', 'v'], out: ['y'], name: 'm' };
    expect(use([weights, product])).toEqual({ ...NONE, weightOnly: ['MatMul m'] });
  });

  test('not a look-up in them, and not one of rounded activations', () => {
    expect(use([weights, { op: 'Gather', in: ['v', 'x'], out: ['y'] }])).toEqual(NONE);
    const qdq = use([
      weights,
      { op: 'QuantizeLinear', in: ['x', 'w'], out: ['q'], name: 'q' },
      { op: 'DequantizeLinear', in: ['q', 'w'], out: ['d'] },
      { op: 'MatMul', in: ['d', 'v'], out: ['y'] },
    ]);
    expect(qdq).toEqual({ ...NONE, rounded: ['QuantizeLinear q'] });
  });
});

describe('activations in 16 bits', () => {
  const HALF = 10;
  const BRAIN = 16;
  const cast = (from: string, out: string, to = HALF): N => ({
    op: 'Cast',
    in: [from],
    out: [out],
    name: `to_${out}`,
    attributes: { to: { int: to } },
  });
  const product = (of: string, out = 'y'): N => ({
    op: 'MatMul',
    in: [of, of],
    out: [out],
    name: out,
  });
  const halved = (nodes: readonly N[], functions: readonly F[] = []) =>
    read(modelOf(nodes, functions)).halved.map(({ op, name, type }) => `${op} ${name} ${type}`);

  test('casts to them, and what computes in them', () => {
    const nodes = [cast('x', 'h'), product('h'), cast('y', 'back', 1), product('back', 'wide')];
    expect(halved(nodes)).toEqual(['Cast to_h fp16', 'MatMul y fp16']);
    expect(halved([cast('x', 'h', BRAIN), product('h')])).toEqual([
      'Cast to_h bf16',
      'MatMul y bf16',
    ]);
  });

  test('of activations and weights the type that has them', () => {
    const mixed: N = { op: 'Mul', in: ['x', 'v'], out: ['y'], name: 'm' };
    expect(halved([cast('w', 'v'), mixed])).toEqual(['Mul m fp16']);
    const decoded: N = { op: 'DequantizeLinear', in: ['x', 'v'], out: ['y'], name: 'd' };
    expect(halved([cast('w', 'v'), decoded])).toEqual(['DequantizeLinear d fp16']);
    const like: N = { op: 'CastLike', in: ['x', 'v'], out: ['y'], name: 'c' };
    expect(halved([cast('w', 'v'), like])).toEqual(['CastLike c fp16']);
  });

  test('casts from one to the other', () => {
    const row: N = { op: 'Gather', in: ['v', 'x'], out: ['row'] };
    expect(halved([cast('w', 'v'), row, cast('row', 'short', BRAIN)])).toEqual([
      'Cast to_short bf16',
    ]);
  });

  test('in a function and in a subgraph', () => {
    const body: F = { name: 'twice', inputs: ['a'], nodes: [product('a', 'b')], outputs: ['b'] };
    const call = (of: string): N => ({ op: 'twice', domain: 'local', in: [of], out: ['z'] });
    const after: N = { op: 'Relu', in: ['z'], out: ['r'], name: 'r' };
    expect(halved([cast('x', 'h'), call('h'), after], [body])).toEqual([
      'Cast to_h fp16',
      'MatMul b fp16',
      'Relu r fp16',
    ]);
    expect(halved([call('x'), after], [body])).toEqual([]);
    const inner = { inputs: [], nodes: [cast('x', 'h')], outputs: ['h'] };
    const branch: N = { op: 'If', in: ['w'], out: ['z'], body: inner };
    expect(halved([branch, after])).toEqual(['Cast to_h fp16', 'Relu r fp16']);
  });

  test('in a function whose caller names the type', () => {
    const inner: N = { op: 'Cast', in: ['a'], out: ['b'], refers: { to: 'type' } };
    const body: F = { name: 'to', inputs: ['a'], nodes: [inner], outputs: ['b'] };
    const outer: F = {
      name: 'onTo',
      inputs: ['a'],
      nodes: [{ op: 'to', domain: 'local', in: ['a'], out: ['b'], refers: { type: 'own' } }],
      outputs: ['b'],
    };
    const call = (type: number, op = 'to', name = 'type'): N => ({
      ...{ op, domain: 'local', in: ['x'], out: [`z${type}`] },
      attributes: { [name]: { int: type } },
    });
    const later = (type: number) => product(`z${type}`, `y${type}`);
    expect(halved([call(1), later(1), call(HALF), later(HALF)], [body])).toEqual([
      'Cast b fp16',
      'MatMul y10 fp16',
    ]);
    expect(halved([call(HALF, 'onTo', 'own'), later(HALF)], [body, outer])).toEqual([
      'Cast b fp16',
      'MatMul y10 fp16',
    ]);
    expect(halved([call(HALF, 'to', 'other'), later(HALF)], [body])).toEqual([]);
  });

  test.each<[string, readonly N[]]>([
    ['a constant cast to them', [cast('w', 'v'), product('v')]],
    [
      'a table that is stored in them and looked up',
      [
        cast('w', 'v'),
        { op: 'Gather', in: ['v', 'x'], out: ['row'] },
        { op: 'Reshape', in: ['row', 'w'], out: ['moved'] },
        cast('moved', 'wide', 1),
        product('wide'),
      ],
    ],
    [
      'comparisons, shapes and positions of them',
      [
        cast('w', 'v'),
        { op: 'Gather', in: ['v', 'x'], out: ['row'] },
        { op: 'Greater', in: ['row', 'v'], out: ['above'] },
        { op: 'Where', in: ['above', 'x', 'w'], out: ['chosen'] },
        { op: 'ArgMax', in: ['row'], out: ['at'] },
        product('at'),
      ],
    ],
    ['64-bit floating point', [cast('x', 'd', 11), product('d')]],
    [
      'a norm of them with a gain that is wider, and the places of the largest',
      [
        cast('w', 'v'),
        { op: 'Gather', in: ['v', 'x'], out: ['row'] },
        { op: 'SimplifiedLayerNormalization', in: ['row', 'w'], out: ['wide'] },
        product('wide', 'made'),
        { op: 'TopK', in: ['row', 'w'], out: ['most', 'at'] },
        { op: 'Gather', in: ['w', 'at'], out: ['chosen'] },
        product('chosen'),
      ],
    ],
  ])('not %s', (_, nodes) => {
    expect(halved(nodes)).toEqual([]);
  });
});
