/**
 * The onnx-cpu engine: the native session and the SIMD scorer.
 */

import { cpus } from 'node:os';
import { type BpbError, environmentError } from '../errors.js';
import { loadAddon, type NativeScore, type NativeSession, type NativeValue } from './addon.js';
import {
  closedError,
  modelLoadError,
  modelRunError,
  nanLogits,
  outputShapeError,
  overflowError,
  vocabularyError,
} from './engine-errors.js';
import { findRuntimeLibrary, runtimePackageVersion } from './library.js';
import { checkBatch, padBatch } from './pad.js';
import { SESSION_CONFIG } from './session-config.js';
import { checkOptions, checkSignature, type GraphValue } from './signature.js';
import type { Batch, BatchScore, Engine, EngineInfo, EngineOptions } from './types.js';

/** Element types by ONNX's numbers, in the names that onnxruntime-node uses as well. */
const TYPE_NAMES: Readonly<Record<number, string>> = {
  0: 'none',
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
  16: 'bfloat16',
};

function graphValue({ name, type, dims }: NativeValue): GraphValue {
  return { name, type: TYPE_NAMES[type] ?? `ONNX type ${type}`, dims };
}

/** An error of the addon, told for people. */
function translate(error: unknown, modelPath: string): BpbError {
  const { code, message } = error as { code?: string; message: string };
  switch (code) {
    case 'BPB_LIBRARY':
      return environmentError('BPB_ORT_LIBRARY', {
        message: 'libonnxruntime cannot be used.',
        actual: message,
        cause: error,
      });
    case 'BPB_OPEN':
      return modelLoadError(modelPath, message, error);
    case 'BPB_OUTPUT':
      return outputShapeError(modelPath, message);
    case 'BPB_OVERFLOW':
      return overflowError(modelPath, message);
    default:
      return modelRunError(modelPath, message, error);
  }
}

class OnnxNativeEngine implements Engine {
  readonly info: EngineInfo;
  readonly #session: NativeSession;
  readonly #options: EngineOptions;
  #closed = false;

  constructor(session: NativeSession, info: EngineInfo, options: EngineOptions) {
    this.#session = session;
    this.info = info;
    this.#options = options;
  }

  async score(batch: Batch): Promise<BatchScore> {
    if (this.#closed) throw closedError();
    checkBatch(batch);
    const { modelPath, softcap } = this.#options;
    const result = await this.#run({ ...padBatch(batch, this.info, modelPath), softcap });
    const needed = this.#options.minVocabulary ?? 0;
    if (result.vocabulary < needed) throw vocabularyError(modelPath, result.vocabulary, needed);
    if (result.refused >= 0) throw nanLogits(modelPath, batch, result.refused);
    const { nats, totals, runSeconds, scoreSeconds } = result;
    return { nats, totals, runSeconds, scoreSeconds };
  }

  async #run(batch: Batch & { softcap: number | null }): Promise<NativeScore> {
    const { modelPath } = this.#options;
    try {
      return await this.#session.score(batch);
    } catch (error) {
      // The addon's own complaint about its arguments: the caller's bug, not the model's.
      if (error instanceof TypeError || error instanceof RangeError) throw error;
      const { code, message } = error as { code?: string; message: string };
      if (code === 'BPB_TARGET') {
        const width = Number(/beyond the (\d+) logits/.exec(message)?.[1]);
        const largest = batch.targets.reduce((most, target) => Math.max(most, target), 0);
        throw vocabularyError(modelPath, width, largest + 1);
      }
      throw translate(error, modelPath);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#session.close();
  }
}

/**
 * Opens the model on the native session.
 *
 * @throws BpbError (environment) without the addon or the library, (input) for a model that cannot
 * be loaded or does not take ids and give logits.
 */
export async function openOnnxNative(options: EngineOptions): Promise<Engine> {
  checkOptions(options);
  const native = loadAddon();
  if ('reason' in native) {
    throw environmentError('BPB_NATIVE_ADDON', {
      message: 'The onnx-cpu engine is not available.',
      actual: native.reason,
      hint: 'Build it with npm run build:native (CMake and a C++ compiler), or use onnx-js.',
    });
  }
  const { modelPath, threads } = options;
  const library = findRuntimeLibrary(options.runtimeDirectory);
  let session: NativeSession;
  try {
    session = await native.addon.open({
      library,
      provider: 'cpu',
      model: options.model,
      tokens: options.tokensInput,
      logits: options.logitsOutput,
      threads,
      optimize: options.optimize,
      config: SESSION_CONFIG,
    });
  } catch (error) {
    throw translate(error, modelPath);
  }
  try {
    const signature = checkSignature(
      session.inputs.map(graphValue),
      session.outputs.map(graphValue),
      options,
    );
    const { precision, vocabulary, fixedRows, fixedTime } = signature;
    const info: EngineInfo = {
      name: 'onnx-cpu',
      provider: 'cpu',
      device: cpus()[0]?.model ?? 'unknown',
      precision,
      threads,
      instructionSet: native.addon.instructionSets().at(-1)!,
      versions: {
        onnxruntime: session.runtimeVersion,
        'onnxruntime-node': runtimePackageVersion(),
      },
      vocabulary,
      fixedRows,
      fixedTime,
    };
    return new OnnxNativeEngine(session, info, options);
  } catch (error) {
    await session.close();
    throw error;
  }
}
