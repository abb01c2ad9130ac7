/**
 * What both native engines do with the addon: open it, run a batch, tell its errors for people.
 */

import { type BpbError, environmentError } from '../errors.js';
import {
  loadAddon,
  type NativeAddon,
  type NativeBatch,
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
import type { GraphValue } from './signature.js';
import type { Batch, EngineOptions } from './types.js';

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

/** The addon. @throws BpbError (environment) where it is not built, in the words of that engine. */
export function requireAddon(engine: string): NativeAddon {
  const native = loadAddon();
  if ('addon' in native) return native.addon;
  throw environmentError('BPB_NATIVE_ADDON', {
    message: `The ${engine} engine is not available.`,
    actual: native.reason,
    hint: 'Build it with npm run build:native (CMake and a C++ compiler), or use onnx-js.',
  });
}

/** An error of the addon, told for people. */
export function translate(error: unknown, modelPath: string): BpbError {
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

/** A batch, and what else the graph reads: its state, the positions whose logits are wanted. */
export type CarriedBatch = Batch & Pick<NativeBatch, 'state' | 'carry' | 'positions'>;

/**
 * Runs a batch that fits the graph, and refuses what came of it where it is no score.
 *
 * @param tell makes a BpbError of the addon's error
 * @param refuse makes one of the index of a scored position whose logits are no distribution
 */
export async function runNative(
  session: NativeSession,
  batch: CarriedBatch,
  options: EngineOptions,
  tell: (error: unknown) => unknown,
  refuse: (index: number) => BpbError,
): Promise<NativeScore> {
  const { modelPath, softcap } = options;
  const result = await session.score({ ...batch, softcap }).catch((error: unknown) => {
    // The addon's own complaint about its arguments: the caller's bug, not the model's.
    if (error instanceof TypeError || error instanceof RangeError) throw error;
    const { code, message } = error as { code?: string; message: string };
    if (code === 'BPB_TARGET') {
      const width = Number(/beyond the (\d+) logits/.exec(message)?.[1]);
      const largest = batch.targets.reduce((most, target) => Math.max(most, target), 0);
      throw vocabularyError(modelPath, width, largest + 1);
    }
    throw tell(error);
  });
  const needed = options.minVocabulary ?? 0;
  if (result.vocabulary < needed) throw vocabularyError(modelPath, result.vocabulary, needed);
  if (result.refused >= 0) throw refuse(result.refused);
  return result;
}
