/**
 * Parallel encoding of documents: batches in document order, in bounded memory.
 */
import { createHash, type Hash } from 'node:crypto';
import type { Document } from '../data/types.js';
import { runInOrder } from '../workers/ordered-pool.js';
import { type EncodedBatch, openEncoder } from './encode-batch.js';
import type { Tokenizer } from './types.js';

/** A batch ends at this many UTF-8 bytes or documents: about 0.1 s of one thread. */
const BATCH_BYTES = 256 << 10;
const BATCH_DOCUMENTS = 512;

/** Consecutive documents that are processed together. */
export interface DocumentBatch {
  /** Index of the first one in the stream. */
  readonly first: number;
  readonly documents: readonly Document[];
}

/** Groups documents into batches by bytes; at most `limit` documents are taken. */
export async function* batchDocuments(
  source: AsyncIterable<Document>,
  limit = Number.POSITIVE_INFINITY,
): AsyncGenerator<DocumentBatch> {
  let documents: Document[] = [];
  let bytes = 0;
  let first = 0;
  for await (const document of take(source, limit)) {
    documents.push(document);
    bytes += document.bytes;
    if (bytes < BATCH_BYTES && documents.length < BATCH_DOCUMENTS) continue;
    yield { first, documents };
    first += documents.length;
    documents = [];
    bytes = 0;
  }
  if (documents.length > 0) yield { first, documents };
}

/** Whether a batch takes less time than a thread takes to start: of one long document it may not. */
export function isShortBatch({ documents }: DocumentBatch): boolean {
  return documents.reduce((sum, { bytes }) => sum + bytes, 0) < BATCH_BYTES;
}

/** Stops after `limit` documents without asking the source for one more. */
async function* take(source: AsyncIterable<Document>, limit: number): AsyncGenerator<Document> {
  let taken = 0;
  if (limit <= 0) return;
  for await (const document of source) {
    yield document;
    if (++taken >= limit) return;
  }
}

/** Identity of a sequence of texts, whatever file they came in: sha256 over length and bytes of each. */
export function hashDocument(hash: Hash, text: string): void {
  const bytes = Buffer.from(text, 'utf8');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  hash.update(length).update(bytes);
}

export const newDocumentsHash = (): Hash => createHash('sha256');

interface EncodeOptions {
  /** Worker threads; 0 encodes in this thread. Default 0. */
  readonly workers?: number;
  /** Take only the first documents. */
  readonly limit?: number;
}

/** Encodes the documents of `source` in order. */
export async function* encodeDocuments(
  source: AsyncIterable<Document>,
  tokenizer: Tokenizer,
  { workers = 0, limit = Number.POSITIVE_INFINITY }: EncodeOptions = {},
): AsyncGenerator<DocumentBatch & { encoded: EncodedBatch }> {
  interface Task {
    batch: DocumentBatch;
    texts: readonly string[];
  }
  async function* tasks(): AsyncGenerator<Task> {
    for await (const batch of batchDocuments(source, limit)) {
      yield { batch, texts: batch.documents.map((d) => d.text) };
    }
  }
  const results = runInOrder(tasks(), {
    workers,
    payload: (task: Task) => task.texts,
    module: new URL('./encode-worker.js', import.meta.url),
    setup: tokenizer,
    open: openEncoder,
    isShort: ({ batch }) => isShortBatch(batch),
  });
  for await (const { task, result } of results) yield { ...task.batch, encoded: result };
}
