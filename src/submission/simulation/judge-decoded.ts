/**
 * Bytes that are counted in the text of documents, without a table.
 *
 * SentencePiece's text of a document has the bytes of the rule where the text is valid UTF-8 without unknown pieces, as
 * published sets are. The small set has neither, so that its text has other bytes than the rule.
 */
import { decodeIds } from './decode.js';
import type { SmallSet } from './types.js';

/** Bytes of the text of all documents, of the targets at `positions` alone; null where the text is not the tokens'. */
export function decodedBytes(set: SmallSet, positions: Iterable<number>): number | null {
  if (set.sidecar !== null) return null;
  const scored = new Set(positions);
  let total = 0;
  let document: number[] = [];
  const starts = new Set(set.starts);
  for (const [at, id] of set.ids.entries()) {
    if (starts.has(at)) {
      total += Buffer.byteLength(decodeIds(set.pieces, document), 'utf8');
      document = [];
    }
    if (scored.has(at) && !starts.has(at)) document.push(id);
  }
  return total + Buffer.byteLength(decodeIds(set.pieces, document), 'utf8');
}
