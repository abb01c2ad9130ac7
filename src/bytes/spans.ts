/**
 * Spans of a document in the stream: its text's tokens, and its targets.
 */
import { targetsOfDocument } from '../data/document-starts.js';
import type { TokenStream } from '../data/types.js';

export interface DocumentSpan {
  /** Tokens of the document's text: `[textFrom, textTo)`, its start id left out. */
  readonly textFrom: number;
  readonly textTo: number;
  /** Targets that belong to it: `[targetFrom, targetTo)`; with a start id the last is that of the next document. */
  readonly targetFrom: number;
  readonly targetTo: number;
}

/** The span of document `k`; a first stretch without a start id has its text from token 0. */
export function documentSpan(stream: TokenStream, k: number): DocumentSpan {
  const { ids, documentStarts, startId } = stream;
  const start = documentStarts[k]!;
  const [targetFrom, targetTo] = targetsOfDocument(stream, k, ids.length);
  return {
    textFrom: startId !== null && ids[start] === startId ? start + 1 : start,
    textTo: documentStarts[k + 1] ?? ids.length,
    targetFrom,
    targetTo,
  };
}
