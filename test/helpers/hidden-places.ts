/**
 * Language models whose table of logits stands in another file, by the place where the tensor that says so
 * stands. None is an ordinary initializer of the graph or of its nodes' subgraphs.
 */
import { TYPE } from '#bpb/onnx/element-types';
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
import { valueInfo } from '#bpb/onnx/writer';
import { bytes, type Chunk, int, join } from '#bpb/protobuf/encode';
import { type Entries, EXTERNAL, entryFields } from './external.js';

/** Rows and columns of the table. */
const [IDS, WIDTH] = [4, 6];
export const TABLE_BYTES = 4 * IDS * WIDTH;
export const DOMAIN = 'local';

export const attribute = (
  name: string,
  field: keyof typeof ATTRIBUTE_TYPE,
  ...values: (Chunk | readonly Chunk[])[]
): Chunk =>
  bytes(NODE.attribute.number, [
    bytes(ATTRIBUTE.name.number, name),
    ...values.map((value) => bytes(ATTRIBUTE[field].number, value)),
    int(ATTRIBUTE.type.number, ATTRIBUTE_TYPE[field]),
  ]);

/** Fields of a NodeProto. */
export const node = (
  op: string,
  inputs: string[],
  outputs: string[],
  ...more: Chunk[]
): Chunk[] => [
  ...inputs.map((name) => bytes(NODE.input.number, name)),
  ...outputs.map((name) => bytes(NODE.output.number, name)),
  bytes(NODE.op_type.number, op),
  ...more,
];
export const inDomain = (domain: string) => bytes(NODE.domain.number, domain);
export const nodes = (...each: Chunk[][]) => each.map((fields) => bytes(GRAPH.node.number, fields));
const opset = (domain: string, version: number) => [
  bytes(OPSET.domain.number, domain),
  int(OPSET.version.number, version),
];

/** A model of these nodes, from `input_ids` to `logits`. */
export const languageModel = (graph: readonly Chunk[], ...around: Chunk[]): Uint8Array =>
  join([
    int(MODEL.ir_version.number, 10),
    bytes(MODEL.graph.number, [
      ...graph,
      bytes(GRAPH.name.number, 'g'),
      bytes(GRAPH.input.number, valueInfo({ name: 'input_ids', type: 'int64', dims: ['b', 't'] })),
      bytes(
        GRAPH.output.number,
        valueInfo({ name: 'logits', type: 'float32', dims: ['b', 't', WIDTH] }),
      ),
    ]),
    bytes(MODEL.opset_import.number, opset('', 21)),
    bytes(MODEL.opset_import.number, opset(DOMAIN, 1)),
    ...around,
  ]);

/** A function from ids to logits. */
export const localFunction = (name: string, body: readonly Chunk[][], ...more: Chunk[]): Chunk =>
  bytes(MODEL.functions.number, [
    bytes(FUNCTION.name.number, name),
    bytes(FUNCTION.domain.number, DOMAIN),
    bytes(FUNCTION.input.number, 'input_ids'),
    bytes(FUNCTION.output.number, 'logits'),
    ...body.map((fields) => bytes(FUNCTION.node.number, fields)),
    bytes(FUNCTION.opset_import.number, opset('', 21)),
    bytes(FUNCTION.opset_import.number, opset(DOMAIN, 1)),
    ...more,
  ]);
export const call = (name: string) => node(name, ['input_ids'], ['logits'], inDomain(DOMAIN));

export const lookUp = node('Gather', ['table', 'input_ids'], ['logits']);
const sparse = (values: readonly Chunk[], indices: readonly Chunk[]): Chunk[] => [
  bytes(SPARSE_TENSOR.values.number, values),
  bytes(SPARSE_TENSOR.indices.number, indices),
  int(SPARSE_TENSOR.dims.number, IDS),
  int(SPARSE_TENSOR.dims.number, WIDTH),
];
const inside = (name: string, type: number, dims: number[], data: ArrayBufferView): Chunk[] => [
  ...dims.map((dim) => int(TENSOR.dims.number, dim)),
  int(TENSOR.data_type.number, type),
  bytes(TENSOR.name.number, name),
  bytes(TENSOR.raw_data.number, new Uint8Array(data.buffer)),
];
const everyIndex = inside(
  'i',
  TYPE.int64,
  [IDS * WIDTH],
  BigInt64Array.from({ length: IDS * WIDTH }, (_, k) => BigInt(k)),
);
const constant = (...value: Chunk[]) => node('Constant', [], ['table'], ...value);

/** An If, always taken, whose branches are the same graph, in as many of these as `depth` says. */
export function within(depth: number, body: readonly Chunk[]): Chunk[][] {
  const inner = depth === 1 ? body : nodes(...within(depth - 1, body));
  const branch = [
    ...inner,
    bytes(GRAPH.name.number, `depth${depth}`),
    bytes(
      GRAPH.output.number,
      valueInfo({ name: 'logits', type: 'float32', dims: ['b', 't', WIDTH] }),
    ),
  ];
  const yes = inside('', TYPE.bool, [], Uint8Array.of(1));
  return [
    node('Constant', [], [`yes${depth}`], attribute('value', 't', yes)),
    node(
      'If',
      [`yes${depth}`],
      ['logits'],
      attribute('then_branch', 'g', branch),
      attribute('else_branch', 'g', branch),
    ),
  ];
}

