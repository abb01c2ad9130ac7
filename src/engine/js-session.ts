/**
 * Sessions, id tensors and scoring of logits in TypeScript, for the engines on onnxruntime-node's
 * JavaScript API.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { BpbError } from '../errors.js';
import { decodeHalves } from '../onnx/float16.js';
import {
  modelLoadError,
  noBfloat16Error,
  outputShapeError,
  overflowError,
  vocabularyError,
} from './engine-errors.js';
import { type Opened, openGraph } from './open-graph.js';
import { spanTotals } from './q30.js';
import { sessionConfig } from './session-config.js';
import type { GraphValue, Signature } from './signature.js';
import { type Logits, rowFacts, targetNats } from './softmax.js';
import type { Batch, BatchScore, GraphOptions, LogitFacts, RuntimeOptions } from './types.js';

export function graphValue(value: InferenceSession.ValueMetadata): GraphValue {
  if (!value.isTensor) return { name: value.name, type: 'none', dims: [] };
  const dims = value.shape.map((dim) => (typeof dim === 'number' ? dim : -1));
  return { name: value.name, type: value.type, dims };
}

/** @throws BpbError (input), or (environment) for bfloat16, which the JavaScript API cannot hold */
export function openSession(
  graph: Pick<GraphOptions, 'model' | 'path'>,
  options: Pick<RuntimeOptions, 'threads' | 'optimize'>,
): Promise<Opened<InferenceSession>> {
  return openGraph(graph, async (model) => {
    try {
      return await InferenceSession.create(unshared(model), sessionOptions(options));
    } catch (error) {
      const { message } = error as Error;
      // 16 is ONNX's number of bfloat16: the API throws on such a graph before its metadata can be read.
      if (/Unsupported data type: 16$/.test(message)) throw noBfloat16Error(graph.path);
      throw modelLoadError(graph.path, message, error);
    }
  });
}

/** ONNX Runtime's JavaScript API refuses shared memory: a copy of the model where it is shared. */
function unshared(model: Uint8Array): Uint8Array {
  return model.buffer instanceof SharedArrayBuffer ? model.slice() : model;
}

function sessionOptions({
  threads,
  optimize,
}: Pick<RuntimeOptions, 'threads' | 'optimize'>): InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: optimize ? 'all' : 'disabled',
    // Failures come back as messages; the runtime need not print them as well.
    logSeverityLevel: 4,
    extra: { session: nested(sessionConfig()) },
  };
}

/** Config entries as `extra.session` wants them: the keys after the `session.` that they share. */
function nested(config: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key.replace(/^session\./, ''), value]),
  );
}

export function idsTensor(
  ids: Int32Array,
  dims: readonly number[],
  idType: Signature['idType'],
): Tensor {
  if (idType === 'int32') return new Tensor('int32', ids, dims);
  return new Tensor('int64', BigInt64Array.from(ids, BigInt), dims);
}

/**
 * Scores the logits of `padded`; logits that are no distribution are refused.
 *
 * @param refuse returns the error for the index of a scored position without a distribution
 */
export function scoreLogits(
  output: Tensor,
  padded: Batch,
  graph: GraphOptions,
  refuse: (index: number) => BpbError,
): Pick<BatchScore, 'nats' | 'q30' | 'vocabulary' | 'facts'> {
  const { path, softcap, minVocabulary = 0 } = graph;
  const logits = readLogits(output, padded, path);
  const largest = padded.targets.reduce((most, target) => Math.max(most, target), -1);
  const needed = Math.max(minVocabulary, largest + 1);
  if (logits.vocabulary < needed) throw vocabularyError(path, logits.vocabulary, needed);
  const nats = targetNats(logits, padded.scored, padded.targets, softcap);
  const refused = nats.findIndex(Number.isNaN);
  if (refused >= 0) throw refuse(refused);
  try {
    const { q30 } = spanTotals(nats, padded.spanEnds);
    const facts = graph.facts ? factsOf(logits, padded.scored) : undefined;
    return { nats, q30, vocabulary: logits.vocabulary, facts };
  } catch (error) {
    throw overflowError(path, (error as Error).message);
  }
}

function factsOf({ values, vocabulary }: Logits, scored: Uint32Array): LogitFacts {
  const of = () => new Float64Array(scored.length);
  const facts = { smallest: of(), sum: of(), logSum: of() };
  for (const [k, row] of scored.entries()) {
    const logits = values.subarray(row * vocabulary, (row + 1) * vocabulary);
    [facts.smallest[k], facts.sum[k], facts.logSum[k]] = rowFacts(logits);
  }
  return facts;
}

function readLogits(output: Tensor, batch: Batch, path: string): Logits {
  const [rows, time, vocabulary] = output.dims;
  if (output.dims.length !== 3 || rows !== batch.rows || time !== batch.time || !vocabulary) {
    const expected = `expected [${batch.rows}, ${batch.time}, vocabulary]`;
    throw outputShapeError(path, `${expected}, got [${output.dims.join(', ')}]`);
  }
  if (output.type === 'float32') return { values: output.data as Float32Array, vocabulary };
  if (output.type !== 'float16') throw outputShapeError(path, output.type);
  // A Uint16Array, or a Float16Array where the JavaScript engine has one: the bits are the same.
  const { buffer, byteOffset, length } = output.data as Uint16Array;
  return { values: decodeHalves(new Uint16Array(buffer, byteOffset, length)), vocabulary };
}
