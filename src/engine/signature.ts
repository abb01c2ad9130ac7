/**
 * Checks of a graph's ports before a run: token ids in, logits out.
 */

import { type BpbError, inputError, usageError } from '../errors.js';
import { type FixedAxes, readFixedAxes } from '../fixed-axes.js';
import { vocabularyError } from './engine-errors.js';
import type { EngineInfo, EngineOptions, GraphOptions } from './types.js';

/** An input or output as a runtime describes it; symbolic dimensions are -1. */
export interface GraphValue {
  readonly name: string;
  /** 'int64', 'float32', …; 'none' where it is no tensor. */
  readonly type: string;
  readonly dims: readonly number[];
}

/** Facts of a graph that an engine depends on. */
export interface Signature extends FixedAxes {
  readonly idType: 'int64' | 'int32';
  readonly precision: EngineInfo['precision'];
  readonly vocabulary: number | null;
  /** Length that the graph fixes of the list of scored positions; null where it takes none. */
  readonly fixedCount: number | null;
}

const PRECISIONS: Readonly<Record<string, EngineInfo['precision']>> = {
  float32: 'fp32',
  float16: 'fp16',
  bfloat16: 'bf16',
};

function signatureError(
  code: 'BPB_MODEL_INPUT' | 'BPB_MODEL_OUTPUT',
  path: string,
  message: string,
  expected: string,
  actual: string,
): BpbError {
  return inputError(code, { message, path, expected, actual });
}

/** `int64 [?, 1024]` */
function describe(value: GraphValue): string {
  return `${value.type} [${value.dims.map((dim) => (dim < 0 ? '?' : dim)).join(', ')}]`;
}

function names(values: readonly GraphValue[]): string {
  return values.map((value) => `${value.name}: ${describe(value)}`).join('; ') || 'none';
}

function tokensValue(
  inputs: readonly GraphValue[],
  graph: GraphOptions,
  alsoGiven: readonly string[],
): GraphValue {
  const { tokens: name, path } = graph;
  const value = inputs.find((input) => input.name === name);
  const fail = (message: string, expected: string, actual: string) =>
    signatureError('BPB_MODEL_INPUT', path, message, expected, actual);
  if (value === undefined) {
    throw fail(`The model has no input "${name}".`, `an input "${name}"`, names(inputs));
  }
  if (inputs.some((input) => input !== value && !alsoGiven.includes(input.name))) {
    const expected = [name, ...alsoGiven].map((each) => `"${each}"`).join(', ');
    const message = 'The model needs more inputs than it is given.';
    throw fail(message, `only ${expected}`, names(inputs));
  }
  // A graph may leave the shape of a value open; ONNX Runtime shows that as rank 0.
  const rankFits = value.dims.length === 2 || value.dims.length === 0;
  if ((value.type !== 'int64' && value.type !== 'int32') || !rankFits) {
    const expected = 'int64 or int32 [batch, time]';
    throw fail(`The input "${name}" does not take token ids.`, expected, describe(value));
  }
  return value;
}

function positionsValue(inputs: readonly GraphValue[], graph: GraphOptions): GraphValue | null {
  const { positions: name, path } = graph;
  if (name === null || name === undefined) return null;
  const value = inputs.find((input) => input.name === name);
  if (value?.type === 'int64' && value.dims.length === 1) return value;
  const message = `The model has no input "${name}" of scored positions.`;
  const expected = `"${name}": int64 [count]`;
  throw signatureError('BPB_MODEL_INPUT', path, message, expected, names(inputs));
}

function logitsValue(outputs: readonly GraphValue[], graph: GraphOptions): GraphValue {
  const { logits: name, path } = graph;
  const value = outputs.find((output) => output.name === name);
  const fail = (message: string, expected: string, actual: string) =>
    signatureError('BPB_MODEL_OUTPUT', path, message, expected, actual);
  if (value === undefined) {
    throw fail(`The model has no output "${name}".`, `an output "${name}"`, names(outputs));
  }
  const rankFits = value.dims.length === 3 || value.dims.length === 0;
  if (!(value.type in PRECISIONS) || !rankFits) {
    const expected = 'float32, float16 or bfloat16 [batch, time, vocabulary]';
    throw fail(`The output "${name}" does not hold logits.`, expected, describe(value));
  }
  return value;
}

/** A dimension that the graph fixes, else null. */
function fixed(dim: number | undefined): number | null {
  return dim === undefined || dim < 0 ? null : dim;
}

/**
 * The axes of the ids, and those of the logits where the ids are open and the graph computes the batch
 * as a constant. A time that is a constant alone comes from a table or a mask, which a run explains.
 */
function axesOf(tokens: GraphValue, logits: GraphValue): readonly number[] {
  const isComputed = logits.dims.length > 0 && logits.dims[0]! >= 0;
  if (tokens.dims.length === 0 || !isComputed) return tokens.dims;
  return tokens.dims.map((dim, k) => (dim < 0 ? logits.dims[k]! : dim));
}

/**
 * @param alsoGiven inputs that the engine feeds in addition to the token ids
 * @throws BpbError (input) naming the model, what was expected of it and what it has instead.
 */
export function checkSignature(
  inputs: readonly GraphValue[],
  outputs: readonly GraphValue[],
  graph: GraphOptions,
  alsoGiven: readonly string[] = [],
): Signature {
  const positions = positionsValue(inputs, graph);
  const given = positions === null ? alsoGiven : [positions.name, ...alsoGiven];
  const tokens = tokensValue(inputs, graph, given);
  const logits = logitsValue(outputs, graph);
  const vocabulary = fixed(logits.dims[2]);
  const needed = graph.minVocabulary ?? 0;
  if (vocabulary !== null && vocabulary < needed) {
    throw vocabularyError(graph.path, vocabulary, needed);
  }
  return {
    idType: tokens.type === 'int32' ? 'int32' : 'int64',
    precision: PRECISIONS[logits.type]!,
    vocabulary,
    // Where positions are read, the logits are [1, count, vocabulary], whatever the batch.
    ...readFixedAxes(positions === null ? axesOf(tokens, logits) : tokens.dims, graph.path),
    fixedCount: fixed(positions?.dims[0]),
  };
}

/** Checks the options that any engine takes. @throws BpbError (usage). */
export function checkOptions({ graph, runtime }: EngineOptions): void {
  const { softcap } = graph;
  const { threads } = runtime;
  if (softcap !== null && !(softcap >= 1e-6 && softcap <= 1e6)) {
    throw usageError('BPB_SOFTCAP', {
      message: 'The softcap is out of range.',
      path: 'softcap',
      expected: 'a number from 1e-6 to 1e6, or null',
      actual: String(softcap),
    });
  }
  if (!Number.isInteger(threads) || threads < 1 || threads > 4096) {
    throw usageError('BPB_THREADS', {
      message: 'The number of threads is out of range.',
      path: 'threads',
      expected: 'a whole number from 1 to 4096',
      actual: String(threads),
    });
  }
}
