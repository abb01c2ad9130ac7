/**
 * Bytes that are counted in the text of documents, without a table.
 *
 * SentencePiece's text of a document has the bytes of the rule where the text is valid UTF-8 without unknown pieces, as
 * published sets are. The small set has neither, so that its text has other bytes than the rule.
 */
import { decodeIds } from './decode.js';
import type { SmallSet } from './types.js';

/** What a count is of the text of all documents, of the targets at `positions` alone; null where the text is not the tokens'. */
function decoded(
  set: SmallSet,
  positions: Iterable<number>,
  count: (text: string) => number,
): number | null {
  if (set.sidecar !== null) return null;
  const scored = new Set(positions);
  let total = 0;
  let document: number[] = [];
  const starts = new Set(set.starts);
  for (const [at, id] of set.ids.entries()) {
    if (starts.has(at)) {
      total += count(decodeIds(set.pieces, document));
      document = [];
    }
    if (scored.has(at) && !starts.has(at)) document.push(id);
  }
  return total + count(decodeIds(set.pieces, document));
}

export const decodedBytes = (set: SmallSet, positions: Iterable<number>): number | null =>
  decoded(set, positions, (text) => Buffer.byteLength(text, 'utf8'));

const characters = (text: string): number => [...text].length;

/** Characters in all, counted in the text of documents, and piece by piece with the spaces of the rule. */
export function characterCounts(set: SmallSet, positions: readonly number[]): number[] {
  const ofText = decoded(set, positions, characters);
  let ofPieces = 0;
  for (const position of positions) {
    const { piece, type } = set.pieces[set.ids[position]!]!;
    const bytes = set.bytes[position]!;
    const text = piece.replace(/^▁/u, '');
    const isText = type === 'normal' || type === 'user_defined';
    // What is not the piece's own is the space before it.
    ofPieces += isText ? bytes - Buffer.byteLength(text, 'utf8') + characters(text) : bytes;
  }
  return ofText === null ? [] : [ofText, ofPieces];
}
