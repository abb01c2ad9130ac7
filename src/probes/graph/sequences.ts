/**
 * Sequences of whole numbers in a constant that could be tokens or text.
 */

import { aligned, type Constant } from '../../onnx/constants.js';
import { TYPE } from '../../onnx/element-types.js';
import { decodeHalves } from '../../onnx/float16.js';

/** Numbers that are equal where they agree in their lowest `bits`. */
export interface Sequence {
  readonly name: string;
  readonly values: ArrayLike<number>;
  readonly bits: 8 | 16 | 32;
}

/** Shorter ones hold no run that counts. */
const SHORTEST = 17;

export function sequencesOf({ name, type, raw, numbers, texts }: Constant): Sequence[] {
  const sequences: Sequence[] = [];
  const add = (values: ArrayLike<number>, bits: Sequence['bits']) => {
    if (values.length >= SHORTEST) sequences.push({ name, values, bits });
  };
  for (const text of texts) add(text, 8);
  // The texts of one tensor joined: each may be a token or a word.
  if (texts.length > 1) add(Buffer.concat(texts), 8);
  if (numbers !== null) for (const run of wholeRuns(numbers)) add(run, 32);
  if (raw === null) return sequences;
  switch (type) {
    case TYPE.uint8:
    case TYPE.int8:
      add(raw, 8);
      // Two bytes may be one id, from the first or from the second byte on.
      add(new Uint16Array(aligned(raw, 2)), 16);
      add(new Uint16Array(aligned(raw.subarray(1), 2)), 16);
      break;
    case TYPE.uint16:
    case TYPE.int16:
      add(new Uint16Array(aligned(raw, 2)), 16);
      break;
    case TYPE.int32:
    case TYPE.uint32:
      add(new Int32Array(aligned(raw, 4)), 32);
      // Two ids may be packed into one number, and four bytes of text.
      add(new Uint16Array(aligned(raw, 2)), 16);
      add(raw, 8);
      break;
    case TYPE.int64:
    case TYPE.uint64:
      add(lowHalves(raw), 32);
      add(new Uint16Array(aligned(raw, 2)), 16);
      add(raw, 8);
      break;
    case TYPE.float32:
      for (const run of wholeRuns(new Float32Array(aligned(raw, 4)))) add(run, 32);
      break;
    case TYPE.float64:
      for (const run of wholeRuns(new Float64Array(aligned(raw, 8)))) add(run, 32);
      break;
    case TYPE.float16:
      for (const run of wholeRuns(decodeHalves(new Uint16Array(aligned(raw, 2))))) add(run, 32);
      break;
  }
  return sequences;
}

/** The lower 32 bits of 64-bit numbers, little-endian. */
function lowHalves(raw: Uint8Array): Int32Array {
  const words = new Int32Array(aligned(raw, 8));
  const low = new Int32Array(words.length / 2);
  for (let k = 0; k < low.length; k++) low[k] = words[2 * k]!;
  return low;
}

/** Stretches of whole numbers among numbers that may be weights. */
function* wholeRuns(values: ArrayLike<number>): Generator<Int32Array> {
  let from = 0;
  for (let k = 0; k <= values.length; k++) {
    const value = values[k]!;
    if (k < values.length && (value | 0) === value) continue;
    if (k - from >= SHORTEST)
      yield Int32Array.from({ length: k - from }, (_, j) => values[from + j]!);
    from = k + 1;
  }
}
