/**
 * Probe `graph`: operators, inputs and constants of an artifact's graphs, read without running them.
 */
import type { Artifact } from '../../artifact/load.js';
import type { TokenStream } from '../../data/types.js';
import { constantsOf } from '../../onnx/constants.js';
import { TYPE as TYPES } from '../../onnx/element-types.js';
import { readSummary } from '../../onnx/summary.js';
import type { Tokenizer } from '../../tokenizer/types.js';
import type { ProbeVerdict } from '../../verdict.js';
import { type ModelGraph, readGraph } from './operators.js';
import { LONGEST_BYTES, LONGEST_TOKENS, paidPrefix } from './paid.js';
import { type Sequence, sequencesOf } from './sequences.js';

const MAX_NOTES = 4;

/**
 * @param stream null where there is no data: then constants are not searched
 * @param causes what the graphs do that no number can be had of
 */
export function probeGraph(
  artifact: Artifact,
  stream: TokenStream | null,
  tokenizer: Tokenizer,
  causes: readonly string[] = [],
): ProbeVerdict {
  const graphs = graphsOf(artifact);
  const readings = graphs.map(readGraph);
  const findings = [...causes, ...readings.flatMap((reading) => reading.findings)];
  const remarks = readings.flatMap((reading) => reading.remarks);
  let longest: number | null = null;
  if (stream === null) remarks.push('without data, constants were not searched for it');
  else {
    longest = 0;
    for (const { kind, found } of paidPrefix(sequences(artifact, graphs), stream, tokenizer)) {
      const { length, name, streamAt } = found;
      const limit = kind === 'tokens' ? LONGEST_TOKENS : LONGEST_BYTES;
      if (length > limit) {
        findings.push(
          `the constant \`${name}\` holds ${length} ${kind} of the data in a row, from ${kind === 'tokens' ? 'stream position' : 'byte'} ${streamAt} on`,
        );
      }
      // One figure for both: bytes count as the tokens that the limits equate them with.
      const asTokens = kind === 'tokens' ? length : Math.floor((length * LONGEST_TOKENS) / limit);
      longest = Math.max(longest, asTokens);
    }
  }
  const notes = [...findings, ...remarks];
  const more = notes.length > MAX_NOTES ? `; and ${notes.length - MAX_NOTES} more` : '';
  return {
    name: 'graph',
    what: 'read the graph for operators that can hide something, inputs, and constants that hold the data',
    effect: longest,
    unit: longest === null ? null : 'tokens of the data in a constant',
    tolerance: longest === null ? null : LONGEST_TOKENS,
    verdict: findings.length === 0 ? 'pass' : 'fail',
    note: notes.length === 0 ? null : notes.slice(0, MAX_NOTES).join('; ') + more,
  };
}

function graphsOf({ model, adaptive }: Artifact): ModelGraph[] {
  const { path, bytes, graph, tokens } = model;
  const tensors = adaptive?.tensors ?? [];
  const score = {
    path,
    bytes,
    summary: graph,
    inputs: new Set([tokens, ...tensors.map((tensor) => tensor.in)]),
  };
  const adapt = adaptive?.adapt ?? null;
  if (adapt === null) return [score];
  const { tokens: ids, targets, reads } = adapt;
  const states = tensors.filter(({ name }) => reads.includes(name));
  const inputs = [ids, targets, ...states.map((tensor) => tensor.in)];
  return [
    score,
    {
      path: adapt.path,
      bytes: adapt.bytes,
      summary: readSummary(adapt.bytes, adapt.path),
      inputs: new Set(inputs.filter((name) => name !== null)),
    },
  ];
}

/** Of the graphs' constants and of the state's initial values, which are constants as well. */
function sequences({ adaptive }: Artifact, graphs: readonly ModelGraph[]): Sequence[] {
  const constants = graphs.flatMap(({ bytes, path }) => [...constantsOf(bytes, path)]);
  for (const { name, dtype, init } of adaptive?.tensors ?? []) {
    if (init === null) continue;
    constants.push({ name, type: TYPES[dtype], raw: init, numbers: null, texts: [] });
  }
  return constants.flatMap(sequencesOf);
}
