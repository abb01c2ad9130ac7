/**
 * Documents joined to one stream, and the nats of a stream by target and by document.
 */
import type { TokenStream } from '../data/types.js';
import type { ScoredRows } from '../run/assemble.js';

/** One stream of documents, whose first tokens stand for the ids that begin them. */
export function joinDocuments(documents: readonly Int32Array[]): TokenStream {
  const tokens = documents.reduce((sum, { length }) => sum + length, 0);
  const ids = new Uint32Array(new SharedArrayBuffer(4 * tokens));
  const documentStarts = new Uint32Array(new SharedArrayBuffer(4 * documents.length));
  let at = 0;
  documents.forEach((document, d) => {
    documentStarts[d] = at;
    ids.set(document, at);
    at += document.length;
  });
  return { ids, documentStarts, startId: documents[0]?.[0] ?? 0 };
}

/** Target `i` belongs to the document of token `i - 1`; the last document has one target less. */
export function splitNats(nats: Float32Array, documents: readonly Int32Array[]): Float32Array[] {
  let at = 1;
  return documents.map(({ length }) => {
    const own = nats.subarray(at, Math.min(at + length, nats.length));
    at += length;
    return own;
  });
}

/** Enters the nats of scored rows at the indexes of their targets. */
export function placeNats(
  into: Float32Array,
  { spans, nats }: Pick<ScoredRows, 'spans' | 'nats'>,
): void {
  let at = 0;
  spans.first.forEach((first, r) => {
    const count = spans.count[r]!;
    into.set(nats.subarray(at, at + count), first);
    at += count;
  });
}
