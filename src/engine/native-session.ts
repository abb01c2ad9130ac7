/**
 * Batches on a session of the addon, and its errors as BpbErrors, for the native engines.
 */

import { BpbError, environmentError } from '../errors.js';
import { BUILD_NATIVE } from '../package-scripts.js';
import {
  loadAddon,
  type NativeAddon,
  type NativeBatch,
  type NativeError,
  type NativeScore,
  type NativeSession,
  type NativeValue,
} from './addon.js';
import {
  modelLoadError,
  modelRunError,
  outputShapeError,
  overflowError,
  vocabularyError,
} from './engine-errors.js';
import { explainRun } from './explain-run.js';
import { plainText } from './runtime-text.js';
import type { GraphValue } from './signature.js';
import type { Batch, GraphOptions } from './types.js';

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

export function graphValue({ name, type, dims }: NativeValue): GraphValue {
  return { name, type: TYPE_NAMES[type] ?? `ONNX type ${type}`, dims };
}

/** @throws BpbError (environment) naming the engine that needs it, where the addon is not built */
export function requireAddon(engine: string): NativeAddon {
  const native = loadAddon();
  if ('addon' in native) return native.addon;
  throw environmentError('BPB_NATIVE_ADDON', {
    message: `The ${engine} engine is not available.`,
    actual: native.reason,
    hint: `Build it with ${BUILD_NATIVE} (CMake and a C++ compiler), or use onnx-js.`,
  });
}

/** An error of the addon as a BpbError. */
export function translate(error: unknown, path: string): BpbError {
  const { code, message: said } = error as NativeError;
  const message = plainText(said);
  switch (code) {
    case 'BPB_LIBRARY':
      return environmentError('BPB_ORT_LIBRARY', {
        message: 'libonnxruntime cannot be used.',
        actual: message,
        cause: error,
      });
    case 'BPB_OPEN':
      return modelLoadError(path, message, error);
    case 'BPB_OUTPUT':
      return outputShapeError(path, message);
    case 'BPB_OVERFLOW':
      return overflowError(path, message);
    default:
      return modelRunError(path, message, error);
  }
}

/** A batch, and what else the graph reads: its state, the positions whose logits are wanted. */
type CarriedBatch = Batch & Pick<NativeBatch, 'state' | 'carry' | 'positions'>;

/**
 * Runs a batch that fits the graph; logits that are no distribution are refused.
 *
 * @param toBpbError converts the addon's error
 * @param refuse returns the error for the index of a scored position without a distribution
 */
export async function runNative(
  session: NativeSession,
  batch: CarriedBatch,
  graph: GraphOptions,
  toBpbError: (error: unknown) => unknown,
  refuse: (index: number) => BpbError,
): Promise<NativeScore> {
  const { path, softcap, minVocabulary: needed = 0 } = graph;
  const result = await session.score({ ...batch, softcap }).catch((error: unknown) => {
    // An error of the addon about its arguments: a bug of the caller, not the model's.
    if (error instanceof TypeError || error instanceof RangeError) throw error;
    const { code, vocabulary } = error as NativeError;
    if (code === 'BPB_TARGET' && vocabulary !== undefined) {
      const largest = batch.targets.reduce((most, target) => Math.max(most, target), 0);
      throw vocabularyError(path, vocabulary, largest + 1);
    }
    const converted = toBpbError(error);
    throw converted instanceof BpbError ? explainRun(converted, batch, graph) : converted;
  });
  if (result.vocabulary < needed) throw vocabularyError(path, result.vocabulary, needed);
  if (result.refused >= 0) throw refuse(result.refused);
  return result;
}
