/**
 * Reconciliation of published documents with a token stream: the same documents, in order, and the
 * bytes of each.
 */
import type { Document, DocumentFacts, DocumentSource, TokenStream } from '../data/types.js';
import { type BpbError, inputError } from '../errors.js';
import { FactsBuilder } from '../tokenizer/document-facts.js';
import {
  batchDocuments,
  type DocumentBatch,
  hashDocument,
  isShortBatch,
  newDocumentsHash,
} from '../tokenizer/encode-pool.js';
import type { Tokenizer } from '../tokenizer/types.js';
import { runInOrder } from '../workers/ordered-pool.js';
import { openReconciler, type ReconcileTask } from './reconcile-batch.js';
import { documentSpan } from './spans.js';

interface ReconcileOptions {
  /** Worker threads; 0 works in this thread. Default 0. */
  readonly workers?: number;
  /** The stream holds only the first documents of the file (`--limit-docs`). */
  readonly limit?: number;
  /** Called after each batch with the documents so far. */
  readonly progress?: ((documents: number) => void) | undefined;
}

interface Reconciled {
  readonly facts: DocumentFacts;
  readonly lines: Uint32Array;
  /** As `tokenizeDocuments` gives it: the identity of the texts themselves. */
  readonly documentsSha256: string;
}

function refuseCount(path: string, published: number, stream: number): BpbError {
  return inputError('BPB_DOCUMENT_COUNT', {
    message: `The file holds ${published} documents, the token stream ${stream}.`,
    path,
    expected: `${stream} documents`,
    actual: `${published} documents`,
    hint: 'Give exactly the documents that the shards were made from.',
  });
}

/** Yields the documents that the stream can have, and counts those beyond. */
async function* counted(source: AsyncIterable<Document>, most: number, seen: { count: number }) {
  for await (const document of source) {
    if (++seen.count <= most) yield document;
  }
}

/**
 * Confirms that `source` holds the documents of `stream`, and gives the byte counts of each.
 *
 * @throws BPB_DOCUMENT_COUNT for another number of documents; BPB_OTHER_DOCUMENT for a document whose
 *   ids neither decode to its text nor are what its text encodes to (with index, line and first
 *   differing byte)
 */
export async function reconcile(
  source: DocumentSource,
  stream: TokenStream,
  tokenizer: Tokenizer,
  { workers = 0, limit = Number.POSITIVE_INFINITY, progress }: ReconcileOptions = {},
): Promise<Reconciled> {
  const count = stream.documentStarts.length;
  const facts = new FactsBuilder();
  const lines = new Uint32Array(count);
  const hash = newDocumentsHash();
  const seen = { count: 0 };
  // Without a limit the file is read to its end, so that surplus documents are found.
  const whole = limit === Number.POSITIVE_INFINITY;
  const documents = whole ? counted(source, count, seen) : source;
  const batches = batchDocuments(documents, whole ? limit : Math.min(limit, count));
  const results = runInOrder(batches, {
    workers,
    module: new URL('./reconcile-worker.js', import.meta.url),
    setup: { tokenizer, ids: stream.ids },
    open: openReconciler,
    isShort: isShortBatch,
    payload: ({ first, documents: batch }: DocumentBatch): ReconcileTask => {
      const spans = batch.map((_, k) => documentSpan(stream, first + k));
      return {
        path: source.path,
        first,
        texts: batch.map(({ text }) => text),
        lines: batch.map(({ line }) => line),
        from: spans.map(({ textFrom }) => textFrom),
        to: spans.map(({ textTo }) => textTo),
      };
    },
  });
  let done = 0;
  for await (const { task, result } of results) {
    facts.append(result);
    for (const document of task.documents) {
      lines[done] = document.line;
      hashDocument(hash, document.text);
      done++;
    }
    progress?.(done);
  }
  const published = Math.max(done, seen.count);
  if (published !== count) throw refuseCount(source.path, published, count);
  return { facts: facts.facts(), lines, documentsSha256: hash.digest('hex') };
}
