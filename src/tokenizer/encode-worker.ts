/**
 * The worker thread of the encode pool: one encoder, made once, and batch after batch.
 */

import { type Answer, answer } from '../workers/ordered-pool.js';
import { announceStarted, threadData } from '../workers/pool.js';
import { type EncodedBatch, type EncodeTask, encodeBatch } from './encode-batch.js';
import { createEncoder } from './encoder.js';
import { RoundTripper } from './round-trip.js';
import type { Tokenizer } from './types.js';

/** Makes the handler of a thread; also used without any thread. */
export async function encodeHandler(
  tokenizer: Tokenizer,
): Promise<(task: EncodeTask) => EncodedBatch> {
  const encoder = await createEncoder(tokenizer);
  const roundTripper = new RoundTripper(tokenizer);
  return (task) => encodeBatch(task, encoder, roundTripper);
}

let handler: ReturnType<typeof encodeHandler> | undefined;

export default function encode(task: EncodeTask): Promise<Answer<EncodedBatch>> {
  return answer(async () => {
    handler ??= encodeHandler(threadData<Tokenizer>());
    return (await handler)(task);
  });
}

announceStarted();
