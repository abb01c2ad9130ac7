/**
 * What a graph asks for and does, read and not run: chance, texts, open control flow, more inputs
 * than it may have, constants that nothing uses.
 */

import { type Node, OnnxGraph } from '../../onnx/graph.js';
import type { ModelGraph } from './graph.js';

/** Operators whose result is not a function of their inputs. */
const RANDOM = /^(Random\w*|Multinomial|Bernoulli)$/;
/** Operators on texts, and those that look numbers or texts up in a table of their attributes. */
const TEXT =
  /^(String\w*|RegexFullMatch|TfIdfVectorizer|LabelEncoder|CategoryMapper|DictVectorizer|Tokenizer|\w*Tokenizer)$/;
/** Operators that run a subgraph as they see fit. */
const CONTROL = /^(If|BeamSearch|GreedySearch|Sampling|WhisperBeamSearch)$/;
const STRING_TYPE = 8;

export interface Reading {
  /** What fails. */
  readonly findings: string[];
  /** What a reader may want to know. */
  readonly remarks: string[];
}

export function readGraph({ path, bytes, summary, inputs }: ModelGraph): Reading {
  const findings: string[] = [];
  const remarks: string[] = [];
  const called = [...summary.operators.keys(), ...summary.functions.flatMap(({ calls }) => calls)];
  const operators = [...new Set(called)].map((id) => id.slice(id.lastIndexOf(':') + 1));
  const named = (pattern: RegExp) => operators.filter((op) => pattern.test(op)).join(', ');
  const say = (what: string, names: string) => {
    if (names !== '') findings.push(`${what}: ${names}`);
  };
  say('operators of chance', named(RANDOM));
  say('operators on texts or hidden tables', named(TEXT));
  say('open control flow', named(CONTROL));

  const graph = OnnxGraph.parse(bytes, path);
  const flow = new Flow(graph);
  const loops = graph.nodes.filter(({ op }) => op === 'Loop');
  const allLoops = summary.operators.get(':Loop') ?? 0;
  const inFunctions = summary.functions.some(({ calls }) => calls.includes(':Loop'));
  if (allLoops > loops.length || inFunctions) {
    findings.push('a Loop inside a subgraph, whose bound depends on where it stands');
  }
  for (const loop of loops) {
    const [trips = ''] = loop.inputs;
    if (trips === '') findings.push(`a Loop without a bound (${loop.outputs[0] ?? loop.name})`);
    else if (flow.readsValues(trips)) {
      findings.push(`a Loop as long as the tokens say (${loop.outputs[0] ?? loop.name})`);
    }
  }
  for (const node of graph.nodes) {
    if (node.op === 'Dropout' && trains(node, graph)) findings.push('a Dropout in training mode');
  }
  const others = summary.inputs.filter(({ name }) => !inputs.has(name)).map(({ name }) => name);
  say('inputs that are neither tokens nor state', others.join(', '));
  const texts = graph.initializers.filter(({ type }) => type === STRING_TYPE);
  say('constants of text', texts.map(({ name }) => name).join(', '));

  const unused = flow.unused();
  if (unused.length > 0) {
    const some = unused.slice(0, 3).join(', ');
    remarks.push(`${unused.length} initializers that nothing uses: ${some}`);
  }
  return { findings, remarks };
}

/** Whether the third input may be true. */
function trains({ inputs }: Node, graph: OnnxGraph): boolean {
  const name = inputs[2] ?? '';
  if (name === '') return false;
  const constant = graph.initializers.find((each) => each.name === name)?.decode();
  return constant?.uniform() !== 0;
}

/** Which value comes from where. */
class Flow {
  private readonly makers = new Map<string, Node>();

  constructor(private readonly graph: OnnxGraph) {
    for (const node of graph.nodes) for (const name of node.outputs) this.makers.set(name, node);
  }

  /** Whether a value depends on the values of an input, and not on its shape alone. */
  readsValues(name: string): boolean {
    const constants = new Set(this.graph.initializers.map((each) => each.name));
    const seen = new Set<string>();
    const open = [name];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at === '' || constants.has(at) || seen.has(at)) continue;
      seen.add(at);
      const maker = this.makers.get(at);
      if (maker === undefined) return true;
      if (maker.op === 'Shape' || maker.op === 'Size') continue;
      open.push(...reads(maker));
    }
    return false;
  }

  unused(): string[] {
    const used = new Set(this.graph.nodes.flatMap(reads));
    for (const { name } of this.graph.ports('output')) used.add(name);
    return this.graph.initializers.flatMap(({ name }) => (used.has(name) ? [] : [name]));
  }
}

function reads({ inputs, attributes }: Node): string[] {
  return [...inputs, ...[...attributes.values()].flatMap(({ captures }) => captures)];
}
