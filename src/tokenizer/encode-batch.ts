/**
 * Batch encoding: texts to ids, with the round trip of each document.
 */
import type { DocumentFacts } from '../data/types.js';
import { FactsBuilder } from './document-facts.js';
import { createEncoder } from './encoder.js';
import { RoundTripper } from './round-trip.js';
import type { Encoder, Tokenizer } from './types.js';

/** Texts of consecutive documents. */
type EncodeTask = readonly string[];

/** Their ids; `lengths` and `facts` are by document of the batch. */
export interface EncodedBatch {
  /** All ids, one document after the other, without BOS. */
  readonly ids: Uint32Array;
  /** Number of ids of each document. */
  readonly lengths: Uint32Array;
  readonly facts: DocumentFacts;
}

/** Makes the encoder of a thread and gives the function that encodes with it. */
export async function openEncoder(
  tokenizer: Tokenizer,
): Promise<(task: EncodeTask) => EncodedBatch> {
  const encoder = await createEncoder(tokenizer);
  const roundTripper = new RoundTripper(tokenizer);
  return (task) => encodeBatch(task, encoder, roundTripper);
}

function encodeBatch(
  texts: EncodeTask,
  encoder: Encoder,
  roundTripper: RoundTripper,
): EncodedBatch {
  const lengths = new Uint32Array(texts.length);
  const facts = new FactsBuilder();
  const parts: Uint32Array[] = [];
  let total = 0;
  for (const [k, text] of texts.entries()) {
    const ids = encoder.encode(text);
    lengths[k] = ids.length;
    facts.add(roundTripper.check(ids, text), () => roundTripper.difference(ids, text));
    parts.push(ids);
    total += ids.length;
  }
  const ids = new Uint32Array(total);
  let at = 0;
  for (const part of parts) {
    ids.set(part, at);
    at += part.length;
  }
  return { ids, lengths, facts: facts.facts() };
}
