/**
 * Errors of the engines: what one refuses, as a BpbError.
 */

import { BpbError, environmentError, inputError } from '../errors.js';
import { BUILD_NATIVE } from '../package-scripts.js';
import { plainText } from './runtime-text.js';

export function modelLoadError(path: string, reason: string, cause?: unknown): BpbError {
  return inputError('BPB_MODEL_LOAD', {
    message: 'ONNX Runtime cannot load the model.',
    path,
    expected: 'a model that ONNX Runtime can open',
    actual: plainText(reason),
    cause,
  });
}

export function modelRunError(path: string, reason: string, cause?: unknown): BpbError {
  return inputError('BPB_MODEL_RUN', {
    message: 'Running the model failed.',
    path,
    actual: plainText(reason),
    hint: 'An id beyond the embedding table and too little memory for the batch both end here.',
    cause,
  });
}

export function outputShapeError(path: string, reason: string): BpbError {
  const sizes = /^expected \[(\d+), (\d+), vocabulary\], got \[(\d+), 1, \d+\]/.exec(reason);
  // One position for every row, of more than one.
  if (sizes !== null && sizes[1] === sizes[3] && sizes[2] !== '1') {
    return inputError('BPB_MODEL_OUTPUT', {
      message: 'The model gives the logits of the last position alone.',
      path,
      expected: 'logits [batch, time, vocabulary] for ids [batch, time]',
      actual: reason,
      hint: 'Export the logits of every position, without selecting the last.',
    });
  }
  return inputError('BPB_MODEL_OUTPUT', {
    message: 'The logits have another shape or type than a run needs.',
    path,
    expected: 'fp32, fp16 or bf16 logits [batch, time, vocabulary] for ids [batch, time]',
    actual: reason,
  });
}

/** A graph gave a next value that does not fit its state. */
export function stateOutputError(
  path: string,
  tensor: { readonly name: string; readonly out: string },
  expected: string,
  actual: string,
): BpbError {
  return inputError('BPB_STATE_OUTPUT', {
    message: `The output "${tensor.out}" is no next value of the state "${tensor.name}".`,
    path,
    expected,
    actual,
    hint: 'Every state is [batch, ...shape] with the shape of the manifest (docs/adaptive.md).',
  });
}

export function vocabularyError(path: string, width: number, needed: number): BpbError {
  return inputError('BPB_MODEL_VOCABULARY', {
    message: 'The logits are narrower than the ids that are to be predicted.',
    path,
    expected: `at least ${needed} logits a position`,
    actual: `${width}`,
    hint: 'Is this the tokenizer that the model was trained with?',
  });
}

export function overflowError(path: string, reason: string): BpbError {
  return inputError('BPB_NATS_OVERFLOW', {
    message: 'The nats of a document do not fit 64-bit fixed point.',
    path,
    expected: 'less than 8.6e9 nats a document',
    actual: reason,
    hint: 'Logits this large come from a broken export.',
  });
}

/** A state after free(), in two runs at once, or another engine's: a bug of the caller. */
export function stateMisuseError(reason: string): BpbError {
  return new BpbError({
    kind: 'internal',
    code: 'BPB_STATE_MISUSE',
    message: `A state was misused: ${reason}.`,
  });
}

export function closedError(): BpbError {
  return new BpbError({
    kind: 'internal',
    code: 'BPB_ENGINE_CLOSED',
    message: 'The engine was used after close().',
  });
}

export function noBfloat16Error(path: string): BpbError {
  return environmentError('BPB_ENGINE_BF16', {
    message: 'The onnx-js engine cannot read bfloat16 logits.',
    path,
    expected: 'fp32 or fp16 logits',
    actual: 'bf16',
    hint: `Build the native addon (${BUILD_NATIVE}), or cast the logits to fp32 in the graph.`,
  });
}
