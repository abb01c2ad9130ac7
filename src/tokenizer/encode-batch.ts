/**
 * Encodes a batch of documents and checks that each survives the round trip.
 */
import type { RoundTripper } from './round-trip.js';
import type { Encoder } from './types.js';

/** Texts of consecutive documents. */
export type EncodeTask = readonly string[];

/** What becomes of them; `lengths`, `decodedBytes` and `lossless` are by document of the batch. */
export interface EncodedBatch {
  /** All ids, one document after the other, without BOS. */
  readonly ids: Uint32Array;
  /** Number of ids of each document. */
  readonly lengths: Uint32Array;
  /** UTF-8 length of the decoded document. */
  readonly decodedBytes: Uint32Array;
  /** 1 where the ids decode to the text. */
  readonly lossless: Uint8Array;
}

export function encodeBatch(
  texts: EncodeTask,
  encoder: Encoder,
  roundTripper: RoundTripper,
): EncodedBatch {
  const lengths = new Uint32Array(texts.length);
  const decodedBytes = new Uint32Array(texts.length);
  const lossless = new Uint8Array(texts.length);
  const parts: Uint32Array[] = [];
  let total = 0;
  for (const [k, text] of texts.entries()) {
    const ids = encoder.encode(text);
    const check = roundTripper.check(ids, text);
    lengths[k] = ids.length;
    decodedBytes[k] = check.decodedBytes;
    lossless[k] = check.lossless ? 1 : 0;
    parts.push(ids);
    total += ids.length;
  }
  const ids = new Uint32Array(total);
  let at = 0;
  for (const part of parts) {
    ids.set(part, at);
    at += part.length;
  }
  return { ids, lengths, decodedBytes, lossless };
}
