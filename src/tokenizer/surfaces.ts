/**
 * Surface alignment: the span of SentencePiece's input that each token's piece covers.
 *
 * SentencePiece keeps, for each byte of the normalized text, where in the input it came from
 * (`norm_to_orig` in normalizer.cc) and gives a piece the input between its first byte's origin and
 * that of the byte after it (`PopulateSentencePieceText`). The library used here gives ids only, so
 * the normalized text is made again, byte by byte, while the ids are walked along it; neither it nor
 * the origins are ever held as a whole. What normalization drops belongs to the piece before it, and
 * to no piece at the very start and among the spaces removed at the end.
 */
import { type BpbError, inputError } from '../errors.js';
import { byteOfPiece, SPACE } from './check-pieces.js';
import type { SentencePieceModel } from './sentencepiece-model.js';
import { lengthOf, NormalizerRules } from './surfaces-rules.js';

const SPACE_BYTES = Buffer.from(SPACE, 'utf8');
const BLANK = Uint8Array.of(0x20);

const TEXT = 0;
const BYTE = 1;
const UNKNOWN = 2;
const CONTROL = 3;

interface SurfaceSpans {
  /** Offset in the input, in bytes, where the first token's surface begins. */
  readonly begin: number;
  /** Token `k` covers the bytes from `ends[k - 1]` (the first from `begin`) to `ends[k]`. */
  readonly ends: Uint32Array;
}

export class SurfaceAligner {
  private readonly rules: NormalizerRules;
  private readonly kinds: Uint8Array;
  /** UTF-8 of piece `id`: `texts[offsets[id] .. offsets[id + 1])`; of a byte piece, its byte. */
  private readonly texts: Uint8Array;
  private readonly offsets: Uint32Array;
  /** Code points that are pieces of their own; any other is unknown. */
  private readonly characters = new Set<number>();
  private readonly escape: boolean;
  private readonly removeExtra: boolean;
  private readonly dummyPrefix: boolean;

  // The normalized text, as far as it is made: `unit[at .. to)` is what came from `origin`.
  private input: Uint8Array = BLANK;
  private next = 0;
  private unit: Uint8Array = BLANK;
  private at = 0;
  private to = 0;
  private origin = 0;
  /** Bytes of U+2581 given so far of the space at `at`. */
  private escaped = 0;
  private afterSpace = false;

  constructor({ pieces, charsmap, normalizer, trainer }: SentencePieceModel) {
    if (trainer.modelType === 'word') {
      throw inputError('BPB_SURFACES_UNSUPPORTED', {
        message: 'Surfaces are not known for tokenizers of whole words.',
        expected: 'a byte-pair, unigram or character model',
        actual: 'model type word',
      });
    }
    this.rules = new NormalizerRules(charsmap, pieces);
    this.kinds = new Uint8Array(pieces.length);
    this.offsets = new Uint32Array(pieces.length + 1);
    const texts: Buffer[] = [];
    for (const [id, { text, type }] of pieces.entries()) {
      const bytes = type === 'byte' ? Buffer.of(byteOfPiece(text)!) : Buffer.from(text, 'utf8');
      texts.push(bytes);
      this.offsets[id + 1] = this.offsets[id]! + bytes.length;
      const special = { byte: BYTE, unknown: UNKNOWN, control: CONTROL } as const;
      this.kinds[id] = special[type as keyof typeof special] ?? TEXT;
      if (this.kinds[id] !== TEXT) continue;
      const point = text.codePointAt(0)!;
      if (text.length === (point > 0xffff ? 2 : 1)) this.characters.add(point);
    }
    this.texts = Buffer.concat(texts);
    this.escape = normalizer.escapeWhitespaces;
    this.removeExtra = normalizer.removeExtraWhitespaces;
    this.dummyPrefix = normalizer.addDummyPrefix;
  }

  /**
   * The surfaces of `ids`, which are the whole of what SentencePiece makes of `input`.
   *
   * @param input valid UTF-8, as it is given to SentencePiece (case operators included)
   * @throws BPB_SURFACES where the ids are not those of the input
   */
  align(ids: ArrayLike<number>, input: Uint8Array): SurfaceSpans {
    this.start(input);
    const ends = new Uint32Array(ids.length);
    const begin = this.nextOrigin();
    // A character without a piece is one byte piece a byte; the last of them has the surface.
    let bytesLeft = 0;
    for (let k = 0, end = begin; k < ids.length; k++) {
      const id = ids[k]!;
      const kind = this.kinds[id];
      if (kind === undefined || kind === CONTROL) throw this.refuse(k);
      if (kind === BYTE) {
        if (bytesLeft === 0) bytesLeft = lengthOf(this.texts[this.offsets[id]!]!);
        bytesLeft--;
      } else if (bytesLeft > 0) throw this.refuse(k);
      const fits = kind === UNKNOWN ? this.takeUnknown() : this.takePiece(id);
      if (!fits) throw this.refuse(k);
      if (bytesLeft === 0) end = this.nextOrigin();
      ends[k] = end;
    }
    if (bytesLeft > 0 || !this.onlySpacesLeft()) throw this.refuse(ids.length);
    this.input = this.unit = BLANK;
    return { begin, ends };
  }

