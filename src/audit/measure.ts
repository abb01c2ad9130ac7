/**
 * Measured bytes of every id, by encoding and decoding with SentencePiece itself.
 *
 * The byte table counts a piece's text by rule. Here the id is decoded after an ordinary one and the
 * text is measured, so that an error in the rule cannot confirm itself.
 */
import { buildLut } from '../bytes/lut.js';
import { BpbError } from '../errors.js';
import { byteOfPiece, SPACE } from '../tokenizer/check-pieces.js';
import { startIdOf } from '../tokenizer/document-start.js';
import { createEncoder } from '../tokenizer/encoder.js';
import { loadSentencePiece } from '../tokenizer/sentencepiece-js.js';
import type { Tokenizer } from '../tokenizer/types.js';
import type { MeasuredReport } from './types.js';

export type Codec = {
  encode(text: string): Uint32Array;
  decode(ids: ArrayLike<number>): string;
};

const MISMATCHES_SHOWN = 20;

/** SentencePiece itself, or our own codec for a vocabulary without a model; null if it will not load. */
export async function openCodec(tokenizer: Tokenizer): Promise<Codec | BpbError> {
  const { model, path, kind } = tokenizer;
  if (model === null) return createEncoder(tokenizer);
  try {
    return await loadSentencePiece(model, path ?? kind);
  } catch (error) {
    if (error instanceof BpbError && error.code === 'BPB_TOKENIZER_LOAD') return error;
    throw error;
  }
}

/** An id that decodes to one ASCII letter: it does not merge with what follows it. */
function anchorOf({ pieces }: Tokenizer): { id: number; text: string } | null {
  const letter = pieces.findIndex(({ text, type }) => type === 'normal' && /^[a-z]$/.test(text));
  if (letter !== -1) return { id: letter, text: pieces[letter]!.text };
  const byte = pieces.findIndex(({ text, type }) => type === 'byte' && byteOfPiece(text) === 0x61);
  return byte === -1 ? null : { id: byte, text: 'a' };
}

/** A valid character that contains `byte`; null for the thirteen bytes that no text has. */
function characterWith(byte: number): readonly number[] | null {
  if (byte < 0x80) return [byte];
  if (byte < 0xc0) return [0xc3, byte];
  if (byte < 0xc2 || byte > 0xf4) return null;
  if (byte < 0xe0) return [byte, 0x80];
  // A0 after E0 and 90 after F0: what is below would be an overlong form.
  if (byte < 0xf0) return [byte, byte === 0xe0 ? 0xa0 : 0x80, 0x80];
  return [byte, byte === 0xf0 ? 0x90 : 0x80, 0x80, 0x80];
}

/** Bytes of ids, measured after an anchor. */
class Scale {
  private readonly byteIds = new Map<number, number>();
  private readonly lead: number;

  constructor(
    private readonly tokenizer: Tokenizer,
    private readonly codec: Codec,
    private readonly anchor: number,
  ) {
    for (const [id, { text, type }] of tokenizer.pieces.entries()) {
      if (type === 'byte') this.byteIds.set(byteOfPiece(text)!, id);
    }
    this.lead = Buffer.byteLength(codec.decode([anchor]));
  }

  /** Null for an id that no valid text holds. */
  bytesOf(id: number): number | null {
    const { text, type } = this.tokenizer.pieces[id]!;
    if (type !== 'byte') return this.after([id]);
    const character = characterWith(byteOfPiece(text)!);
    const ids = character?.map((byte) => this.byteIds.get(byte));
    if (ids === undefined || ids.includes(undefined)) return null;
    // A character's bytes belong to its tokens in equal parts: each is one byte.
    return this.after(ids as number[]) / ids.length;
  }

  private after(ids: readonly number[]): number {
    return Buffer.byteLength(this.codec.decode([this.anchor, ...ids])) - this.lead;
  }
}

/**
 * @param onProgress called now and then with the ids done
 * @returns null where the vocabulary has no piece to measure against
 */
export function measureTable(
  tokenizer: Tokenizer,
  codec: Codec,
  onProgress: (done: number) => void = () => {},
): MeasuredReport | null {
  const anchor = anchorOf(tokenizer);
  if (anchor === null) return null;
  const scale = new Scale(tokenizer, codec, anchor.id);
  const lut = buildLut(tokenizer);
  const startId = startIdOf(tokenizer);
  const report: MeasuredReport = { measured: 0, unmeasurable: 0, reached: 0, mismatches: [] };
  for (const [id, { text, type }] of tokenizer.pieces.entries()) {
    if (id % 1024 === 0) onProgress(id);
    if (id === startId) continue;
    // By rule these have no bytes, whatever they would decode to: no text encodes to them.
    if (type === 'control' || type === 'unknown' || type === 'unused' || text === '') continue;
    const measured = scale.bytesOf(id);
    if (measured === null) {
      report.unmeasurable++;
      continue;
    }
    report.measured++;
    if (type !== 'byte' && gives(codec, anchor.text + text.replaceAll(SPACE, ' '), id)) {
      report.reached++;
    }
    const table = lut.base[id]! + lut.leading[id]!;
    if (table !== measured && report.mismatches.length < MISMATCHES_SHOWN) {
      report.mismatches.push({ id, piece: text, table, measured });
    }
  }
  return report;
}

function gives(codec: Codec, text: string, id: number): boolean {
  const ids = codec.encode(text);
  return ids.length === 2 && ids[1] === id;
}
