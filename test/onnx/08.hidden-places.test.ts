/** References to other files where no writer puts them: refused, naming the place. */
import { describe, expect, test } from 'vitest';
import { checkOnnx } from '#bpb/onnx/check';
import { readExternal } from '#bpb/onnx/external-data';
import { GRAPH, MODEL, TENSOR } from '#bpb/onnx/schema';
import { bytes, int, join } from '#bpb/protobuf/encode';
import { EXTERNAL } from '../helpers/external.js';
import {
  externalTensor,
  languageModel,
  lookUp,
  nodes,
  PLACES,
  TABLE_BYTES,
  within,
} from '../helpers/hidden-places.js';
import { refusalOf } from '../helpers/refusal.js';

const LOCATIONS = [
  'model.onnx.data',
  '../fineweb_val_000000.bin',
  '/dev/shm/x',
  'file:///tmp/x',
  '*/_ORT_MEM_ADDR_/*',
];
const at = (location: string) =>
  externalTensor([
    ['location', location],
    ['offset', '140700000000000'],
    ['length', `${TABLE_BYTES}`],
  ]);

describe.each(Object.entries(PLACES))('%s', (_, place) => {
  test.each(LOCATIONS)('%s', async (location) => {
    const model = place(at(location));
    // Nothing is inlined where one reference is in another place.
    expect(readExternal(model, 'm.onnx')).toBeNull();
    const error = await refusalOf(() => checkOnnx(model, 'm.onnx'));
    expect(error).toMatchObject({ kind: 'input', code: 'BPB_MODEL_EXTERNAL_DATA', path: 'm.onnx' });
    expect(error.actual).toMatch(/the first `(table|i)`, \S+/);
    expect(error.hint).toMatch(/initializer of the graph/);
  });

  test('a mark of external data without a location', () => {
    const marked = (name: string, dims: readonly number[] = [4, 6], type = 1) => [
      ...dims.map((dim) => int(TENSOR.dims.number, dim)),
      int(TENSOR.data_type.number, type),
      bytes(TENSOR.name.number, name),
      EXTERNAL,
    ];
    expect(() => checkOnnx(place(marked), 'm.onnx')).toThrow(/weights in other files/);
  });
});

test('the place is named before ordinary initializers, which may be in other files', async () => {
  const ordinary = bytes(GRAPH.initializer.number, at('data')('w'));
  const model = PLACES['value of a Constant']!(at('data'));
  const both = join([model, bytes(MODEL.training_info.number, [bytes(1, [ordinary])])]);
  const error = await refusalOf(() => checkOnnx(both, 'm.onnx'));
  expect(error.actual).toBe('2 external tensors, the first `table`, graph.node[0].attribute[0].t');
});

test('a tensor in a field that is not known', async () => {
  const tensor = at('x')('table');
  const inNode = languageModel([...nodes([...lookUp, bytes(40, tensor)])]);
  const inGraph = languageModel([...nodes(...within(3, [...nodes(lookUp), bytes(17, tensor)]))]);
  for (const model of [inNode, inGraph, join([languageModel(nodes(lookUp)), bytes(27, tensor)])]) {
    const error = await refusalOf(() => checkOnnx(model, 'm.onnx'));
    expect(error.code).toBe('BPB_MODEL_NOT_ONNX');
    expect(error.message).toMatch(/which onnx\.proto up to IR version 14 does not have/);
    expect(error.hint).toMatch(/DiscardUnknownFields/);
  }
});

test('initializers of the graph and of its subgraphs are inlined', () => {
  const initializer = bytes(GRAPH.initializer.number, at('data')('table'));
  for (const graph of [
    [...nodes(lookUp), initializer],
    nodes(...within(3, [...nodes(lookUp), initializer])),
  ]) {
    const external = readExternal(languageModel(graph), 'm.onnx')!;
    const data = external.references.map(() => new Uint8Array(TABLE_BYTES));
    expect(() => checkOnnx(external.inlined(data), 'm.onnx')).not.toThrow();
  }
});
