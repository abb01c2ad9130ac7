/**
 * Comparison of a document's tokens in the shards with what its text encodes to.
 */
import type { Encoder } from '../../tokenizer/types.js';
import type { StreamMatch } from './messages.js';

export function sameIds(a: ArrayLike<number>, b: ArrayLike<number>, from: number, to: number) {
  if (a.length !== to - from) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[from + i]) return false;
  return true;
}

const collapsed = (text: string) => text.normalize('NFKC').replace(/\s+/g, ' ').trim();

/** What can have been done to a text before it was tokenized. */
const CHANGES: readonly (readonly [StreamMatch, (text: string) => string])[] = [
  ['case folded', (text) => text.toLowerCase()],
  ['normalized', collapsed],
  ['case folded', (text) => collapsed(text).toLowerCase()],
];

/** Looks for a change of the text after which it encodes to `ids[from .. to)`. */
export function explainTokens(
  text: string,
  encoder: Encoder,
  ids: ArrayLike<number>,
  from: number,
  to: number,
): StreamMatch {
  for (const [match, change] of CHANGES) {
    const changed = change(text);
    if (changed !== text && sameIds(encoder.encode(changed), ids, from, to)) return match;
  }
  return 'other text';
}
