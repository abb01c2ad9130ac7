/**
 * Files that two readers read as two models are refused, naming the place; their honest forms are not.
 *
 * A comment above a case says what ONNX Runtime 1.30 made of such a file, tried with its Python
 * package. A case without one is a file that it refuses as well, or one whose reading was not tried.
 */
import { describe, expect, test } from 'vitest';
import { checkOnnx } from '#bpb/onnx/check';
import { TYPE } from '#bpb/onnx/element-types';
import { OnnxGraph } from '#bpb/onnx/graph';
import { readModel } from '#bpb/onnx/reader';
import {
  ATTRIBUTE,
  ATTRIBUTE_TYPE,
  FUNCTION,
  GRAPH,
  MODEL,
  NODE,
  OPSET,
  SPARSE_TENSOR,
  TENSOR,
} from '#bpb/onnx/schema';
import { readTensor } from '#bpb/onnx/stored-tensor';
import { readSummary } from '#bpb/onnx/summary';
import { valueInfo } from '#bpb/onnx/writer';
import { bytes, type Chunk, float, int, join } from '#bpb/protobuf/encode';
import { refusalOf } from '../helpers/refusal.js';

const floats = (...values: number[]) => new Uint8Array(Float32Array.from(values).buffer);
const tensor = (type: number, dims: readonly number[], ...data: Chunk[]) => [
  ...dims.map((dim) => int(TENSOR.dims.number, dim)),
  int(TENSOR.data_type.number, type),
  bytes(TENSOR.name.number, 'w'),
  ...data,
];
const raw = (data: Uint8Array) => bytes(TENSOR.raw_data.number, data);
const initializer = (fields: Chunk[]) => bytes(GRAPH.initializer.number, fields);
const weights = initializer(tensor(TYPE.float32, [2], raw(floats(1, 2))));
const sparse = bytes(GRAPH.sparse_initializer.number, [
  bytes(SPARSE_TENSOR.values.number, tensor(TYPE.float32, [1], raw(floats(7)))),
]);
const node = (op: string, inputs: string[], outputs: string[], ...more: Chunk[]) =>
  join([
    ...inputs.map((name) => bytes(NODE.input.number, name)),
    ...outputs.map((name) => bytes(NODE.output.number, name)),
    bytes(NODE.op_type.number, op),
    ...more,
  ]);
const graphNode = (...args: Parameters<typeof node>) => bytes(GRAPH.node.number, node(...args));
const attribute = (...fields: Chunk[]) =>
  bytes(NODE.attribute.number, [bytes(ATTRIBUTE.name.number, 'alpha'), ...fields]);
const typed = (type: number) => int(ATTRIBUTE.type.number, type);
const alpha = attribute(float(ATTRIBUTE.f.number, 0.5), typed(ATTRIBUTE_TYPE.f));
const value = bytes(NODE.attribute.number, [
  bytes(ATTRIBUTE.name.number, 'value_int'),
  int(ATTRIBUTE.i.number, 3),
  typed(ATTRIBUTE_TYPE.i),
]);
const reference = attribute(bytes(ATTRIBUTE.ref_attr_name.number, 'a'), typed(ATTRIBUTE_TYPE.f));
const opset = (version: number, domain = '') =>
  bytes(MODEL.opset_import.number, [
    bytes(OPSET.domain.number, domain),
    int(OPSET.version.number, version),
  ]);
const localFunction = (...fields: Chunk[]) =>
  bytes(MODEL.functions.number, [
    bytes(FUNCTION.domain.number, 'd'),
    bytes(FUNCTION.name.number, 'f'),
    ...fields,
  ]);
const input = (name: string) =>
  bytes(GRAPH.input.number, valueInfo({ name, type: 'float32', dims: [2] }));
const graph = (...fields: Chunk[]) => bytes(MODEL.graph.number, fields);
const model = (...fields: Chunk[]) =>
  join([int(MODEL.ir_version.number, 10), ...fields, opset(18)]);
const holding = (type: number, dims: readonly number[], ...data: Chunk[]) =>
  model(graph(initializer(tensor(type, dims, ...data))));
