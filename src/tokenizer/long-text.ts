/**
 * Encodes a text of any length in parts, with exactly the ids that the whole would have.
 *
 * SentencePiece's merging slows down with the length of a text (3 MB whole take three times as long
 * as in parts of 8 K), and its WebAssembly runs out of memory at some 10 MB. Where no rule and no
 * piece reaches over a space (`Tokenizer.separable`), a text may be cut before a space between
 * letters.
 */

/** UTF-16 units of a part; measured: 2 K to 16 K are alike, 64 K is 25 % slower. */
export const PART = 1 << 13;

/** First word of every part but the first: it keeps the part's own space from being at the start. */
const LEAD = 'a';

const isLetter = (unit: number) => unit >= 0x61 && unit <= 0x7a;

/** Last position in `(from, to)` of a space between two lower-case letters, or -1. */
function lastCut(text: string, from: number, to: number): number {
  for (let i = text.lastIndexOf(' ', to); i > from; i = text.lastIndexOf(' ', i - 1)) {
    if (isLetter(text.charCodeAt(i - 1)) && isLetter(text.charCodeAt(i + 1))) return i;
  }
  return -1;
}

/** The ids of `text`; `encode` must be that of a separable tokenizer. */
export function encodeLong(
  text: string,
  encode: (text: string) => Uint32Array,
  part = PART,
): Uint32Array {
  if (text.length <= part) return encode(text);
  const lead = encode(LEAD).length;
  const parts: Uint32Array[] = [];
  let total = 0;
  for (let from = 0; from < text.length; ) {
    const cut = text.length - from <= part ? -1 : lastCut(text, from, from + part);
    // A stretch without a place to cut goes whole; SentencePiece may or may not have room for it.
    const to = cut === -1 ? nextCut(text, from + part) : cut;
    const piece = text.slice(from, to);
    const ids = from === 0 ? encode(piece) : encode(LEAD + piece).subarray(lead);
    parts.push(ids);
    total += ids.length;
    from = to;
  }
  const ids = new Uint32Array(total);
  let at = 0;
  for (const some of parts) {
    ids.set(some, at);
    at += some.length;
  }
  return ids;
}

/** First place to cut at or after `from`, or the end. */
function nextCut(text: string, from: number): number {
  for (let i = text.indexOf(' ', from); i !== -1; i = text.indexOf(' ', i + 1)) {
    if (isLetter(text.charCodeAt(i - 1)) && isLetter(text.charCodeAt(i + 1))) return i;
  }
  return text.length;
}
