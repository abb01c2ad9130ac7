/**
 * What a model does to its activations: scales taken over the whole batch, rounding to few bits, chance.
 *
 * Read from the file, subgraphs and model-local functions included. A value *varies* where it depends on
 * what the tokens are; what depends on their number alone, or on constants, is the same for every batch.
 */
import type { Message } from '../protobuf/message.js';
import { domainOf, initializersOf, operatorId } from './check-names.js';
import { coarsest, givesPlaces, type Half, halfOf, outputHalf, roundsToHalf } from './halves.js';
import { attributeOf, type Given, givenBy } from './node-attribute.js';
import { readPort } from './port.js';
import { ATTRIBUTE, FUNCTION, GRAPH, MODEL, NODE, TENSOR, VALUE_INFO } from './schema.js';

/** A node as a reader finds it in the file. */
export interface NamedNode {
  readonly op: string;
  /** Its name, else that of its first output. */
  readonly name: string;
}

export interface ActivationUse {
  /** Nodes whose result for one token depends, by their definition, on all tokens of the batch. */
  readonly pooled: readonly NamedNode[];
  /** Nodes that round activations to few bits, or compute with such, with scales of their own row. */
  readonly rounded: readonly NamedNode[];
  /** Products with quantized weights, which ONNX Runtime by default computes with int8 activations. */
  readonly weightOnly: readonly NamedNode[];
  /** Nodes that draw random numbers. */
  readonly random: readonly NamedNode[];
  /** Nodes that round activations to 16 bits of floating point: the graph computes in it. */
  readonly halved: readonly HalvedNode[];
}

export interface HalvedNode extends NamedNode {
  readonly type: Half;
}

/** Each takes one scale of all that it is given. */
const DYNAMIC = /^DynamicQuantize(Linear|MatMul|LSTM)$/;
const INTEGER = /^(QLinear\w+|QGemm|QAttention|QOrdered\w+|MatMulInteger\w*|ConvInteger\w*)$/;
const RANDOM = /^(Random\w*|Multinomial|Bernoulli)$/;
const SHAPE_ONLY = /^(Shape|Size)$/;
const INT8_ACCURACY = 4;
const REDUCTION = /^Reduce(Max|Min|Mean|Sum|L1|L2|SumSquare|LogSum|LogSumExp)$/;
/** Nodes that are read in calls of functions, of every call anew; beyond, any input may vary. */
const MAX_READ = 1_000_000;

/** What is known of a value. */
interface Value {
  readonly varies: boolean;
  /** Made by DequantizeLinear. */
  readonly dequantized: boolean;
  /** Computed of reductions over batch and time of what varies, and of constants. */
  readonly overall: boolean;
  /** Its type where that is known to have 16 bits of floating point. */
  readonly half: Half | null;
}

const CONSTANT: Value = { varies: false, dequantized: false, overall: false, half: null };
const VARYING: Value = { varies: true, dequantized: false, overall: false, half: null };

/** The same for values of which the same is known. */
function keyOf({ varies, dequantized, overall, half }: Value): string {
  return `${Number(varies) + 2 * Number(dequantized) + 4 * Number(overall)}${half ?? ''},`;
}

class Scope {
  private readonly values = new Map<string, Value>();

  constructor(private readonly around: Scope | null) {}

  set(name: string, value: Value): void {
    this.values.set(name, value);
  }

  /** A value that nothing defines may be anything. */
  get(name: string): Value {
    if (name === '') return CONSTANT;
    return this.values.get(name) ?? this.around?.get(name) ?? VARYING;
  }
}

export function readActivations(model: Message): ActivationUse {
  const reader = new Reader(model);
  reader.graph(model.child(MODEL.graph)!, null);
  const named = (nodes: ReadonlySet<Message>) => Array.from(nodes, nameOf);
  return {
    pooled: named(reader.pooled),
    rounded: named(reader.rounded),
    weightOnly: named(reader.weightOnly),
    random: named(reader.random),
    halved: Array.from(reader.halved, ([node, type]) => ({ ...nameOf(node), type })),
  };
}

class Reader {
  readonly pooled = new Set<Message>();
  readonly rounded = new Set<Message>();
  readonly weightOnly = new Set<Message>();
  readonly random = new Set<Message>();
  readonly halved = new Map<Message, Half>();
  private readonly functions: ReadonlyMap<string, Message>;
  /** By function and what is known of its inputs: what is of its outputs. Null while it is read. */
  private readonly calls = new Map<string, readonly Value[] | null>();
  private read = 0;
  /** Attributes of the call that is read. */
  private given: Given = new Map();

  constructor(model: Message) {
    this.functions = new Map(
      model
        .children(MODEL.functions)
        .map((body) => [operatorId(body, FUNCTION.domain, FUNCTION.name, FUNCTION.overload), body]),
    );
  }

  /**
   * Inputs vary: those of a model are its tokens and its state, and what goes round in a Loop may come
   * to vary by what its body captures.
   *
   * @returns its outputs
   */
  graph(graph: Message, around: Scope | null): Value[] {
    const scope = new Scope(around);
    for (const port of graph.children(GRAPH.input)) {
      const { name, elementType } = readPort(port);
      scope.set(name, { ...VARYING, half: halfOf(elementType) });
    }
    for (const tensor of initializersOf(graph)) {
      const half = halfOf(tensor.number(TENSOR.data_type));
      scope.set(tensor.string(TENSOR.name), { ...CONSTANT, half });
    }
    for (const node of graph.children(GRAPH.node)) this.node(node, scope);
    return graph.children(GRAPH.output).map((p) => scope.get(p.string(VALUE_INFO.name)));
  }

