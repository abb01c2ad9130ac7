/**
 * The onnx-js engine: onnxruntime-node's own JavaScript API and the scorer in TypeScript.
 *
 * Slower than the native one and independent of it: the fallback, and the second opinion.
 */

import { cpus } from 'node:os';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import {
  closedError,
  modelLoadError,
  modelRunError,
  nanLogits,
  noBfloat16Error,
  outputShapeError,
  overflowError,
  vocabularyError,
} from './engine-errors.js';
import { decodeHalves } from './half.js';
import { runtimePackageVersion } from './library.js';
import { checkBatch, padBatch } from './pad.js';
import { segmentTotals } from './q30.js';
import { SESSION_CONFIG } from './session-config.js';
import { checkOptions, checkSignature, type GraphValue, type Signature } from './signature.js';
import { type Logits, targetNats } from './softmax.js';
import type { Batch, BatchScore, Engine, EngineInfo, EngineOptions } from './types.js';

function graphValue(value: InferenceSession.ValueMetadata): GraphValue {
  if (!value.isTensor) return { name: value.name, type: 'none', dims: [] };
  const dims = value.shape.map((dim) => (typeof dim === 'number' ? dim : -1));
  return { name: value.name, type: value.type, dims };
}

function sessionOptions(options: EngineOptions): InferenceSession.SessionOptions {
  return {
    executionProviders: ['cpu'],
    intraOpNumThreads: options.threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: options.optimize ? 'all' : 'disabled',
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

function idsTensor(batch: Batch, idType: Signature['idType']): Tensor {
  const dims = [batch.rows, batch.time];
  if (idType === 'int32') return new Tensor('int32', batch.ids, dims);
  return new Tensor('int64', BigInt64Array.from(batch.ids, BigInt), dims);
}

class OnnxJsEngine implements Engine {
  readonly info: EngineInfo;
  readonly #session: InferenceSession;
  readonly #idType: Signature['idType'];
  readonly #options: EngineOptions;
  #closed = false;

  constructor(
    session: InferenceSession,
    info: EngineInfo,
    idType: Signature['idType'],
    options: EngineOptions,
  ) {
    this.#session = session;
    this.info = info;
    this.#idType = idType;
    this.#options = options;
  }

  async score(batch: Batch): Promise<BatchScore> {
    if (this.#closed) throw closedError();
    checkBatch(batch);
    const { modelPath, softcap } = this.#options;
    const padded = padBatch(batch, this.info, modelPath);

    const started = performance.now();
    const output = await this.#run(padded);
    const ran = performance.now();

    const logits = this.#logits(output, padded);
    const largest = batch.targets.reduce((most, target) => Math.max(most, target), -1);
    const needed = Math.max(this.#options.minVocabulary ?? 0, largest + 1);
    if (logits.vocabulary < needed) throw vocabularyError(modelPath, logits.vocabulary, needed);
    const nats = targetNats(logits, padded.scored, padded.targets, softcap);
    output.dispose();
    const refused = nats.findIndex(Number.isNaN);
    if (refused >= 0) throw nanLogits(modelPath, batch, refused);
    const { totals } = this.#totals(nats, batch.segmentEnds);
    return {
      nats,
      totals,
      runSeconds: (ran - started) / 1000,
      scoreSeconds: (performance.now() - ran) / 1000,
    };
  }

  async #run(batch: Batch): Promise<Tensor> {
    const { modelPath, tokensInput, logitsOutput } = this.#options;
    try {
      const feeds = { [tokensInput]: idsTensor(batch, this.#idType) };
      const results = await this.#session.run(feeds, [logitsOutput]);
      return results[logitsOutput]!;
    } catch (error) {
      throw modelRunError(modelPath, (error as Error).message, error);
    }
  }

  #logits(output: Tensor, batch: Batch): Logits {
    const { modelPath } = this.#options;
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

  #totals(nats: Float32Array, ends: Uint32Array): { totals: BigInt64Array } {
    try {
      return segmentTotals(nats, ends);
    } catch (error) {
      throw overflowError(this.#options.modelPath, (error as Error).message);
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#session.release();
  }
}

/**
 * Opens the model on onnxruntime-node.
 *
 * @throws BpbError (input) for a model that cannot be loaded or does not take ids and give logits,
 * (environment) for bfloat16 logits, which the JavaScript API cannot hold.
 */
export async function openOnnxJs(options: EngineOptions): Promise<Engine> {
  checkOptions(options);
  const { modelPath, threads } = options;
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(options.model, sessionOptions(options));
  } catch (error) {
    const { message } = error as Error;
    // ONNX's number of bfloat16: the API gives up on such a graph before it can be asked about it.
    if (/Unsupported data type: 16$/.test(message)) throw noBfloat16Error(modelPath);
    throw modelLoadError(modelPath, message, error);
  }
  try {
    const signature = checkSignature(
      session.inputMetadata.map(graphValue),
      session.outputMetadata.map(graphValue),
      options,
    );
    const { idType, precision, vocabulary, fixedRows, fixedTime } = signature;
    if (precision === 'bf16') throw noBfloat16Error(modelPath);
    const info: EngineInfo = {
      name: 'onnx-js',
      provider: 'cpu',
      device: cpus()[0]?.model ?? 'unknown',
      precision,
      threads,
      instructionSet: 'float64',
      versions: { 'onnxruntime-node': runtimePackageVersion() },
      vocabulary,
      fixedRows,
      fixedTime,
    };
    return new OnnxJsEngine(session, info, idType, options);
  } catch (error) {
    await session.release();
    throw error;
  }
}