const entries = (field: { number: number }, ...values: number[]) =>
  values.map((value) => int(field.number, value));
const dim = (...fields: Chunk[]) =>
  bytes(GRAPH.input.number, [
    bytes(1, 'x'),
    bytes(2, [bytes(1, [int(1, 1), bytes(2, [bytes(1, fields)])])]),
  ]);
const FLOAT_5 = float(TENSOR.float_data.number, 5);

describe('refused', () => {
  test.each<[string, Uint8Array, RegExp]>([
    // The runtime takes raw_data.
    [
      'raw data beside typed data',
      holding(TYPE.float32, [1], raw(floats(1)), FLOAT_5),
      /raw_data beside float_data of the tensor `w` in graph\.initializer\[0\]/,
    ],
    // The runtime takes float_data.
    [
      'two typed fields',
      holding(TYPE.float32, [1], FLOAT_5, ...entries(TENSOR.int32_data, 7)),
      /float_data beside int32_data of the tensor `w`/,
    ],
    [
      'a typed field of another type',
      holding(TYPE.float32, [1], ...entries(TENSOR.int32_data, 7)),
      /int32_data for the element type 1, which stands in float_data, of the tensor `w`/,
    ],
    ['typed data too long', holding(TYPE.float32, [1], FLOAT_5, FLOAT_5), /2 values instead of 1/],
    ['raw data too long', holding(TYPE.float32, [1], raw(floats(1, 2))), /8 bytes instead of 4/],
    ['no data', holding(TYPE.float32, [1]), /0 values instead of 1 of the tensor `w`/],
    ['a negative dimension', holding(TYPE.float32, [-1]), /the dimensions \[-1\]/],
    ['an element type that is none', holding(99, [1], raw(floats(1))), /the element type 99/],
    // The runtime ignores it.
    [
      'a segment',
      holding(TYPE.float32, [1], raw(floats(1)), bytes(TENSOR.segment.number, [int(1, 0)])),
      /a segment of the tensor/,
    ],
    // The runtime keeps the low 8 bits: 44.
    [
      'an int8 of 300',
      holding(TYPE.int8, [1], ...entries(TENSOR.int32_data, 300)),
      /the value 300, which its type does not hold/,
    ],
    // The runtime keeps the low 32 bits: 1, fp32.
    [
      'a data_type of 2^32 + 1',
      model(graph(initializer([int(TENSOR.data_type.number, 2 ** 32 + 1)]))),
      /the integer 4294967297, which 32 bits do not hold/,
    ],
    // A Cast to fp32 or int64 gives 1.
    [
      'a boolean of 2',
      holding(TYPE.bool, [1], raw(Uint8Array.of(2))),
      /the value 2, which is no boo/,
    ],
    // The last one wins.
    [
      'an initializer twice',
      model(graph(weights, weights)),
      /a second initializer `w` in graph\.init/,
    ],
    // The sparse one wins.
    ['an initializer dense and sparse', model(graph(weights, sparse)), /a second initializer `w`/],
    // The Constant wins.
    [
      'an initializer and a node',
      model(graph(weights, graphNode('Constant', [], ['w']))),
      /a second definition of the value `w` in graph\.node\[0\]/,
    ],
    [
      'an initializer twice in a subgraph',
      model(
        graph(
          graphNode(
            'If',
            ['c'],
            ['y'],
            attribute(bytes(ATTRIBUTE.g.number, [weights, weights]), typed(ATTRIBUTE_TYPE.g)),
          ),
        ),
      ),
      /a second initializer `w` in graph\.node\[0\]\.attribute\[0\]\.g\.initializer\[1\]/,
    ],
    [
      'two nodes with one output',
      model(graph(graphNode('Abs', ['x'], ['y']), graphNode('Neg', ['x'], ['y']))),
      /a second definition of the value `y` in graph\.node\[1\]/,
    ],
    [
      'an output that is an input',
      model(graph(input('x'), graphNode('Abs', ['x'], ['x']))),
      /a second definition of the value `x`/,
    ],
    ['an input twice', model(graph(input('x'), input('x'))), /a second input `x`/],
    // The runtime merges them: the nodes of both run.
    ['a second graph', model(graph(weights), graph(input('x'))), /a second graph at byte/],
    // The first of ai.onnx wins in one order, the last in another.
    [
      'two versions of an operator set',
      model(graph(), opset(11)),
      /versions 11 and 18 of .*ai\.onnx/,
    ],
    ['of its other name', model(graph(), opset(11, 'ai.onnx')), /versions 11 and 18 of .*ai\.onnx/],
    // The last one wins.
    [
      'a function twice',
      model(graph(), localFunction(), localFunction()),
      /a second function `d:f`/,
    ],
    // The last one wins.
    [
      'an input of a function twice',
      model(
        graph(),
        localFunction(bytes(FUNCTION.input.number, 'a'), bytes(FUNCTION.input.number, 'a')),
      ),
      /a second input `a` in functions\[0\]/,
    ],
    [
      'a value twice in a function',
      model(
        graph(),
        localFunction(
          bytes(FUNCTION.node.number, node('Abs', ['x'], ['y'])),
          bytes(FUNCTION.node.number, node('Neg', ['x'], ['y'])),
        ),
      ),
      /a second definition of the value `y` in functions\[0\]\.node\[1\]/,
    ],
    [
      'an attribute twice',
      model(graph(graphNode('LeakyRelu', ['x'], ['y'], alpha, alpha))),
      /a second attribute `alpha` in graph\.node\[0\]\.attribute\[1\]/,
    ],
    [
      'a value beside that of the attribute’s type',
      model(
        graph(
          graphNode(
            'LeakyRelu',
            ['x'],
            ['y'],
            attribute(float(2, 0.5), int(3, 3), typed(ATTRIBUTE_TYPE.f)),
          ),
        ),
      ),
      /the attribute `alpha` with type 1 and a value in `i`/,
    ],
    // The runtime takes the first.
    [
      'a Constant with two values',
      model(graph(graphNode('Constant', [], ['y'], alpha, value))),
      /a Constant with `alpha` and `value_int` in graph\.node\[0\]/,
    ],
    // The runtime takes the default of the type: 0.
    [
      'a reference outside of a function',
      model(graph(graphNode('LeakyRelu', ['x'], ['y'], reference))),
      /a reference outside of a function, the attribute `alpha`, in graph\.node\[0\]/,
    ],
    [
      'an attribute type that is none',
      model(graph(graphNode('Abs', ['x'], ['y'], attribute(typed(99))))),
      /type 99, which is none of the 15 values of its enum/,
    ],
    // The last one wins, in both orders.
    [
      'a number and a name for an axis',
      model(graph(dim(int(1, 2), bytes(2, 'n')))),
      /both dim_value and dim_p/,
    ],
    // The last one wins.
    [
      'two numbers for an axis',
      model(graph(dim(int(1, 2), int(1, 3)))),
      /a second dim_value in graph\.inp/,
    ],
    // The runtime runs the model as if the field were not there.
    [
      'a field of another wire type',
      model(graph(bytes(GRAPH.name.number, 'g'), int(GRAPH.output.number, 1))),
      /output with wire type 0 instead of 2/,
    ],
    // The runtime reads a flatbuffer, of which these bytes are the mark.
    [
      'the mark of another format',
      join([int(MODEL.ir_version.number, 10), bytes(MODEL.producer_name.number, 'ORTM'), graph()]),
      /`ORTM`, which marks ONNX Runtime's own format, in bytes 4 to 7/,
    ],
    // The runtime skips it; a newer one may not.
    ['an unknown field', join([model(graph()), bytes(99, 'x')]), /the field 99, which onnx\.proto/],
    [
      'an unknown field of an attribute',
      model(
        graph(
          graphNode('Abs', ['x'], ['y']),
          graphNode('Abs', ['y'], ['z'], value, attribute(typed(ATTRIBUTE_TYPE.f), int(98, 1))),
        ),
      ),
      /the field graph\.node\[1\]\.attribute\[1\]\.98, which/,
    ],
    ['a byte after the end', join([model(graph()), Uint8Array.of(0)]), /field number 0/],
    // The runtime runs the model as if the group were not there, also with the number of the graph.
    ['a group', join([model(graph()), Uint8Array.of(0x0b, 0x0c)]), /a protobuf group/],
  ])('%s', async (_, file, problem) => {
    const error = await refusalOf(() => checkOnnx(file, 'm.onnx'));
    expect(error).toMatchObject({ kind: 'input', code: 'BPB_MODEL_NOT_ONNX', path: 'm.onnx' });
    expect(error.message).toMatch(problem);
  });
});

