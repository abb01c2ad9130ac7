/**
 * The nodes of a graph that run over time in a way that a causal model need not, its subgraphs and
 * functions among them.
 *
 * Which axis is time is inferred, not guessed: the sizes of all values are computed for two lengths of
 * the rows, and an axis whose size differs is time.
 */
import { domainOf, operatorId } from '../../onnx/check-names.js';
import type { Node } from '../../onnx/graph.js';
import { type Given, givenBy } from '../../onnx/node-attribute.js';
import { constantFact, type Fact, type KnownDim, UNKNOWN } from '../../onnx/optimize/facts.js';
import { readPort } from '../../onnx/port.js';
import { readCalledNode } from '../../onnx/read-items.js';
import { readModel } from '../../onnx/reader.js';
import { ATTRIBUTE, FUNCTION, GRAPH, MODEL, NODE, OPSET, VALUE_INFO } from '../../onnx/schema.js';
import { readTensor } from '../../onnx/stored-tensor.js';
import { ANYTHING, isMasked, Scope, type Value } from './sizes.js';
import { type TimeUse, timeUse } from './time-operators.js';

type Message = ReturnType<typeof readModel>;

export interface OverTime extends TimeUse {
  readonly op: string;
  /** Of the node, else of its first output; in a function after the name of its call. */
  readonly name: string;
}

interface Ports {
  readonly tokens: string;
  readonly logits: string;
}

/** Rows of a batch: the same at both lengths. */
const ROWS = 3;
/** Two lengths where the rows are too short for their half. */
const LENGTHS = [14, 22] as const;
const MIN_LENGTH = 4;
/** Nodes that are read, those of functions in every call anew. */
const MAX_READ = 200_000;

/**
 * @param file of the model, with open axes of time or a fixed one
 * @param ports names of the input of ids `[batch, time]` and of the output of logits; what a state takes
 * up from a row is read by later ones only
 * @param inputs of a row, as many as it is run with
 * @throws BPB_MODEL_NOT_ONNX, which loading an artifact has ruled out
 */
export function overTime(file: Uint8Array, path: string, ports: Ports, inputs: number): OverTime[] {
  return new Reader(readModel(file, path), ports, inputs).read();
}

class Reader {
  private readonly found = new Map<string, OverTime>();
  private readonly functions: ReadonlyMap<string, Message>;
  private readonly opset: number;
  private readonly lengths: readonly [number, number];
  /** The length that the graph itself fixes: other sizes may be equal to it by chance. */
  private readonly fixed: number | null;
  private count = 0;
  private given: Given = new Map();
  /** Names of the calls that are read, outermost first. */
  private calls: readonly string[] = [];

  constructor(
    private readonly model: Message,
    private readonly ports: Ports,
    inputs: number,
  ) {
    const declared = model.child(MODEL.graph)!.children(GRAPH.input).map(readPort);
    const time = declared.find(({ name }) => name === this.ports.tokens)?.dims?.[1];
    this.fixed = typeof time === 'number' && time >= 0 ? time : null;
    const { fixed } = this;
    if (fixed !== null) this.lengths = [fixed, fixed];
    // What holds blocks of a power of two in a row does in its half.
    else this.lengths = inputs < MIN_LENGTH ? LENGTHS : [inputs, inputs >> 1];
    this.functions = new Map(
      model
        .children(MODEL.functions)
        .map((body) => [operatorId(body, FUNCTION.domain, FUNCTION.name, FUNCTION.overload), body]),
    );
    const standard = model
      .children(MODEL.opset_import)
      .find((each) => domainOf(each, OPSET.domain) === '');
    this.opset = standard?.integer(OPSET.version) ?? 1;
  }

  read(): OverTime[] {
    this.graph(this.model.child(MODEL.graph)!, null);
    return [...this.found.values()];
  }

  /** Inputs of a subgraph are anything: what goes round in a loop changes. @returns its outputs */
  private graph(graph: Message, around: Scope | null): Value[] {
    const scope = new Scope(around, this.fixed);
    for (const port of graph.children(GRAPH.input)) {
      scope.set(readPort(port).name, around === null ? this.port(port) : ANYTHING);
    }
    for (const tensor of graph.children(GRAPH.initializer)) {
      const stored = readTensor(tensor);
      scope.set(stored.name, constant(constantFact(stored)));
    }
    const all = graph.children(GRAPH.output).map((port) => port.string(VALUE_INFO.name));
    const outputs = around === null ? [this.ports.logits] : all;
    this.nodes(graph.children(GRAPH.node), outputs, scope);
    return outputs.map((name) => scope.get(name));
  }

