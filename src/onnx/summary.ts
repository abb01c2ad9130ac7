/**
 * Summary of a model for checks before a runtime gets it: ports, operators, functions, external data.
 */
import type { Message } from '../protobuf/message.js';
import { type ActivationUse, readActivations } from './activations.js';
import { domainOf, initializersOf, operatorId } from './check-names.js';
import { isExternal, isInitializer } from './check-tensor.js';
import { type Port, readPort } from './port.js';
import { nodesBelow, readModel } from './reader.js';
import { FUNCTION, GRAPH, MODEL, NODE, OPSET, SCHEMA, TENSOR } from './schema.js';

/** A model-local function. */
interface LocalFunction {
  /** `domain:name`, and `:overload` where it has one. */
  readonly id: string;
  /** Of each node in its body what it would be the call of, in the form of `id`. */
  readonly calls: readonly string[];
  /** `domain:type` of each node in its body. */
  readonly operators: readonly string[];
}

interface ExternalTensor {
  readonly name: string;
  /** Such as `graph.node[3].attribute[0].t`. */
  readonly path: string;
  /** Of the model's graph or of a subgraph of a node there, where writers move data from. */
  readonly isInitializer: boolean;
}

export interface OnnxSummary {
  readonly irVersion: number;
  /** `domain` to version; the default domain is the empty string. */
  readonly opsets: ReadonlyMap<string, number>;
  /** Inputs that the caller must give: those without an initializer of the same name. */
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** `domain:type` of every node, in subgraphs too, with how often it stands. */
  readonly operators: ReadonlyMap<string, number>;
  readonly functions: readonly LocalFunction[];
  /** Tensors whose data is in another file. */
  readonly externalTensors: readonly ExternalTensor[];
  readonly activations: ActivationUse;
}

/** @throws BPB_MODEL_NOT_ONNX with the field and the offset at which it stops being one */
export function readSummary(bytes: Uint8Array, path: string): OnnxSummary {
  const model = readModel(bytes, path);
  const graph = model.child(MODEL.graph)!;
  const initialized = new Set(initializersOf(graph).map((tensor) => tensor.string(TENSOR.name)));
  const operators = new Map<string, number>();
  for (const node of nodesBelow(graph)) {
    const operator = operatorOf(node);
    operators.set(operator, (operators.get(operator) ?? 0) + 1);
  }
  const functions = model.children(MODEL.functions);
  return {
    irVersion: model.integer(MODEL.ir_version),
    opsets: readOpsets(model),
    inputs: graph
      .children(GRAPH.input)
      .map(readPort)
      .filter(({ name }) => !initialized.has(name)),
    outputs: graph.children(GRAPH.output).map(readPort),
    operators,
    functions: functions.map(readFunction),
    externalTensors: [...model.walk()]
      .filter((message) => message.type === SCHEMA.get('TensorProto') && isExternal(message))
      .map((tensor) => ({
        name: tensor.string(TENSOR.name),
        path: tensor.path,
        isInitializer: isInitializer(tensor),
      })),
    activations: readActivations(model),
  };
}

/** `domain` to version of the operator sets that a model imports. */
export function readOpsets(model: Message): Map<string, number> {
  return new Map(
    model
      .children(MODEL.opset_import)
      .map((opset) => [domainOf(opset, OPSET.domain), opset.integer(OPSET.version)]),
  );
}

function operatorOf(node: Message): string {
  return `${domainOf(node, NODE.domain)}:${node.string(NODE.op_type)}`;
}

function readFunction(body: Message): LocalFunction {
  const nodes = [...nodesBelow(body)];
  return {
    id: operatorId(body, FUNCTION.domain, FUNCTION.name, FUNCTION.overload),
    calls: nodes.map((node) => operatorId(node, NODE.domain, NODE.op_type, NODE.overload)),
    operators: nodes.map(operatorOf),
  };
}
