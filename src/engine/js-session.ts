/**
 * What the engines on onnxruntime-node's JavaScript API share: opening a session, feeding it ids,
 * reading and scoring its logits with the scorer in TypeScript.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { decodeHalves } from '../onnx/half.js';
import {
  modelLoadError,
  noBfloat16Error,
  outputShapeError,
  overflowError,
  vocabularyError,
} from './engine-errors.js';
import { nanLogits, type ScoredModel } from './nan-logits.js';
import { type Opened, openGraph } from './open-graph.js';
import { segmentTotals } from './q30.js';
import { SESSION_CONFIG } from './session-config.js';
import type { GraphValue, Signature } from './signature.js';
import { type Logits, targetNats } from './softmax.js';
import type { Batch, BatchScore, EngineOptions } from './types.js';

export function graphValue(value: InferenceSession.ValueMetadata): GraphValue {
  if (!value.isTensor) return { name: value.name, type: 'none', dims: [] };
  const dims = value.shape.map((dim) => (typeof dim === 'number' ? dim : -1));
  return { name: value.name, type: value.type, dims };
}

/** @throws BpbError (input), or (environment) for bfloat16, which the JavaScript API cannot hold */
export function openSession(
  model: Uint8Array,
  modelPath: string,
  options: Pick<EngineOptions, 'threads' | 'optimize'>,
): Promise<Opened<InferenceSession>> {
  return openGraph(model, modelPath, async (form) => {
    try {
      return await InferenceSession.create(form, sessionOptions(options));
    } catch (error) {
      const { message } = error as Error;
      // ONNX's number of bfloat16: the API gives up on such a graph before it can be asked about it.
      if (/Unsupported data type: 16$/.test(message)) throw noBfloat16Error(modelPath);
      throw modelLoadError(modelPath, message, error);
    }
  });
}

function sessionOptions({
  threads,
  optimize,
}: Pick<EngineOptions, 'threads' | 'optimize'>): InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: optimize ? 'all' : 'disabled',
    // Failures come back as messages; the runtime need not print them as well.
    logSeverityLevel: 4,
    extra: { session: nested(SESSION_CONFIG) },
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
 * Scores logits that came of `padded`, and refuses what is no score.
 *
 * @param batch as it was before padding: for the row and offset of a refusal
 */
export function scoreLogits(
  output: Tensor,
  padded: Batch,
  batch: Batch,
  options: ScoredModel & Pick<EngineOptions, 'softcap' | 'minVocabulary'>,
): Pick<BatchScore, 'nats' | 'totals'> {
  const { modelPath, softcap } = options;
  const logits = readLogits(output, padded, modelPath);
  const largest = batch.targets.reduce((most, target) => Math.max(most, target), -1);
  const needed = Math.max(options.minVocabulary ?? 0, largest + 1);
  if (logits.vocabulary < needed) throw vocabularyError(modelPath, logits.vocabulary, needed);
  const nats = targetNats(logits, padded.scored, padded.targets, softcap);
  const refused = nats.findIndex(Number.isNaN);
  if (refused >= 0) throw nanLogits(options, batch, refused);
  try {
    return { nats, totals: segmentTotals(nats, batch.segmentEnds).totals };
  } catch (error) {
    throw overflowError(modelPath, (error as Error).message);
  }
}

function readLogits(output: Tensor, batch: Batch, modelPath: string): Logits {
  const [rows, time, vocabulary] = output.dims;
  if (output.dims.length !== 3 || rows !== batch.rows || time !== batch.time || !vocabulary) {
    const expected = `expected [${batch.rows}, ${batch.time}, vocabulary]`;
    throw outputShapeError(modelPath, `${expected}, got [${output.dims.join(', ')}]`);
  }
  if (output.type === 'float32') return { values: output.data as Float32Array, vocabulary };
  if (output.type !== 'float16') throw outputShapeError(modelPath, output.type);
  // A Uint16Array, or a Float16Array where the JavaScript engine has one: the bits are the same.
  const { buffer, byteOffset, length } = output.data as Uint16Array;
  return { values: decodeHalves(new Uint16Array(buffer, byteOffset, length)), vocabulary };
}