describe('accepted', () => {
  test.each<[string, Uint8Array]>([
    ['a scalar', holding(TYPE.float32, [], raw(floats(1)))],
    ['an empty tensor', holding(TYPE.float32, [0])],
    ['an empty tensor with raw data', holding(TYPE.float32, [0], raw(floats()))],
    ['halves in int32_data', holding(TYPE.float16, [2], ...entries(TENSOR.int32_data, 15360, 0))],
    ['texts', holding(TYPE.string, [1], bytes(TENSOR.string_data.number, 'a'))],
    ['an odd number of 4-bit integers', holding(TYPE.int4, [3], raw(Uint8Array.of(1, 2)))],
    ['an initializer that is an input', model(graph(weights, input('w')))],
    ['an operator set twice in one version', model(graph(), opset(18, 'ai.onnx'))],
    [
      'a reference in a function',
      model(
        graph(),
        localFunction(bytes(FUNCTION.node.number, node('LeakyRelu', ['x'], ['y'], reference))),
      ),
    ],
    ['outputs that are left out', model(graph(graphNode('A', [], ['', '', 'y'])))],
    [
      'functions of one name, overloaded',
      model(graph(), localFunction(), localFunction(bytes(FUNCTION.overload.number, 'o'))),
    ],
    [
      'an initializer of a subgraph that hides one',
      model(
        graph(
          weights,
          graphNode(
            'If',
            ['c'],
            ['y'],
            attribute(bytes(ATTRIBUTE.g.number, [weights]), typed(ATTRIBUTE_TYPE.g)),
          ),
        ),
      ),
    ],
  ])('%s', (_, file) => {
    expect(() => checkOnnx(file, 'm.onnx')).not.toThrow();
  });

  test('inputs with an initializer, dense or sparse, are not asked of the caller', () => {
    for (const stored of [weights, sparse]) {
      const { inputs } = readSummary(model(graph(stored, input('w'), input('x'))), 'm.onnx');
      expect(inputs.map(({ name }) => name)).toEqual(['x']);
    }
  });

  test('negative sizes and empty names are open axes', () => {
    for (const open of [int(1, -1), int(1, -5), bytes(2, '')]) {
      expect(readSummary(model(graph(dim(open))), 'm.onnx').inputs[0]!.dims).toEqual(['?']);
    }
    expect(readSummary(model(graph(dim(int(1, 0)))), 'm.onnx').inputs[0]!.dims).toEqual([0]);
  });

  test('packed and single numbers, in one tensor', () => {
    const packed = bytes(TENSOR.int64_data.number, Uint8Array.of(1, 2));
    const file = holding(TYPE.int64, [3], packed, ...entries(TENSOR.int64_data, 3));
    const [stored] = readModel(file, 'm').child(MODEL.graph)!.children(GRAPH.initializer);
    expect([...readTensor(stored!).decode()!.values]).toEqual([1, 2, 3]);
  });

  test('a byte order mark is a part of an attribute’s text', () => {
    const marked = attribute(bytes(ATTRIBUTE.s.number, '\ufefftanh'), typed(ATTRIBUTE_TYPE.s));
    const file = model(graph(graphNode('Gelu', ['x'], ['y'], marked)));
    const [gelu] = OnnxGraph.parse(file, 'm.onnx').nodes;
    expect(gelu!.attributes.get('alpha')!.value).toBe('\ufefftanh');
  });

  test('an attribute without its value has the default of its type, as for the runtime', () => {
    const file = model(graph(graphNode('Abs', ['x'], ['y'], attribute(typed(ATTRIBUTE_TYPE.f)))));
    const [abs] = OnnxGraph.parse(file, 'm.onnx').nodes;
    expect(abs!.attributes.get('alpha')!.value).toBe(0);
  });
});