  /** An input of the model: its rows are those of the batch, and a state has no open axis of time. */
  private port(port: Message): Value {
    const { name, elementType: type, dims } = readPort(port);
    const at = this.lengths.map((length): Fact => {
      if (name === this.ports.tokens) return { ...UNKNOWN, type, dims: [ROWS, length] };
      const sizes = dims?.map(
        (dim, k): KnownDim => (typeof dim === 'number' && dim >= 0 ? dim : k === 0 ? ROWS : null),
      );
      // An unknown size stands for the batch in inference, which this one is not.
      return { ...UNKNOWN, type, dims: sizes?.includes(null) ? null : (sizes ?? null) };
    });
    return { ...ANYTHING, at: [at[0]!, at[1]!] };
  }

  private nodes(messages: readonly Message[], outputs: readonly string[], scope: Scope): void {
    const nodes = messages.map((message) => readCalledNode(message, this.given));
    const read = namesRead(nodes, outputs);
    nodes.forEach((node, k) => {
      if (this.count++ >= MAX_READ || !node.outputs.some((name) => read.has(name))) return;
      this.node(node, messages[k]!, scope, read);
    });
  }

  private node(node: Node, message: Message, scope: Scope, read: ReadonlySet<string>): void {
    const inputs = node.inputs.map((name) => scope.get(name));
    const id = operatorId(message, NODE.domain, NODE.op_type, NODE.overload);
    const body = this.functions.get(id);
    if (body !== undefined) {
      const called = this.call(node, message, body, inputs);
      for (const [k, name] of node.outputs.entries()) scope.set(name, called[k] ?? ANYTHING);
      return;
    }
    const [lookup, other] = scope.lookups;
    const isRead = (name: string) => read.has(name);
    const use = timeUse({ node, inputs, lookup, other, opset: this.opset, isRead });
    if (use !== null) this.add(node, use);
    const below = subgraphs(message).flatMap((graph) => this.graph(graph, scope));
    const some = inputs.some(({ varies }) => varies) || below.some(({ varies }) => varies);
    const varies = some && !/^(Shape|Size)$/.test(node.op);
    const masked = isMasked(node, inputs, lookup);
    for (const [k, at] of scope.infer(node).entries()) {
      scope.set(node.outputs[k]!, { at, varies, masked });
    }
  }

  private call(node: Node, message: Message, body: Message, inputs: readonly Value[]): Value[] {
    const scope = new Scope(null, this.fixed);
    for (const [k, name] of body.strings(FUNCTION.input).entries()) {
      scope.set(name, inputs[k] ?? constant(UNKNOWN));
    }
    const outside = { given: this.given, calls: this.calls };
    this.given = givenBy(message, body, this.given);
    this.calls = [...this.calls, nameOf(node)];
    const outputs = body.strings(FUNCTION.output);
    this.nodes(body.children(FUNCTION.node), outputs, scope);
    this.given = outside.given;
    this.calls = outside.calls;
    return outputs.map((name) => scope.get(name));
  }

  private add(node: Node, use: TimeUse): void {
    const name = [...this.calls, nameOf(node)].join('/');
    const before = this.found.get(name);
    if (before === undefined || use.known === 'yes')
      this.found.set(name, { ...use, op: node.op, name });
  }
}

/** A value that no token changes. */
function constant(fact: Fact): Value {
  return { at: [fact, fact], varies: false, masked: false };
}

/** Names that lead to the outputs: what nothing reads is no part of the model. */
function namesRead(nodes: readonly Node[], outputs: readonly string[]): ReadonlySet<string> {
  const read = new Set(outputs);
  for (const { inputs, outputs: made, attributes } of nodes.toReversed()) {
    if (!made.some((name) => read.has(name))) continue;
    for (const name of inputs) read.add(name);
    for (const { captures } of attributes.values()) for (const name of captures) read.add(name);
  }
  read.delete('');
  return read;
}

function subgraphs(node: Message): Message[] {
  return node
    .children(NODE.attribute)
    .flatMap((each) => [...each.children(ATTRIBUTE.g), ...each.children(ATTRIBUTE.graphs)]);
}

function nameOf({ name, outputs }: Node): string {
  return name || (outputs.find((output) => output !== '') ?? '');
}
