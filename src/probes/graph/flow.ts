/**
 * Which value of a graph comes from where, subgraphs and local functions included.
 */
import { initializersOf } from '../../onnx/check-names.js';
import { nodesBelow, readModel } from '../../onnx/reader.js';
import { ATTRIBUTE, FUNCTION, GRAPH, MODEL, NODE, TENSOR, VALUE_INFO } from '../../onnx/schema.js';

type Message = ReturnType<typeof readModel>;

/** Operators that read the shape of a value, and not the value. */
const SHAPES = new Set(['Shape', 'Size']);

export class Flow {
  /** Branches may use a name again, so that a value may have several makers. */
  private readonly makers = new Map<string, Message[]>();
  private readonly constants = new Set<string>();
  /** Inputs of functions and of subgraphs, which callers and loops give any value. */
  private readonly parameters = new Set<string>();
  /** All nodes, those of subgraphs and functions too. */
  readonly nodes: readonly Message[];

  /** @throws BPB_MODEL_NOT_ONNX, which loading an artifact has ruled out */
  constructor(file: Uint8Array, path: string) {
    const model = readModel(file, path);
    const graph = model.child(MODEL.graph)!;
    const bodies = [graph, ...model.children(MODEL.functions)];
    this.nodes = bodies.flatMap((body) => [...nodesBelow(body)]);
    for (const each of graphsBelow(graph)) {
      for (const tensor of initializersOf(each)) this.constants.add(tensor.string(TENSOR.name));
      if (each === graph) continue;
      for (const port of each.children(GRAPH.input)) {
        this.parameters.add(port.string(VALUE_INFO.name));
      }
    }
    for (const body of model.children(MODEL.functions)) {
      for (const name of body.strings(FUNCTION.input)) this.parameters.add(name);
    }
    for (const node of this.nodes) {
      for (const name of node.strings(NODE.output)) {
        this.makers.set(name, [...(this.makers.get(name) ?? []), node]);
      }
    }
  }

  /** Whether a value depends on the values of an input, and not on shapes and constants alone. */
  readsValues(name: string): boolean {
    return this.reaches(name, true);
  }

  /** Whether a value depends on no input at all. */
  isConstant(name: string): boolean {
    return !this.reaches(name, false);
  }

  /** @param byValues follow values only: the shape of one ends the way */
  private reaches(name: string, byValues: boolean): boolean {
    const seen = new Set<string>();
    const open = [name];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at === '' || seen.has(at)) continue;
      seen.add(at);
      if (this.parameters.has(at)) return true;
      const makers = this.makers.get(at) ?? [];
      if (makers.length === 0 && !this.constants.has(at)) return true;
      for (const maker of makers) {
        if (!(byValues && SHAPES.has(maker.string(NODE.op_type)))) open.push(...reads(maker));
      }
    }
    return false;
  }
}

/** The graph, and the subgraphs of its nodes. */
function* graphsBelow(graph: Message): Generator<Message> {
  yield graph;
  for (const message of graph.walk()) {
    if (message !== graph && message.type === graph.type) yield message;
  }
}

/** Names that a node reads, those of its subgraphs among them. */
function reads(node: Message): string[] {
  const subgraphs = node
    .children(NODE.attribute)
    .flatMap((attribute) => [
      ...attribute.children(ATTRIBUTE.g),
      ...attribute.children(ATTRIBUTE.graphs),
    ]);
  const captured = subgraphs.flatMap((graph) => [
    ...[...nodesBelow(graph)].flatMap((each) => each.strings(NODE.input)),
    ...graph.children(GRAPH.output).map((port) => port.string(VALUE_INFO.name)),
  ]);
  return [...node.strings(NODE.input), ...captured];
}
