/**
 * Text of ids of the small vocabulary, as SentencePiece decodes them.
 */
import type { SmallPiece } from './types.js';
import { FIRST_BYTE } from './vocabulary.js';

const MARK = /▁/gu;

/**
 * The text of `ids` for a model without dummy prefix that removes extra spaces.
 *
 * Byte pieces that follow one another are one UTF-8 text, in which each byte that belongs to no character is U+FFFD;
 * the unknown piece is ` ⁇ `; a control piece is nothing; a space mark that would begin the text is dropped.
 */
export function decodeIds(pieces: readonly SmallPiece[], ids: readonly number[]): string {
  let text = '';
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length > 0) text += decodeBytes(Uint8Array.from(bytes));
    bytes = [];
  };
  for (const id of ids) {
    const { piece, type } = pieces[id]!;
    if (type === 'byte') {
      bytes.push(id - FIRST_BYTE);
      continue;
    }
    flush();
    if (type === 'control') continue;
    if (type === 'unknown') text += ' \u2047 ';
    else text += (text === '' ? piece.replace(/^▁/u, '') : piece).replace(MARK, ' ');
  }
  flush();
  return text;
}

/** As SentencePiece does it: one U+FFFD a byte that is not part of a whole character. */
function decodeBytes(bytes: Uint8Array): string {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let text = '';
  for (let i = 0; i < bytes.length; ) {
    const first = bytes[i]!;
    const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    try {
      text += decoder.decode(bytes.subarray(i, i + length));
      i += length;
    } catch {
      text += '\ufffd';
      i += 1;
    }
  }
  return text;
}
