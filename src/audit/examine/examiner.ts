/**
 * Document examiner of an audit: encodes, decodes, counts in every accounting, compares.
 */
import { buildLut, type Lut, sumLut } from '../../bytes/lut.js';
import { countRestored, restoreCase, transformCase } from '../../tokenizer/caseops.js';
import { SPACE } from '../../tokenizer/check-pieces.js';
import { startIdOf } from '../../tokenizer/document-start.js';
import { createEncoder } from '../../tokenizer/encoder.js';
import { gainedBytes } from '../../tokenizer/gained-bytes.js';
import { PieceDecoder } from '../../tokenizer/piece-decoder.js';
import { nfkcBytes } from '../../tokenizer/reference-form.js';
import { RoundTripper } from '../../tokenizer/round-trip.js';
import type { TextDifference } from '../../tokenizer/same-text.js';
import { loadSentencePiece } from '../../tokenizer/sentencepiece-js.js';
import type { Encoder } from '../../tokenizer/types.js';
import { sumClaimed } from '../claimed-table.js';
import { findLoss, type Loss } from './loss.js';
import type { ExaminedDocument, ExamineSetup, ExamineTask, StreamMatch } from './messages.js';
import { explainTokens, sameIds } from './stream-match.js';
import { traitsOf } from './traits.js';

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** A document's text tokens `ids[from .. to)`; before them is a start id, another document or nothing. */
interface Tokens {
  readonly ids: ArrayLike<number>;
  readonly from: number;
  readonly to: number;
}

/** Decoded tokens, with case operators reversed where that is possible. */
interface Decoded {
  readonly text: Buffer;
  readonly bytes: number;
  /** Bytes of operators, which represent no text. */
  readonly operators: number;
  readonly malformed: boolean;
}

/** Unexplained mismatches of a batch that are searched for a cause: each costs three encodings. */
const UNEXPLAINED_A_BATCH = 8;

const surfaceBytes = (piece: string) =>
  Buffer.byteLength(piece) - 2 * (piece.split(SPACE).length - 1);

/** Makes the examiner of a thread and gives the function that examines with it. */
export async function openExaminer(
  setup: ExamineSetup,
): Promise<(task: ExamineTask) => ExaminedDocument[]> {
  const examiner = await Examiner.create(setup);
  return (task) => examiner.examine(task);
}

/** Holds an encoder and buffers: one per thread. */
class Examiner {
  private readonly lut: Lut;
  private readonly decoder: PieceDecoder;
  private readonly roundTripper: RoundTripper;
  /** Bytes of each id in the normalized text, where a space mark is one byte. */
  private readonly surface: Uint32Array;
  private readonly unknownId: number;
  /** What precedes a document that is not in a stream: its start id, or an ordinary id. */
  private readonly before: number;
  private readonly cased: boolean;
  private unexplained = 0;

  private constructor(
    private readonly setup: ExamineSetup,
    private readonly encoder: Encoder,
    /** Surfaces of a text's tokens, where there can be unknown ones. */
    private readonly pieces: ((text: string) => string[]) | null,
  ) {
    const { tokenizer } = setup;
    this.lut = buildLut(tokenizer);
    this.decoder = new PieceDecoder(tokenizer);
    this.roundTripper = new RoundTripper(tokenizer);
    this.before = startIdOf(tokenizer) ?? this.lut.boundary.indexOf(0);
    this.unknownId = tokenizer.pieces.findIndex(({ type }) => type === 'unknown');
    this.cased = tokenizer.hasCaseOperators;
    this.surface = Uint32Array.from(tokenizer.pieces, ({ text, type }) =>
      type === 'byte' ? 1 : type === 'control' || type === 'unknown' ? 0 : surfaceBytes(text),
    );
  }

  static async create(setup: ExamineSetup): Promise<Examiner> {
    const { model, path, kind, byteFallback } = setup.tokenizer;
    const encoder = await createEncoder(setup.tokenizer);
    // A second instance of the model, and only where a text can have unknown tokens.
    const pieces =
      model === null || byteFallback ? null : (await loadSentencePiece(model, path ?? kind)).pieces;
    return new Examiner(setup, encoder, pieces);
  }

  examine({ texts, from, to, whole }: ExamineTask): ExaminedDocument[] {
    this.unexplained = 0;
    const histogram = new Int32Array(this.setup.histogram.length);
    const count = texts?.length ?? from!.length;
    const documents = Array.from({ length: count }, (_, k) => {
      const inStream = from === null ? null : { ids: this.setup.ids!, from: from[k]!, to: to![k]! };
      return this.document(texts?.[k] ?? null, inStream, whole, histogram);
    });
    for (const [id, n] of histogram.entries()) {
      if (n > 0) Atomics.add(this.setup.histogram, id, n);
    }
    return documents;
  }

