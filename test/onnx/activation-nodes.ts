/** Models of named nodes, subgraphs and functions, for what is read of their activations. */
import { type ActivationUse, readActivations } from '#bpb/onnx/activations';
import { readModel } from '#bpb/onnx/reader';
import { ATTRIBUTE, ATTRIBUTE_TYPE, FUNCTION, GRAPH, MODEL, NODE, OPSET } from '#bpb/onnx/schema';
import { type AttributeValue, attributeFields, valueInfo } from '#bpb/onnx/writer';
import { bytes, type Chunk, int, join } from '#bpb/protobuf/encode';

export const MS = 'com.microsoft';

export interface N {
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

export interface F {
  name: string;
  inputs: readonly string[];
  nodes: readonly N[];
  outputs: readonly string[];
}

/**
 * What is read of a model that computes `logits` of `x` by these nodes. Its `w` is a constant: values that no token
 * changes.
 */
export function activationsOf(nodes: readonly N[], functions: readonly F[] = []): ActivationUse {
  return readActivations(readModel(modelOf(nodes, functions), 'test.onnx'));
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
