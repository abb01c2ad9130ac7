/**
 * Checks of a manifest's state against the ports of both graphs: every tensor is read and written, in
 * one type and shape, and neither graph has other inputs.
 */
import { type BpbError, inputError } from '../errors.js';
import { TYPE } from '../onnx/element-types.js';
import { describePort, type Port } from '../onnx/port.js';
import type { OnnxSummary } from '../onnx/summary.js';
import type { Adaptive, StateTensor } from './adaptive.js';

interface Graph {
  readonly path: string;
  readonly graph: OnnxSummary;
}

interface StatePorts {
  readonly adaptive: Adaptive;
  readonly manifestPath: string;
  /** The score graph's input of token ids. */
  readonly tokens: string;
  readonly logits: string;
  readonly score: Graph;
  readonly adapt: Graph | null;
}

/** The batch axis of all ports of both graphs: open, or of one size. */
class BatchAxis {
  size: number | null = null;

  /** @throws BPB_STATE_PORT */
  add({ path }: Graph, port: Port): void {
    const rows = port.dims?.[0];
    if (typeof rows !== 'number' || rows === this.size) return;
    if (rows === 0 || this.size !== null) {
      const others =
        this.size === null ? 'a batch of at least 1' : `the ${this.size} of other ports`;
      throw portError(path, `fixes the batch of \`${port.name}\``, others, describePort(port));
    }
    this.size = rows;
  }
}

/**
 * @returns the batch that the graphs fix; null where it is open
 * @throws BPB_STATE_MANIFEST for contradictions of the manifest, BPB_STATE_PORT for a graph's
 */
export function checkStatePorts(ports: StatePorts): number | null {
  const { adaptive, manifestPath, tokens, score, adapt } = ports;
  const { tensors } = adaptive;
  for (const key of ['name', 'in', 'out'] as const) unique(tensors, key, manifestPath);
  distinctPorts(ports);
  const known = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const named = (field: 'reads' | 'writes') =>
    (adaptive.adapt?.[field] ?? []).map((name, at, all) => {
      const tensor = known.get(name);
      if (tensor !== undefined && all.indexOf(name) === at) return tensor;
      throw stateManifestError(
        manifestPath,
        `adapt.${field}`,
        'names of state tensors, each once',
        name,
      );
    });
  const [reads, writes] = [named('reads'), named('writes')];

  const scoreReads = tensors.filter(({ in: name }) => input(score, name) !== undefined);
  const batch = new BatchAxis();
  requireTime(ports, batch, score, tokens, 'score');
  onlyInputs(score, [tokens, ...scoreReads.map((tensor) => tensor.in)], 'the token ids and state');
  if (adapt !== null) {
    const { tokens: ids, targets } = adaptive.adapt!;
    const may = [ids, targets, ...reads.map((tensor) => tensor.in)];
    onlyInputs(
      adapt,
      may.filter((name) => name !== null),
      '`adapt.tokens`, `adapt.targets` and what it `reads`',
    );
    for (const [name, role] of [
      [ids, 'adapt'],
      [targets, 'targets'],
    ] as const) {
      if (name !== null) requireTime(ports, batch, adapt, name, role);
    }
  }
  for (const tensor of tensors) {
    const readers = [
      ...(scoreReads.includes(tensor) ? [score] : []),
      ...(reads.includes(tensor) ? [adapt!] : []),
    ];
    if (readers.length === 0) {
      const expected = 'an input of the score graph, or one of `adapt.reads`';
      throw stateManifestError(manifestPath, `state tensor ${tensor.name}`, expected, 'no reader');
    }
    for (const graph of readers) requirePort(batch, graph, input(graph, tensor.in), tensor, 'in');
    const writer = writes.includes(tensor) ? adapt! : score;
    requirePort(batch, writer, output(writer, tensor.out), tensor, 'out');
  }
  return batch.size;
}

const input = ({ graph }: Graph, name: string) => graph.inputs.find((port) => port.name === name);
const output = ({ graph }: Graph, name: string) => graph.outputs.find((port) => port.name === name);

function unique(tensors: readonly StateTensor[], key: 'name' | 'in' | 'out', path: string): void {
  const seen = new Set<string>();
  for (const tensor of tensors) {
    if (seen.has(tensor[key])) {
      throw stateManifestError(
        path,
        `state.tensors[].${key}`,
        'different names',
        `${tensor[key]} twice`,
      );
    }
    seen.add(tensor[key]);
  }
}

