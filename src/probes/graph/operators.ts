/**
 * Findings about a graph's operators and inputs: randomness, texts, open control flow, further inputs,
 * unused constants.
 */

import { type Node, OnnxGraph } from '../../onnx/graph.js';
import { NODE } from '../../onnx/schema.js';
import type { OnnxSummary } from '../../onnx/summary.js';
import { Flow } from './flow.js';

/** A graph of the artifact, and the inputs that it may have. */
export interface ModelGraph {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly summary: OnnxSummary;
  readonly inputs: ReadonlySet<string>;
}

/** Operators whose result is not a function of their inputs. */
const RANDOM = /^(Random\w*|Multinomial|Bernoulli)$/;
/** Operators on texts, and those that look numbers or texts up in a table of their attributes. */
const TEXT =
  /^(String\w*|RegexFullMatch|TfIdfVectorizer|LabelEncoder|CategoryMapper|DictVectorizer|Tokenizer|\w*Tokenizer)$/;
/** Operators that run a subgraph depending on values, `If` apart. */
const CONTROL = /^(BeamSearch|GreedySearch|Sampling|WhisperBeamSearch)$/;
const STRING_TYPE = 8;

interface Reading {
  /** Reasons to fail the probe. */
  readonly findings: string[];
  /** Notes that do not fail it. */
  readonly remarks: string[];
}

export function readGraph({ path, bytes, summary, inputs }: ModelGraph): Reading {
  const findings: string[] = [];
  const remarks: string[] = [];
  const called = [
    ...summary.operators.keys(),
    ...summary.functions.flatMap((body) => body.operators),
  ];
  const operators = [...new Set(called)].map((id) => id.slice(id.lastIndexOf(':') + 1));
  const named = (pattern: RegExp) => operators.filter((op) => pattern.test(op)).join(', ');
  const report = (what: string, names: string) => {
    if (names !== '') findings.push(`${what}: ${names}`);
  };
  report('operators of chance', named(RANDOM));
  report('operators on texts or hidden tables', named(TEXT));
  report('open control flow', named(CONTROL));

  const graph = OnnxGraph.parse(bytes, path);
  const flow = new Flow(bytes, path);
  const conditions = flow.nodes
    .filter((node) => node.string(NODE.op_type) === 'If')
    .map((node) => node.strings(NODE.input)[0] ?? '');
  if (conditions.some((name) => flow.readsValues(name))) findings.push('open control flow: If');
  else {
    // Exporters write these for squeeze and for rotary tables; arithmetic could tell lengths apart as well.
    const byShape = conditions.filter((name) => !flow.isConstant(name)).length;
    if (byShape > 0) remarks.push(`${byShape} If that a shape decides`);
  }
  const loops = graph.nodes.filter(({ op }) => op === 'Loop');
  if (isBelow('Loop', loops, summary)) {
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
  report('inputs that are neither tokens nor state', others.join(', '));
  const texts = graph.initializers.filter(({ type }) => type === STRING_TYPE);
  report('constants of text', texts.map(({ name }) => name).join(', '));

  const unused = unusedOf(graph);
  if (unused.length > 0) {
    const some = unused.slice(0, 3).join(', ');
    remarks.push(`${unused.length} initializers that nothing uses: ${some}`);
  }
  return { findings, remarks };
}

/** Whether an operator also stands in a subgraph or a function, where its input is not followed. */
function isBelow(
  op: string,
  onTop: readonly Node[],
  { operators, functions }: OnnxSummary,
): boolean {
  const inFunctions = functions.some((body) => body.operators.includes(`:${op}`));
  return inFunctions || (operators.get(`:${op}`) ?? 0) > onTop.length;
}

/** Whether the third input may be true. */
function trains({ inputs }: Node, graph: OnnxGraph): boolean {
  const name = inputs[2] ?? '';
  if (name === '') return false;
  const constant = graph.initializers.find((each) => each.name === name)?.decode();
  return constant?.uniform() !== 0;
}

/** Initializers that nothing uses. */
function unusedOf(graph: OnnxGraph): string[] {
  const used = new Set(graph.nodes.flatMap(reads));
  for (const { name } of graph.ports('output')) used.add(name);
  return graph.initializers.flatMap(({ name }) => (used.has(name) ? [] : [name]));
}

function reads({ inputs, attributes }: Node): string[] {
  return [...inputs, ...[...attributes.values()].flatMap(({ captures }) => captures)];
}
