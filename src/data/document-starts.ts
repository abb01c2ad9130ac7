/**
 * Document starts of a token stream: found by BOS, cut to a count, looked up by position.
 */
import type { TokenIds, TokenStream } from './types.js';

/**
 * Positions of the start id, ascending; 0 is always among them, so that a stream that does not begin
 * with it has its first stretch as a document of its own. Without a start id all is one document.
 */
export function documentStartsOf(
  ids: TokenIds,
  startId: number | null,
): Uint32Array<SharedArrayBuffer> {
  const n = ids.length;
  let count = n > 0 && ids[0] !== startId ? 1 : 0;
  // Counted first and filled second, as a growing list is expensive for a stream that is mostly start ids.
  for (let i = 0; i < n; i++) if (ids[i] === startId) count++;
  const starts = new Uint32Array(new SharedArrayBuffer(4 * count));
  let k = n > 0 && ids[0] !== startId ? 1 : 0;
  for (let i = 0; i < n; i++) if (ids[i] === startId) starts[k++] = i;
  return starts;
}

/**
 * The stream of the first `count` documents, sharing the memory of the whole one.
 *
 * It ends before the next document begins, as if only these documents had been tokenized.
 */
export function firstDocuments(stream: TokenStream, count: number): TokenStream {
  const end = stream.documentStarts[count];
  if (end === undefined) return stream;
  return {
    ids: stream.ids.subarray(0, end),
    documentStarts: stream.documentStarts.subarray(0, count),
    startId: stream.startId,
  };
}

/**
 * How far the token that decides is behind a target's input: 0 where target `i` belongs to the
 * document of `t[i-1]`, 1 where it belongs to that of `t[i]`.
 */
export function ownerOffset({ startId }: Pick<TokenStream, 'startId'>): 0 | 1 {
  return startId === null ? 1 : 0;
}

/** Targets `[from, to)` of document `k` of a stream of `tokens` tokens. */
export function targetsOfDocument(
  { documentStarts, startId }: Pick<TokenStream, 'documentStarts' | 'startId'>,
  k: number,
  tokens: number,
): readonly [from: number, to: number] {
  // The start id of the next document is a document's last target; t[0] is nobody's.
  const after = startId === null ? 0 : 1;
  const edge = (start: number | undefined) => Math.min((start ?? tokens) + after, tokens);
  const from = Math.max(1, edge(documentStarts[k]));
  return [from, Math.max(from, edge(documentStarts[k + 1]))];
}

/**
 * Index of the document that holds stream position `position`, by binary search; of documents that
 * begin there, the last one, as the others are empty.
 */
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