  private document(
    text: string | null,
    inStream: Tokens | null,
    whole: boolean,
    histogram: Int32Array,
  ): ExaminedDocument {
    const { claimed } = this.setup;
    let decoded = inStream === null ? null : this.decode(inStream);
    const source = text ?? decoded!.text.toString('utf8');
    const encoded = this.encoder.encode(source);
    const tokens = inStream ?? this.alone(encoded);
    decoded ??= this.decode(tokens);
    const { ids, from, to } = tokens;
    // Token 0 of a stream is never a target.
    const first = Math.max(from, 1);
    const unknown = this.count(tokens, first, histogram);
    const lut = sumLut(this.lut, ids, first, to);
    const afterBoundary = from === 0 || this.lut.boundary[ids[from - 1]!] === 1;
    const dropped = this.dropped(tokens);
    const firstSpace =
      afterBoundary && dropped === 0 && from < to && this.lut.leading[ids[from]!] === 1;
    // A leading space after a boundary counts nowhere in the table; decoding may drop that and more.
    const uncounted = firstSpace ? 1 : -Math.max(0, dropped - (afterBoundary ? 1 : 0));
    const original = text === null ? null : Buffer.from(text, 'utf8');
    const loss = original === null ? null : this.loss(original, decoded, unknown > 0);
    const equal = inStream === null || sameIds(encoded, ids, from, to);
    // Ids of another text, and text without a piece, are findings of their own.
    const normalized = loss !== null && equal && unknown === 0;
    const altered = normalized ? this.altered(text!, tokens) : null;
    const within = normalized && altered === null && !decoded.malformed;
    return {
      tokens: to - from,
      original: original?.length ?? null,
      most: text === null ? null : nfkcBytes(text, original!.length),
      gained: within ? gainedBytes(text!, decoded.text.toString('utf8')) : 0,
      normalized: this.normalized(source, encoded, equal ? decoded : null),
      decoded: decoded.bytes,
      lut,
      claimed: claimed === null ? null : sumClaimed(claimed, ids, first, to),
      unknown,
      adjoins: !afterBoundary && from < to,
      firstSpaceUncounted: firstSpace,
      loss,
      altered,
      match:
        inStream === null || !whole ? null : equal ? 'equal' : this.explain(text, loss, inStream),
      tableAgrees: unknown > 0 || this.cased || from === 0 || lut + uncounted === decoded.bytes,
      traits: traitsOf(source, original?.length ?? decoded.bytes),
    };
  }

  /** A document's tokens where no stream holds them. */
  private alone(encoded: Uint32Array): Tokens {
    const ids = new Uint32Array(encoded.length + 1);
    ids[0] = this.before;
    ids.set(encoded, 1);
    return { ids, from: 1, to: ids.length };
  }

  private decode({ ids, from, to }: Tokens): Decoded {
    const raw = this.decoder.decode(ids, from, to);
    if (!this.cased) {
      const text = Buffer.from(raw);
      return { text, bytes: raw.length, operators: 0, malformed: false };
    }
    const bytes = countRestored(raw);
    const rest = { bytes, operators: raw.length - bytes };
    try {
      return { text: Buffer.from(restoreCase(utf8.decode(raw))), malformed: false, ...rest };
    } catch {
      // The normalizer may have joined or split words around an operator.
      return { text: Buffer.from(raw), malformed: true, ...rest };
    }
  }

  /** Adds the targets to the histogram. @returns how many are unknown */
  private count({ ids, to }: Tokens, first: number, histogram: Int32Array): number {
    const { leading, boundary } = this.lut;
    const spaces = histogram.length - 1;
    let unknown = 0;
    for (let i = first; i < to; i++) {
      const id = ids[i]!;
      histogram[id]!++;
      if (leading[id] === 1 && boundary[ids[i - 1]!] === 0) histogram[spaces]!++;
      if (id === this.unknownId) unknown++;
    }
    return unknown;
  }

  /** Leading spaces that decoding drops (see PieceDecoder): one of a dummy prefix, or all. */
  private dropped({ ids, from, to }: Tokens): number {
    const { normalizer } = this.setup.tokenizer;
    const all = normalizer?.removeExtraWhitespaces ?? false;
    if (!all && !normalizer?.addDummyPrefix) return 0;
    let count = 0;
    for (let i = from; i < to && this.lut.leading[ids[i]!] === 1; i++) {
      count++;
      if (!all || this.lut.base[ids[i]!]! > 0) break;
    }
    return count;
  }

  private loss(original: Buffer, decoded: Decoded, unknown: boolean): Loss | null {
    if (!decoded.malformed && original.equals(decoded.text)) return null;
    const surface = unknown ? this.setup.tokenizer.unknownSurface : null;
    return findLoss(original, decoded.text, surface, decoded.malformed);
  }

  private altered(text: string, { ids, from, to }: Tokens): TextDifference | null {
    if (this.roundTripper.check(ids, text, from, to).intact) return null;
    return this.roundTripper.difference(ids, text, from, to);
  }

  /** @param known `encoded` decoded, where that has been done already */
  private normalized(source: string, encoded: Uint32Array, known: Decoded | null): number {
    let sum = 0;
    if (this.pieces !== null && encoded.includes(this.unknownId)) {
      const input = this.cased ? transformCase(source) : source;
      for (const piece of this.pieces(input)) sum += surfaceBytes(piece);
    } else for (const id of encoded) sum += this.surface[id]!;
    if (!this.cased) return sum;
    return sum - (known ?? this.decode(this.alone(encoded))).operators;
  }

  private explain(text: string | null, loss: Loss | null, { ids, from, to }: Tokens): StreamMatch {
    if (text === null || loss === null) return 'other ids';
    if (this.unexplained >= UNEXPLAINED_A_BATCH) return 'other text';
    const match = explainTokens(text, this.encoder, ids, from, to);
    if (match === 'other text') this.unexplained++;
    return match;
  }
}
