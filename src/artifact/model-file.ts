/**
 * Check of a model file of an artifact, with a guess of what it is where it is no ONNX file.
 */
import { guessContent } from '../data/shard-header.js';
import { inputError } from '../errors.js';
import { checkOnnx } from '../onnx/check.js';
import type { OnnxSummary } from '../onnx/summary.js';

/** @throws as `checkOnnx`; BPB_MODEL_NOT_ONNX also for what looks like another kind of file */
export function checkModel(bytes: Uint8Array, path: string): OnnxSummary {
  const guess = bytes.length === 0 ? 'an empty file' : guessContent(bytes.subarray(0, 512));
  if (guess === null) return checkOnnx(bytes, path);
  throw inputError('BPB_MODEL_NOT_ONNX', {
    message: 'the model is not an ONNX file',
    path,
    expected: 'an ONNX model',
    actual: guess,
    hint: 'a compressed model needs its extension (.gz, .br, .xz, .zst); an LFS pointer needs `git lfs pull`',
  });
}
