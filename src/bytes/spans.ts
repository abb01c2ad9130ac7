/**
 * Spans of a document in the stream: its text's tokens, and its targets.
 */
import type { TokenStream } from '../data/types.js';

interface DocumentSpan {
  /** Tokens of the document's text: `[textFrom, textTo)`, its BOS left out. */
  readonly textFrom: number;
  readonly textTo: number;
  /** Targets that belong to it: `[targetFrom, targetTo)`; the last is the next document's BOS. */
  readonly targetFrom: number;
  readonly targetTo: number;
}

/** The span of document `k`; a first stretch without BOS has its text from token 0. */
export function documentSpan({ ids, documentStarts }: TokenStream, k: number, bosId: number) {
  const start = documentStarts[k]!;
  const end = documentStarts[k + 1] ?? ids.length;
  return {
    textFrom: ids[start] === bosId ? start + 1 : start,
    textTo: end,
    targetFrom: start + 1,
    targetTo: Math.min(end + 1, ids.length),
  } satisfies DocumentSpan;
}