/** A tensor of that name and shape, fp32 or int64, whose data is in another file. */
type External = (name: string, dims?: readonly number[], type?: number) => Chunk[];

export const externalTensor =
  (entries: Entries): External =>
  (name, dims = [IDS, WIDTH], type = TYPE.float32) => [
    ...dims.map((dim) => int(TENSOR.dims.number, dim)),
    int(TENSOR.data_type.number, type),
    bytes(TENSOR.name.number, name),
    ...entryFields(entries),
    EXTERNAL,
  ];

const sparseValues = (t: External) => sparse(t('table', [IDS * WIDTH]), everyIndex);
const sparseIndices = (t: External) =>
  sparse(
    inside('table', TYPE.float32, [2], Float32Array.of(1, 2)),
    t('i', [IDS * WIDTH], TYPE.int64),
  );
const initializer = (t: External) => bytes(GRAPH.initializer.number, t('table'));
const sparseInitializer = (fields: readonly Chunk[]) =>
  bytes(GRAPH.sparse_initializer.number, fields);
const inAttribute = (...value: Chunk[]) => languageModel(nodes(constant(...value), lookUp));
const reference = (name: string, type: number) =>
  bytes(NODE.attribute.number, [
    bytes(ATTRIBUTE.name.number, name),
    bytes(ATTRIBUTE.ref_attr_name.number, 'given'),
    int(ATTRIBUTE.type.number, type),
  ]);
/** An attribute of a function, with its default. */
const given = (field: 't' | 'sparse_tensor', value: readonly Chunk[]) =>
  bytes(FUNCTION.attribute_proto.number, [
    bytes(ATTRIBUTE.name.number, 'given'),
    bytes(ATTRIBUTE[field].number, value),
    int(ATTRIBUTE.type.number, ATTRIBUTE_TYPE[field]),
  ]);
const ordinary = (...more: Chunk[]) => [
  ...nodes(lookUp),
  bytes(
    GRAPH.initializer.number,
    inside('table', TYPE.float32, [IDS, WIDTH], new Float32Array(IDS * WIDTH)),
  ),
  ...more,
];

/** Those that ONNX Runtime 1.30 reads below the working directory, where nothing stops it, come first. */
export const PLACES: Readonly<Record<string, (tensor: External) => Uint8Array>> = {
  'values of a sparse initializer': (t) =>
    languageModel([...nodes(lookUp), sparseInitializer(sparseValues(t))]),
  'sparse_value of a Constant': (t) =>
    inAttribute(attribute('sparse_value', 'sparse_tensor', sparseValues(t))),
  'an initializer of a subgraph of a function': (t) =>
    languageModel(
      nodes(call('f')),
      localFunction('f', within(1, [...nodes(lookUp), initializer(t)])),
    ),
  'a sparse initializer three subgraphs deep': (t) =>
    languageModel(nodes(...within(3, [...nodes(lookUp), sparseInitializer(sparseValues(t))]))),

  'indices of a sparse initializer': (t) =>
    languageModel([...nodes(lookUp), sparseInitializer(sparseIndices(t))]),
  'indices of sparse_value': (t) =>
    inAttribute(attribute('sparse_value', 'sparse_tensor', sparseIndices(t))),
  'the second of sparse_tensors': (t) =>
    inAttribute(attribute('x', 'sparse_tensors', sparse(everyIndex, everyIndex), sparseValues(t))),
  'value of a Constant': (t) => inAttribute(attribute('value', 't', t('table'))),
  'the second of a list of tensors': (t) =>
    inAttribute(attribute('x', 'tensors', everyIndex, t('table'))),
  'a Constant three subgraphs deep': (t) =>
    languageModel(
      nodes(...within(3, nodes(constant(attribute('value', 't', t('table'))), lookUp))),
    ),
  'the default of a function’s attribute': (t) =>
    languageModel(
      nodes(call('f')),
      localFunction(
        'f',
        [constant(reference('value', ATTRIBUTE_TYPE.t)), lookUp],
        given('t', t('table')),
      ),
    ),
  'a sparse default of a function’s attribute': (t) =>
    languageModel(
      nodes(call('f')),
      localFunction(
        'f',
        [constant(reference('sparse_value', ATTRIBUTE_TYPE.sparse_tensor)), lookUp],
        given('sparse_tensor', sparseValues(t)),
      ),
    ),
  'a Constant of a function that a function calls': (t) =>
    languageModel(
      nodes(call('f')),
      localFunction('f', [call('g')]),
      localFunction('g', [constant(attribute('value', 't', t('table'))), lookUp]),
    ),
  'a function that nothing calls': (t) =>
    languageModel(ordinary(), localFunction('f', within(3, [...nodes(lookUp), initializer(t)]))),
  'the initialization of a training graph': (t) =>
    languageModel(
      ordinary(),
      bytes(MODEL.training_info.number, [bytes(1, [...nodes(lookUp), initializer(t)])]),
    ),
  'the algorithm of a training graph': (t) =>
    languageModel(
      ordinary(),
      bytes(MODEL.training_info.number, [bytes(2, [...nodes(lookUp), initializer(t)])]),
    ),
};
