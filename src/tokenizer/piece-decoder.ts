/**
 * Piece decoder: ids to UTF-8 from the pieces alone, as SentencePiece does, and the end of each token.
 *
 * The rules are those of SentencePiece's Decode (sentencepiece_processor.cc): control pieces are
 * nothing; U+2581 in a piece is a space; the unknown id has its own surface; the leading space of
 * the text is dropped where the normalizer adds one or removes extra ones; a run of byte pieces is
 * read as UTF-8, every byte that is not part of a valid character becoming U+FFFD.
 */
import { usageError } from '../errors.js';
import { byteOfPiece, SPACE } from './check-pieces.js';
import type { Tokenizer } from './types.js';

/** Length of the valid UTF-8 character at `run[at]`, or 0. */
export function characterLength(run: ArrayLike<number>, at: number, end: number): number {
  const a = run[at]!;
  if (a < 0x80) return 1;
  if (a < 0xc2 || a > 0xf4) return 0;
  const length = a < 0xe0 ? 2 : a < 0xf0 ? 3 : 4;
  if (at + length > end) return 0;
  for (let k = 1; k < length; k++) if ((run[at + k]! & 0xc0) !== 0x80) return 0;
  const b = run[at + 1]!;
  // Overlong forms, surrogates and what lies beyond U+10FFFF.
  if (a === 0xe0 && b < 0xa0) return 0;
  if (a === 0xed && b > 0x9f) return 0;
  if (a === 0xf0 && b < 0x90) return 0;
  if (a === 0xf4 && b > 0x8f) return 0;
  return length;
}

/** UTF-8 bytes of U+FFFD. */
const REPLACEMENT_BYTES = 3;

export class PieceDecoder {
  private readonly size: number;
  /** `surfaces[offsets[id] .. offsets[id+1])` is what the id decodes to. */
  private readonly offsets: Uint32Array;
  private readonly surfaces: Uint8Array;
  /** Byte value of a byte piece, else -1. */
  private readonly byteOf: Int16Array;
  /** UTF-8 bytes of the surface; -1 for a byte piece, whose neighbours decide. */
  private readonly lengths: Int32Array;
  /** 1 where the piece begins with U+2581. */
  private readonly leading: Uint8Array;
  private readonly stripFirst: boolean;
  private readonly stripAll: boolean;
  private buffer = new Uint8Array(1 << 16);
  private run = new Uint8Array(256);

  constructor(tokenizer: Tokenizer) {
    const { pieces, normalizer, unknownSurface } = tokenizer;
    this.size = pieces.length;
    this.offsets = new Uint32Array(pieces.length + 1);
    this.byteOf = new Int16Array(pieces.length).fill(-1);
    this.leading = new Uint8Array(pieces.length);
    const parts: Buffer[] = [];
    for (const [id, { text, type }] of pieces.entries()) {
      let surface = '';
      if (type === 'byte') this.byteOf[id] = byteOfPiece(text)!;
      else if (type === 'unknown') surface = unknownSurface;
      else if (type !== 'control') {
        surface = text.replaceAll(SPACE, ' ');
        this.leading[id] = text.startsWith(SPACE) ? 1 : 0;
      }
      const bytes = Buffer.from(surface, 'utf8');
      parts.push(bytes);
      this.offsets[id + 1] = this.offsets[id]! + bytes.length;
    }
    this.surfaces = Buffer.concat(parts);
    this.lengths = Int32Array.from(parts, (part, id) => (this.byteOf[id]! >= 0 ? -1 : part.length));
    this.stripAll = normalizer?.removeExtraWhitespaces ?? false;
    this.stripFirst = this.stripAll || (normalizer?.addDummyPrefix ?? false);
  }