  private node(node: Message, scope: Scope): void {
    this.read++;
    const op = node.string(NODE.op_type);
    const inputs = node.strings(NODE.input).map((name) => scope.get(name));
    const some = inputs.some(({ varies }) => varies);
    const below = subgraphs(node).flatMap((graph) => this.graph(graph, scope));
    const outputs = node.strings(NODE.output);
    const id = operatorId(node, NODE.domain, NODE.op_type, NODE.overload);
    const body = this.functions.get(id);
    if (body !== undefined) {
      const called = this.call(id, node, body, inputs);
      for (const [k, name] of outputs.entries()) {
        scope.set(name, called[k] ?? VARYING);
      }
      return;
    }
    this.judge(node, op, inputs);
    if (RANDOM.test(op)) this.random.add(node);
    const varies =
      !SHAPE_ONLY.test(op) && (some || below.some((output) => output.varies) || RANDOM.test(op));
    const varying = inputs.filter((input) => input.varies);
    const overall =
      varies &&
      (reducesAll(node, op, this.given) || (some && varying.every((input) => input.overall)));
    const dequantized = op === 'DequantizeLinear';
    const halves = inputs.map(({ half }) => half);
    const half =
      below.length > 0
        ? coarsest(below.map((each) => each.half))
        : outputHalf(node, op, halves, this.given);
    const rounds = half !== null && below.length === 0 && roundsToHalf(op, halves[0] ?? null, half);
    if (varies && rounds) this.halved.set(node, half);
    for (const [k, name] of outputs.entries()) {
      const own = k > 0 && givesPlaces(op) ? null : half;
      scope.set(name, { varies, dequantized, overall, half: own });
    }
  }

  /** Reads a function for these inputs. @returns what is known of its outputs */
  private call(
    id: string,
    node: Message,
    body: Message,
    inputs: readonly Value[],
  ): readonly Value[] {
    const names = body.strings(FUNCTION.input);
    const known = this.read < MAX_READ;
    const values = names.map((_, k) => (known ? (inputs[k] ?? CONSTANT) : VARYING));
    const given: Given = known ? givenBy(node, body, this.given) : new Map();
    const key = JSON.stringify([id, values.map(keyOf).join(''), ...Array.from(given, shownValue)]);
    const before = this.calls.get(key);
    // A function that calls itself is refused elsewhere.
    if (before !== undefined) return before ?? [];
    this.calls.set(key, null);
    const scope = new Scope(null);
    for (const [k, name] of names.entries()) scope.set(name, values[k]!);
    const outside = this.given;
    this.given = given;
    for (const each of body.children(FUNCTION.node)) this.node(each, scope);
    this.given = outside;
    const outputs = body.strings(FUNCTION.output).map((name) => scope.get(name));
    this.calls.set(key, outputs);
    return outputs;
  }

  private judge(node: Message, op: string, inputs: readonly Value[]): void {
    const [first = CONSTANT, second = CONSTANT] = inputs;
    const ownScale = op === 'QuantizeLinear' && second.overall;
    if (first.varies && (DYNAMIC.test(op) || ownScale || poolsOverBatch(node, op, this.given)))
      this.pooled.add(node);
    else if (INTEGER.test(op) || accuracyLevel(node, this.given) === INT8_ACCURACY) {
      if (inputs.some(({ varies }) => varies)) this.rounded.add(node);
    } else if (op === 'QuantizeLinear' && first.varies) this.rounded.add(node);
    else if (op === 'MatMul' || op === 'Gemm') {
      const weights = second.dequantized && !second.varies;
      if (weights && first.varies && !first.dequantized) this.weightOnly.add(node);
    }
  }
}

/** Normalizations whose statistics are those of the batch that runs. */
function poolsOverBatch(node: Message, op: string, given: Given): boolean {
  if (domainOf(node, NODE.domain) !== '') return false;
  if (op === 'BatchNormalization') {
    // Before opset 14 the outputs after the first said so.
    return integer(node, 'training_mode', given) === 1 || node.strings(NODE.output).length > 1;
  }
  if (op !== 'MeanVarianceNormalization') return false;
  const axes = attributeOf(node, 'axes', given);
  return axes === undefined || axes.numbers(ATTRIBUTE.ints).includes(0);
}

/**
 * Whether a reduction is over the batch and its positions: an attribute names the first two axes, or no axes
 * are named, and none does not mean none.
 */
function reducesAll(node: Message, op: string, given: Given): boolean {
  if (!REDUCTION.test(op) || integer(node, 'noop_with_empty_axes', given) === 1) return false;
  const axes = attributeOf(node, 'axes', given)?.numbers(ATTRIBUTE.ints);
  if (axes !== undefined && axes.length > 0) return axes.includes(0) && axes.includes(1);
  return (node.strings(NODE.input)[1] ?? '') === '';
}

function accuracyLevel(node: Message, given: Given): number | undefined {
  return domainOf(node, NODE.domain) === '' ? undefined : integer(node, 'accuracy_level', given);
}

function integer(node: Message, name: string, given: Given): number | undefined {
  return attributeOf(node, name, given)?.number(ATTRIBUTE.i);
}

/** What of a call's attribute is read here. */
function shownValue([name, value]: [string, Message]): unknown {
  const { i, ints, t } = ATTRIBUTE;
  return [name, value.number(i), value.numbers(ints), value.child(t)?.number(TENSOR.data_type)];
}

function subgraphs(node: Message): Message[] {
  return node
    .children(NODE.attribute)
    .flatMap((each) => [...each.children(ATTRIBUTE.g), ...each.children(ATTRIBUTE.graphs)]);
}

function nameOf(node: Message): NamedNode {
  const [output = ''] = node.strings(NODE.output);
  return { op: node.string(NODE.op_type), name: node.string(NODE.name) || output };
}
