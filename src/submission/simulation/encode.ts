/**
 * Ids of texts in the small vocabulary.
 */
import { decodeIds } from './decode.js';
import type { SmallSet } from './types.js';
import { FIRST_BYTE } from './vocabulary.js';

const LONGEST = 12;

const cache = new WeakMap<SmallSet, (text: string) => readonly number[]>();

/** A document of the set has the ids of the stream; other texts the longest pieces that fit, then bytes. */
export function encoderOf(set: SmallSet): (text: string) => readonly number[] {
  const known = cache.get(set);
  if (known !== undefined) return known;
  const documents = new Map<string, readonly number[]>();
  for (const [k, text] of documentTexts(set).entries()) {
    const start = set.starts[k]!;
    documents.set(text, set.ids.slice(start + 1, set.starts[k + 1] ?? set.ids.length));
  }
  const pieces = new Map(
    set.pieces.flatMap(({ piece, type }, id) =>
      type === 'normal' || type === 'user_defined' ? [[piece, id] as const] : [],
    ),
  );
  const encode = (text: string) => documents.get(text) ?? greedy(text.replaceAll(' ', '▁'), pieces);
  cache.set(set, encode);
  return encode;
}

function greedy(text: string, pieces: ReadonlyMap<string, number>): number[] {
  const ids: number[] = [];
  for (let at = 0; at < text.length; ) {
    let length = Math.min(LONGEST, text.length - at);
    while (length > 0 && !pieces.has(text.slice(at, at + length))) length--;
    if (length > 0) ids.push(pieces.get(text.slice(at, at + length))!);
    else {
      const character = String.fromCodePoint(text.codePointAt(at)!);
      length = character.length;
      for (const byte of new TextEncoder().encode(character)) ids.push(FIRST_BYTE + byte);
    }
    at += length;
  }
  return ids;
}

/** The documents' texts. */
export function documentTexts(set: SmallSet): string[] {
  return set.starts.map((start, k) =>
    decodeIds(set.pieces, set.ids.slice(start, set.starts[k + 1] ?? set.ids.length)),
  );
}