  /**
   * UTF-8 of the text of `ids[from .. to)`, one document; a view that the next call overwrites.
   *
   * @param ends when given, `ends[k]` becomes the offset in the result, in bytes, after the token
   *   `from + k`; the bytes of a character made of several byte pieces are one to each of them
   */
  decode(ids: ArrayLike<number>, from = 0, to = ids.length, ends?: Uint32Array): Uint8Array {
    let length = 0;
    let stripping = this.stripFirst;
    for (let i = from; i < to; ) {
      const id = ids[i]!;
      if (!(id >= 0 && id < this.size)) throw foreign(id, this.size);
      if (this.byteOf[id]! >= 0) {
        const end = this.gatherRun(ids, i, to);
        length = this.decodeRun(end - i, length, i - from, ends);
        i = end;
        continue;
      }
      if (length > 0) stripping = false;
      let start = this.offsets[id]!;
      if (stripping && this.leading[id] === 1) {
        start++;
        // A dummy prefix is one space; where extra spaces are removed all leading ones go.
        if (!this.stripAll) stripping = false;
      }
      const count = this.offsets[id + 1]! - start;
      this.reserve(length + count);
      // Surfaces are a few bytes: a loop beats a call of set().
      for (let k = 0; k < count; k++) this.buffer[length + k] = this.surfaces[start + k]!;
      length += count;
      if (ends !== undefined) ends[i - from] = length;
      i++;
    }
    return this.buffer.subarray(0, length);
  }

  /** `decode(ids, from, to).length`, in a fraction of the time: no text is made. */
  decodedLength(ids: ArrayLike<number>, from = 0, to = ids.length): number {
    const { lengths, leading, size, stripAll } = this;
    let length = 0;
    let stripping = this.stripFirst;
    for (let i = from; i < to; ) {
      const id = ids[i]!;
      if (!(id >= 0 && id < size)) throw foreign(id, size);
      const own = lengths[id]!;
      if (own < 0) {
        const end = this.gatherRun(ids, i, to);
        length += this.runLength(end - i);
        i = end;
        continue;
      }
      if (stripping) {
        if (length > 0) stripping = false;
        else if (leading[id] === 1) {
          length--;
          if (!stripAll) stripping = false;
        }
      }
      length += own;
      i++;
    }
    return length;
  }

  /** Bytes that `decodeRun` makes of the first `count` of `run`. */
  private runLength(count: number): number {
    let length = 0;
    for (let at = 0; at < count; ) {
      const character = characterLength(this.run, at, count);
      length += character === 0 ? REPLACEMENT_BYTES : character;
      at += Math.max(1, character);
    }
    return length;
  }

  /** Collects the run of byte pieces at `from` into `run`; gives the position after it. */
  private gatherRun(ids: ArrayLike<number>, from: number, to: number): number {
    let i = from;
    for (; i < to; i++) {
      const byte = this.byteOf[ids[i]!] ?? -1;
      if (byte < 0) break;
      if (i - from === this.run.length) {
        const grown = new Uint8Array(2 * this.run.length);
        grown.set(this.run);
        this.run = grown;
      }
      this.run[i - from] = byte;
    }
    return i;
  }

  private decodeRun(count: number, length: number, token: number, ends?: Uint32Array): number {
    this.reserve(length + REPLACEMENT_BYTES * count);
    const { run, buffer } = this;
    let out = length;
    for (let at = 0; at < count; ) {
      const character = characterLength(run, at, count);
      if (character === 0) {
        buffer[out++] = 0xef;
        buffer[out++] = 0xbf;
        buffer[out++] = 0xbd;
        if (ends !== undefined) ends[token + at] = out;
        at++;
        continue;
      }
      for (let k = 0; k < character; k++, at++) {
        buffer[out++] = run[at]!;
        if (ends !== undefined) ends[token + at] = out;
      }
    }
    return out;
  }

  private reserve(length: number): void {
    if (length <= this.buffer.length) return;
    const grown = new Uint8Array(Math.max(length, 2 * this.buffer.length));
    grown.set(this.buffer);
    this.buffer = grown;
  }
}

function foreign(id: number, size: number) {
  return usageError('BPB_TOKEN_ID', {
    message: `The id ${id} is not in the vocabulary.`,
    expected: `ids from 0 to ${size - 1}`,
    actual: `${id}`,
    hint: 'Decode ids with the tokenizer that made them.',
  });
}
