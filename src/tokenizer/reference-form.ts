/**
 * Reference form of a text: what SentencePiece's own normalizers leave equal, and nothing else does.
 *
 * `nmt_nfkc` is the widest of SentencePiece's rules that fold no case: a few characters are deleted,
 * some become a space, the rest is put into NFKC. Its rules are those of BuildNmtNFKCMap and
 * MergeNmtMap in https://github.com/google/sentencepiece/blob/master/src/builder.cc; they are
 * written here as a table of the harness's own, so that no artifact decides what counts as the same
 * text. Releases of SentencePiece differ, and the table has what any of them does: U+200D was a space
 * until 0.1.95, U+061C is one in 0.2.3, and U+FF5E, which `nmt_nfkc` keeps and `nfkc` does not, is
 * put into NFKC.
 *
 * SentencePiece replaces the longest key that it finds and goes on behind it, so that marks in an
 * unusual order, or characters newer than its Unicode version, stay as they are. Both sides of a
 * comparison go through this function, and NFKC of a text and of a text partly in NFKC are the same
 * (UAX #15), so such a text still has the reference form of its original.
 *
 * Versions of Unicode: NFKC is that of the running Node, Unicode 15.0 in the first releases of
 * Node 20, 17.0 in current ones. An assigned character never changes its NFKC; a character that a
 * later version assigned has none in an earlier one. `LATER` has the decompositions of all that were
 * assigned from 15.1 to 17.0, so that for these the verdict on a document is the same on all Node
 * versions. What differs still: combining marks newer than Node's Unicode keep their order, which
 * matters only to a normalizer that reorders them; and a normalizer made for a Unicode version
 * after 17.0 is judged to alter the characters that are new in it where Node does not know them.
 */

/** Characters that `nmt_nfkc` replaces by a space, besides those whose NFKC is one. */
const SPACES = /[\t\n\f\r\u061c\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g;

/** Control characters that `nmt_nfkc` deletes; NUL and most of C1 are not among them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters meant.
const DELETED = /[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]/g;

const ASCII_ONLY = /^[\0-\x7f]*$/;

/** Decompositions of characters assigned from Unicode 15.1 to 17.0 (UnicodeData.txt, field 5). */
const LATER = new Map<string, string>([
  ['\u{a7f1}', 'S'],
  ...Array.from({ length: 26 }, (_, k) => outlined(0x1ccd6 + k, 0x41 + k)),
  ...Array.from({ length: 10 }, (_, k) => outlined(0x1ccf0 + k, 0x30 + k)),
  ['\u{105c9}', '\u{105d2}\u0307'],
  ['\u{105e4}', '\u{105da}\u0307'],
  ['\u{11383}', '\u{11382}\u{113c9}'],
  ['\u{11385}', '\u{11384}\u{113bb}'],
  ['\u{1138e}', '\u{1138b}\u{113c2}'],
  ['\u{11391}', '\u{11390}\u{113c9}'],
  ['\u{113c5}', '\u{113c2}\u{113c2}'],
  ['\u{113c7}', '\u{113c2}\u{113b8}'],
  ['\u{113c8}', '\u{113c2}\u{113c9}'],
  ['\u{16121}', '\u{1611e}\u{1611e}'],
  ['\u{16122}', '\u{1611e}\u{16129}'],
  ['\u{16123}', '\u{1611e}\u{1611f}'],
  ['\u{16124}', '\u{16129}\u{1611f}'],
  ['\u{16125}', '\u{1611e}\u{16120}'],
  ['\u{16126}', '\u{1611e}\u{1611e}\u{1611f}'],
  ['\u{16127}', '\u{1611e}\u{16129}\u{1611f}'],
  ['\u{16128}', '\u{1611e}\u{1611e}\u{16120}'],
  ['\u{16d68}', '\u{16d67}\u{16d67}'],
  ['\u{16d69}', '\u{16d63}\u{16d67}'],
  ['\u{16d6a}', '\u{16d63}\u{16d67}\u{16d67}'],
]);
const LATER_CHARACTERS = new RegExp(`[${[...LATER.keys()].join('')}]`, 'gu');

function outlined(from: number, to: number): [string, string] {
  return [String.fromCodePoint(from), String.fromCodePoint(to)];
}

/**
 * The text as `nmt_nfkc` makes it: characters deleted or replaced by a space, then NFKC; spaces are
 * not collapsed. A fixpoint of itself.
 */
export function nmtNfkc(text: string): string {
  const spaced = text.replace(SPACES, ' ').replace(DELETED, '');
  if (ASCII_ONLY.test(spaced)) return spaced;
  return spaced.replace(LATER_CHARACTERS, (c) => LATER.get(c)!).normalize('NFKC');
}

/**
 * The reference form: `nmtNfkc`, runs of spaces as one, none at the ends. Two texts are the same
 * text to the accounting where these are equal. A fixpoint of itself.
 */
export function referenceForm(text: string): string {
  return nmtNfkc(text).replace(/ {2,}/g, ' ').replace(/^ | $/g, '');
}

/** Share of the published bytes that altered documents may have beside a headline. */
export const MOST_ALTERED = 1e-4;

/** By code point: 1 + the bytes that NFKC adds to the character; 0 where not computed yet. */
let added: Uint8Array | undefined;

function bytesAdded(codePoint: number): number {
  added ??= new Uint8Array(0x110000);
  const known = added[codePoint]!;
  if (known > 0) return known - 1;
  const character = String.fromCodePoint(codePoint);
  const more = Buffer.byteLength(character.normalize('NFKC')) - Buffer.byteLength(character);
  added[codePoint] = 1 + Math.max(0, more);
  return Math.max(0, more);
}

/**
 * The most UTF-8 bytes that SentencePiece's rules `identity`, `nfkc` and `nmt_nfkc` leave of a text,
 * spaces not collapsed: each character has the larger of its own bytes and those of its NFKC.
 *
 * No key of several characters in their maps has a longer value than its characters have by
 * themselves. The sum is above the larger of the text and its `nmtNfkc` only where a text has
 * characters that NFKC lengthens (`½`, `ﷺ`) beside others that it shortens.
 *
 * @param bytes UTF-8 length of `text`
 */
export function nfkcBytes(text: string, bytes: number): number {
  if (bytes === text.length) return bytes;
  let sum = bytes;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0xd800 || unit > 0xdfff) sum += bytesAdded(unit);
    else sum += bytesAdded(text.codePointAt(i++)!);
  }
  return sum;
}