/** One port is for one thing: of two values that it is given, one would be lost. */
function distinctPorts({ adaptive, manifestPath, tokens, logits }: StatePorts): void {
  const { tensors, adapt } = adaptive;
  const refuse = (field: string, actual: string) =>
    stateManifestError(manifestPath, field, 'a port for every tensor', actual);
  if (adapt !== null && adapt.tokens !== null && adapt.tokens === adapt.targets) {
    throw refuse('adapt.targets', `\`${adapt.targets}\`, which takes the token ids`);
  }
  const ids = [tokens, adapt?.tokens, adapt?.targets];
  for (const { name, in: input, out } of tensors) {
    if (ids.includes(input)) throw refuse(`${name}.in`, `\`${input}\`, which takes ids`);
    if (out === logits) throw refuse(`${name}.out`, `\`${out}\`, which gives the logits`);
  }
}

/** A further input would need values that the harness does not have. */
function onlyInputs({ path, graph }: Graph, may: readonly string[], what: string): void {
  const other = graph.inputs.find(({ name }) => !may.includes(name));
  if (other === undefined) return;
  throw portError(
    path,
    `asks for the input \`${other.name}\``,
    `${what}, nothing else`,
    describePort(other),
  );
}

/**
 * Token ids and targets are `[batch, time]`. A graph may fix the time where it is the same at every step
 * whose state is carried on: padding would change that state. The last chunk of a document may be padded.
 */
function requireTime(
  { adaptive }: StatePorts,
  axis: BatchAxis,
  graph: Graph,
  name: string,
  role: 'score' | 'adapt' | 'targets',
): void {
  const port = input(graph, name);
  const { chunk, context, tensors } = adaptive;
  if (port === undefined) {
    const found = graph.graph.inputs.map((each) => each.name).join(', ') || 'none';
    throw portError(graph.path, `has no input \`${name}\``, `an input \`${name}\``, found);
  }
  const ids = port.elementType === TYPE.int64 || port.elementType === TYPE.int32;
  if (!ids || (port.dims !== null && port.dims.length !== 2)) {
    const expected = 'int64 or int32 [batch, time]';
    throw portError(graph.path, `cannot take ids at \`${name}\``, expected, describePort(port));
  }
  if (port.dims === null) return;
  axis.add(graph, port);
  const time = port.dims[1];
  const most = role === 'targets' ? chunk : context + chunk;
  if (typeof time === 'number' && time > most) {
    const what = `asks for tokens that it may not have at \`${name}\``;
    throw portError(graph.path, what, `at most ${most} a document`, describePort(port));
  }
  const steady =
    tensors.every(({ reset }) => reset === 'document') &&
    (role === 'targets' || context === 0) &&
    time === most;
  if (typeof time === 'number' && !steady) {
    const what = `fixes the time of \`${name}\``;
    throw portError(graph.path, what, 'a symbolic time axis', describePort(port));
  }
}

function requirePort(
  batch: BatchAxis,
  graph: Graph,
  port: Port | undefined,
  tensor: StateTensor,
  side: 'in' | 'out',
): void {
  const expected = `${tensor.dtype} [batch${tensor.shape.map((dim) => `, ${dim}`).join('')}]`;
  const of = `the ${side === 'in' ? 'input' : 'output'} \`${tensor[side]}\` of the state \`${tensor.name}\``;
  const { path } = graph;
  if (port === undefined) throw portError(path, `lacks ${of}`, expected, 'no such port');
  const { dims, elementType } = port;
  const fits =
    elementType === TYPE[tensor.dtype] &&
    (dims === null ||
      (dims.length === tensor.shape.length + 1 &&
        tensor.shape.every((dim, i) => typeof dims[i + 1] !== 'number' || dims[i + 1] === dim)));
  if (!fits)
    throw portError(path, `has another shape or type for ${of}`, expected, describePort(port));
  batch.add(graph, port);
}

function portError(path: string, what: string, expected: string, actual: string): BpbError {
  return inputError('BPB_STATE_PORT', {
    message: `the graph ${what}`,
    path,
    expected,
    actual,
    hint: 'docs/adaptive.md says what either graph takes and gives',
  });
}

/** A field of the manifest that contradicts another one, or the graphs. */
export function stateManifestError(
  path: string,
  field: string,
  expected: string,
  actual: string,
): BpbError {
  return inputError('BPB_STATE_MANIFEST', {
    message: `the manifest's field \`${field}\` does not fit the rest`,
    path,
    expected,
    actual,
    hint: 'docs/adaptive.md describes stateful and adaptive artifacts',
  });
}
