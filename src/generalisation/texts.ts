/**
 * Texts of a stream's documents as one run of bytes, without the white space and the case in which copies differ.
 */
import { documentSpan } from '../bytes/spans.js';
import type { TokenStream } from '../data/types.js';
import { byteOfPiece, SPACE } from '../tokenizer/check-pieces.js';
import type { Tokenizer } from '../tokenizer/types.js';

export interface Texts {
  /** UTF-8 as the pieces have it, documents one after the other. */
  readonly bytes: Uint8Array;
  /** Where each document begins in `bytes`; one entry more than there are documents. */
  readonly starts: Float64Array;
}

/** Stands for the unknown id, whose text nobody knows; UTF-8 has no such byte. */
const UNKNOWN = 0xff;

/** The texts of all documents of a stream; control and unused pieces are nothing. */
export function textsOf(stream: TokenStream, tokenizer: Tokenizer): Texts {
  const { offsets, data } = tableOf(tokenizer);
  const { ids, documentStarts } = stream;
  let length = 0;
  for (let i = 0; i < ids.length; i++) length += offsets[ids[i]! + 1]! - offsets[ids[i]!]!;
  const bytes = new Uint8Array(length);
  const starts = new Float64Array(documentStarts.length + 1);
  let at = 0;
  for (let k = 0; k < documentStarts.length; k++) {
    starts[k] = at;
    const { textFrom, textTo } = documentSpan(stream, k);
    for (let i = textFrom; i < textTo; i++) {
      const id = ids[i]!;
      for (let j = offsets[id]!; j < offsets[id + 1]!; j++) bytes[at++] = data[j]!;
    }
  }
  starts[documentStarts.length] = at;
  return { bytes: bytes.subarray(0, at), starts };
}

/** Bytes of piece `id`: `data` from `offsets[id]` to `offsets[id + 1]`. */
function tableOf({ pieces }: Tokenizer): { offsets: Uint32Array; data: Uint8Array } {
  const each = pieces.map(({ text, type }) => {
    if (type === 'control' || type === 'unused') return Buffer.alloc(0);
    if (type === 'unknown') return Buffer.of(UNKNOWN);
    const byte = type === 'byte' ? byteOfPiece(text) : null;
    if (byte !== null) return byte < 128 ? folded(String.fromCharCode(byte)) : Buffer.of(byte);
    return folded(text.replaceAll(SPACE, ''));
  });
  const offsets = new Uint32Array(pieces.length + 1);
  for (const [id, own] of each.entries()) offsets[id + 1] = offsets[id]! + own.length;
  return { offsets, data: Buffer.concat(each) };
}

const folded = (text: string) => Buffer.from(text.replace(/\s/gu, '').toLowerCase(), 'utf8');
