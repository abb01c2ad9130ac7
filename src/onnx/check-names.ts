/**
 * Checks that every name of a model has one definition: values, functions, operator sets.
 *
 * ONNX Runtime lets the last initializer or function of a name win, and a Constant win over an initializer.
 */
import type { Message } from '../protobuf/message.js';
import type { FieldType } from '../protobuf/schema.js';
import { ambiguous } from './ambiguous.js';
import {
  FUNCTION,
  GRAPH,
  MODEL,
  NODE,
  OPSET,
  SPARSE_TENSOR,
  TENSOR,
  VALUE_INFO,
} from './schema.js';

/** @throws BPB_MODEL_NOT_ONNX for a value that is defined twice in one graph */
export function checkGraphNames(graph: Message): void {
  const constants = new Set<string>();
  for (const tensor of initializersOf(graph)) {
    const name = tensor.string(TENSOR.name);
    if (constants.has(name)) throw ambiguous(tensor, `a second initializer \`${name}\``);
    constants.add(name);
  }
  const ports = graph.children(GRAPH.input);
  const inputs = ports.map((port) => port.string(VALUE_INFO.name));
  checkInputs(graph, inputs);
  // An initializer may be the default of an input; a node's output may be neither.
  checkNames(graph, GRAPH.node, [...constants, ...inputs]);
}

/** @throws BPB_MODEL_NOT_ONNX for a value that is defined twice in a function */
export function checkFunctionNames(body: Message): void {
  const inputs = body.strings(FUNCTION.input);
  checkInputs(body, inputs);
  checkNames(body, FUNCTION.node, inputs);
}

function checkInputs(body: Message, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw ambiguous(body, `a second input \`${name}\``);
    seen.add(name);
  }
}

/** The tensors that name a graph's initializers, dense and sparse. */
export function initializersOf(graph: Message): Message[] {
  const sparse = graph.children(GRAPH.sparse_initializer);
  return [
    ...graph.children(GRAPH.initializer),
    ...sparse.flatMap((each) => each.children(SPARSE_TENSOR.values)),
  ];
}

/** @throws BPB_MODEL_NOT_ONNX for a node's output whose name is taken */
function checkNames(body: Message, nodes: FieldType, taken: readonly string[]): void {
  const seen = new Set(taken);
  for (const node of body.children(nodes)) {
    for (const name of node.strings(NODE.output)) {
      if (name === '') continue;
      if (seen.has(name)) throw ambiguous(node, `a second definition of the value \`${name}\``);
      seen.add(name);
    }
  }
}

/** @throws BPB_MODEL_NOT_ONNX for two versions of one operator set */
export function checkOpsets(holder: Message, field: FieldType): void {
  const versions = new Map<string, number>();
  for (const opset of holder.children(field)) {
    const domain = domainOf(opset, OPSET.domain);
    const version = opset.integer(OPSET.version);
    const before = versions.get(domain) ?? version;
    if (before !== version) {
      const name = domain === '' ? 'ai.onnx' : domain;
      throw ambiguous(opset, `versions ${before} and ${version} of the operator set ${name}`);
    }
    versions.set(domain, version);
  }
}

/** @throws BPB_MODEL_NOT_ONNX for two functions of one identity */
export function checkFunctions(model: Message): void {
  const seen = new Set<string>();
  for (const body of model.children(MODEL.functions)) {
    const id = operatorId(body, FUNCTION.domain, FUNCTION.name, FUNCTION.overload);
    if (seen.has(id)) throw ambiguous(body, `a second function \`${id}\``);
    seen.add(id);
  }
}

/** `domain:type`, and `:overload` where there is one: what a node calls and a function is called by. */
export function operatorId(
  message: Message,
  domain: FieldType,
  type: FieldType,
  overload: FieldType,
): string {
  const id = `${domainOf(message, domain)}:${message.string(type)}`;
  const variant = message.string(overload);
  return variant === '' ? id : `${id}:${variant}`;
}

/** The default domain has two names, `ai.onnx` and the empty string, which it gets here. */
export function domainOf(message: Message, field: FieldType): string {
  const domain = message.string(field);
  return domain === 'ai.onnx' ? '' : domain;
}