  private start(input: Uint8Array): void {
    this.input = input;
    this.next = this.at = this.to = this.escaped = 0;
    this.afterSpace = this.removeExtra;
    if (this.removeExtra) this.skipLeadingSpaces();
    if (!this.dummyPrefix || this.next === input.length) return;
    this.unit = BLANK;
    this.to = 1;
    this.origin = this.next;
  }

  /** Only what becomes exactly one space; the others go as spaces after a space. */
  private skipLeadingSpaces(): void {
    const { rules, input } = this;
    while (this.next < input.length) {
      rules.apply(input, this.next);
      if (rules.to - rules.from !== 1 || rules.source[rules.from] !== 0x20) return;
      this.next += rules.consumed;
    }
  }

  /** Makes the next stretch of normalized text that is not empty; false at the end. */
  private load(): boolean {
    const { rules, input } = this;
    while (this.next < input.length) {
      rules.apply(input, this.next);
      const { source, to } = rules;
      let { from } = rules;
      if (this.afterSpace) while (from < to && source[from] === 0x20) from++;
      this.origin = this.next;
      this.next += rules.consumed;
      if (from === to) continue;
      this.afterSpace = this.removeExtra && source[to - 1] === 0x20;
      this.unit = source;
      this.at = from;
      this.to = to;
      return true;
    }
    return false;
  }

  /** Origin of the next normalized byte, or the length of the input. */
  private nextOrigin(): number {
    if (this.at < this.to) return this.origin;
    const { rules, input, next } = this;
    if (next < input.length && rules.staysPlain(input, next)) return next;
    return this.load() ? this.origin : input.length;
  }

  /** The next normalized byte, or -1 at the end. */
  private takeByte(): number {
    if (this.at === this.to && !this.load()) return -1;
    const byte = this.unit[this.at]!;
    if (byte !== 0x20 || !this.escape) {
      this.at++;
      return byte;
    }
    const part = SPACE_BYTES[this.escaped]!;
    this.escaped = (this.escaped + 1) % 3;
    if (this.escaped === 0) this.at++;
    return part;
  }

  private takePiece(id: number): boolean {
    const { texts, rules, input } = this;
    const end = this.offsets[id + 1]!;
    for (let i = this.offsets[id]!; i < end; i++) {
      // Most bytes of most texts: the way of takeByte() and load() without its turns.
      if (this.at === this.to && this.next < input.length && rules.staysPlain(input, this.next)) {
        if (input[this.next++] !== texts[i]) return false;
        this.afterSpace = false;
      } else if (this.takeByte() !== texts[i]) return false;
    }
    return true;
  }

  /** An unknown id stands for all unknown characters up to the next known one. */
  private takeUnknown(): boolean {
    let taken = 0;
    while (this.at < this.to || this.load()) {
      const lead = this.unit[this.at]!;
      const space = lead === 0x20 && this.escape;
      const point = space ? 0x2581 : pointAt(this.unit, this.at);
      if (this.characters.has(point)) break;
      this.at += lengthOf(lead);
      taken++;
    }
    return taken > 0;
  }

  private onlySpacesLeft(): boolean {
    while (this.at < this.to || this.load()) {
      if (!this.removeExtra) return false;
      const byte = this.takeByte();
      const mark = byte === SPACE_BYTES[0];
      if (byte !== 0x20 && !(mark && this.takeByte() === 0x96 && this.takeByte() === 0x81)) {
        return false;
      }
    }
    return true;
  }

  private refuse(token: number): BpbError {
    return inputError('BPB_SURFACES', {
      message: `The ids are not what the tokenizer makes of this text: they part at token ${token}.`,
      expected: 'the ids of this very text, under this tokenizer',
      actual: `token ${token} does not continue the normalized text (input byte ${this.origin})`,
      hint: 'Encode the text with the tokenizer whose surfaces are asked for.',
    });
  }
}

function pointAt(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  const length = lengthOf(lead);
  if (length === 1) return lead;
  let point = lead & (0xff >> (length + 1));
  for (let k = 1; k < length; k++) point = (point << 6) | (bytes[at + k]! & 0x3f);
  return point;
}
