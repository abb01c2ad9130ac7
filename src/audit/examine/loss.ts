/**
 * Place where a round trip first departs from the text, and the kind of loss.
 */
import { around, firstDifference, isContinuation } from '../../data/difference.js';
import { SPACE } from '../../tokenizer/check-pieces.js';
import { characterLength } from '../../tokenizer/piece-decoder.js';

const LOSS_KINDS = [
  'unknown token',
  'no space piece',
  'literal ▁',
  'newline',
  'tab',
  'NBSP',
  'collapsed spaces',
  'case folding',
  'combining marks',
  'invisible characters',
  'NFKC',
  'case operators',
  'other',
] as const;
export type LossKind = (typeof LOSS_KINDS)[number];

export interface Loss {
  /** Offset of the first byte of the original that the decoded text does not have. */
  readonly at: number;
  readonly kind: LossKind;
  /** Up to 16 bytes before and after, cut to whole characters. */
  readonly original: string;
  readonly decoded: string;
}

/** A character's text and the offset of its first byte; empty at the end of the text. */
interface Character {
  readonly start: number;
  readonly text: string;
}

function characterAt(utf8: Buffer, at: number): Character {
  let start = at;
  while (start > 0 && isContinuation(utf8[start])) start--;
  const length = start < utf8.length ? characterLength(utf8, start, utf8.length) : 0;
  return { start, text: utf8.toString('utf8', start, start + length) };
}

// What breaks lines besides LF and CR: vertical tab, form feed, NEL, line and paragraph separator.
const NEWLINES = /^[\n\v\f\r\u0085\u2028\u2029]$/;
const NO_BREAK_SPACES = /^[\u00a0\u2007\u202f]$/;
/** Controls and format characters (zero width, byte order mark, bidi), and what is no character. */
const INVISIBLE = /^[\p{Cc}\p{Cf}\ufffd]$/u;

function kindOf(
  original: Buffer,
  decoded: Buffer,
  at: number,
  unknownSurface: string | null,
): LossKind {
  const lost = characterAt(original, at);
  const got = characterAt(decoded, at);
  const before = lost.start > 0 ? characterAt(original, lost.start - 1).text : '';
  const after = characterAt(original, lost.start + Buffer.byteLength(lost.text)).text;
  if (unknownSurface !== null && decoded.toString('utf8', got.start).startsWith(unknownSurface)) {
    return 'unknown token';
  }
  if (lost.text === SPACE) return 'literal ▁';
  if (lost.text === ' ' && got.text === SPACE) return 'no space piece';
  if (NEWLINES.test(lost.text)) return 'newline';
  if (lost.text === '\t') return 'tab';
  if (NO_BREAK_SPACES.test(lost.text)) return 'NBSP';
  if (lost.text === ' ' && (before === '' || after === '' || /\s/.test(before + after))) {
    return 'collapsed spaces';
  }
  if (lost.text !== '' && got.text === lost.text.toLowerCase()) return 'case folding';
  if (/^\p{M}/u.test(lost.text) || /^\p{M}/u.test(after)) return 'combining marks';
  if (INVISIBLE.test(lost.text)) return 'invisible characters';
  if (lost.text !== lost.text.normalize('NFKC')) return 'NFKC';
  return 'other';
}

/**
 * The first difference of a text and its round trip, which must differ.
 *
 * @param unknownSurface what unknown tokens decode to, where the document has any
 * @param malformed the decoded text holds case operators that cannot be undone
 */
export function findLoss(
  original: Buffer,
  decoded: Buffer,
  unknownSurface: string | null,
  malformed: boolean,
): Loss {
  const at = firstDifference(original, decoded);
  const kind = malformed ? 'case operators' : kindOf(original, decoded, at, unknownSurface);
  return { at, kind, original: around(original, at), decoded: around(decoded, at) };
}
