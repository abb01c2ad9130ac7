/**
 * Engine onnx-js: onnxruntime-node's own JavaScript API and the scorer in TypeScript.
 *
 * Slower than the native one and independent of it: the fallback, and the reference implementation
 * that verifies every run.
 */

import { cpus } from 'node:os';
import { type InferenceSession, Tensor } from 'onnxruntime-node';
import { closedError, modelRunError, noBfloat16Error } from './engine-errors.js';
import { explainRun } from './explain-run.js';
import { graphValue, idsTensor, openSession, scoreLogits } from './js-session.js';
import { runtimePackageVersion } from './library.js';
import { nanLogits } from './nan-logits.js';
import type { Opened } from './open-graph.js';
import { checkBatch, fixedShape, padBatch } from './pad.js';
import { positionList, toPositionRow } from './positions.js';
import { checkOptions, checkSignature, type Signature } from './signature.js';
import { type Piece, scorePieces } from './split.js';
import type {
  Batch,
  BatchScore,
  Engine,
  EngineInfo,
  EngineOptions,
  GraphOptions,
} from './types.js';

class OnnxJsEngine implements Engine {
  readonly info: EngineInfo;
  readonly remarks: readonly string[];
  readonly #session: InferenceSession;
  readonly #signature: Signature;
  readonly #graph: GraphOptions;
  #closed = false;

  constructor(
    { session, remarks }: Opened<InferenceSession>,
    info: EngineInfo,
    signature: Signature,
    graph: GraphOptions,
  ) {
    this.#session = session;
    this.remarks = remarks;
    this.info = info;
    this.#signature = signature;
    this.#graph = graph;
  }

  async score(batch: Batch): Promise<BatchScore> {
    if (this.#closed) throw closedError();
    checkBatch(batch);
    const limits = { rows: this.info.fixedRows, count: this.#signature.fixedCount };
    return scorePieces(batch, limits, this.#graph.path, (piece) => this.#scorePiece(piece, batch));
  }

  async #scorePiece({ batch, firstScored }: Piece, whole: Batch): Promise<BatchScore> {
    const { path, positions } = this.#graph;
    const padded = padBatch(batch, this.info, path);
    const list = positions ? positionList(padded, this.#signature.fixedCount, path) : null;

    const started = performance.now();
    const output = await this.#run(padded, list);
    const ran = performance.now();
    const laid = list === null ? padded : toPositionRow(padded, list);
    const scored = scoreLogits(output, laid, this.#graph, (index) =>
      nanLogits(this.#graph, whole, firstScored + index),
    );
    output.dispose();
    return {
      ...scored,
      runSeconds: (ran - started) / 1000,
      scoreSeconds: (performance.now() - ran) / 1000,
      shape: fixedShape(this.info),
    };
  }

  async #run(batch: Batch, list: Uint32Array | null): Promise<Tensor> {
    const { path, tokens, logits, positions } = this.#graph;
    try {
      const { ids, rows, time } = batch;
      const feeds = { [tokens]: idsTensor(ids, [rows, time], this.#signature.idType) };
      if (list !== null) {
        const flat = BigInt64Array.from(list, BigInt);
        feeds[positions!] = new Tensor('int64', flat, [flat.length]);
      }
      const results = await this.#session.run(feeds, [logits]);
      return results[logits]!;
    } catch (error) {
      throw explainRun(modelRunError(path, (error as Error).message, error), batch, this.#graph);
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
  const { graph, runtime } = options;
  const { session, remarks } = await openSession(graph, runtime);
  try {
    const signature = checkSignature(
      session.inputMetadata.map(graphValue),
      session.outputMetadata.map(graphValue),
      graph,
    );
    if (signature.precision === 'bf16') throw noBfloat16Error(graph.path);
    const info = jsEngineInfo(signature, runtime.threads);
    return new OnnxJsEngine({ session, remarks }, info, signature, graph);
  } catch (error) {
    await session.release();
    throw error;
  }
}

/** How a result describes the JavaScript API and the scorer in TypeScript. */
export function jsEngineInfo(signature: Signature, threads: number): EngineInfo {
  const { precision, vocabulary, fixedRows, fixedTime } = signature;
  return {
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
}
