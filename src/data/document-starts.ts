/**
 * Document starts of a token stream: found by BOS, cut to a count, looked up by position.
 */
import type { TokenIds, TokenStream } from './types.js';

/**
 * Positions of the BOS tokens, ascending; 0 is always among them, so that a stream that does not
 * begin with BOS has its first stretch as a document of its own.
 */
export function documentStartsOf(ids: TokenIds, bosId: number): Uint32Array<SharedArrayBuffer> {
  const n = ids.length;
  let count = n > 0 && ids[0] !== bosId ? 1 : 0;
  // Counted first and filled second, as a growing list is expensive for a stream that is mostly BOS.
  for (let i = 0; i < n; i++) if (ids[i] === bosId) count++;
  const starts = new Uint32Array(new SharedArrayBuffer(4 * count));
  let k = n > 0 && ids[0] !== bosId ? 1 : 0;
  for (let i = 0; i < n; i++) if (ids[i] === bosId) starts[k++] = i;
  return starts;
}

/**
 * The stream of the first `count` documents, sharing the memory of the whole one.
 *
 * It ends before the next document's BOS, as if only these documents had been tokenized.
 */
export function firstDocuments(stream: TokenStream, count: number): TokenStream {
  const end = stream.documentStarts[count];
  if (end === undefined) return stream;
  return {
    ids: stream.ids.subarray(0, end),
    documentStarts: stream.documentStarts.subarray(0, count),
  };
}

/** Index of the document that holds stream position `position`, by binary search. */
export function documentOf(documentStarts: Uint32Array, position: number): number {
  let low = 0;
  let high = documentStarts.length - 1;
  while (low < high) {
    const mid = (low + high + 1) >>> 1;
    if (documentStarts[mid]! <= position) low = mid;
    else high = mid - 1;
  }
  return low;
}
