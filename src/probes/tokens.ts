/**
 * Source of the tokens of a probe: the validation stream, or random ids.
 */
import type { TokenStream } from '../data/types.js';
import { mulberry32 } from '../random.js';
import { startIdOf, suggestedStart } from '../tokenizer/document-start.js';
import type { Tokenizer } from '../tokenizer/types.js';
import type { WindowMode } from '../windows/options.js';

/** Types of pieces that an encoder writes into a text. */
const WRITTEN = new Set(['normal', 'byte', 'user_defined']);

const NOTHING = { ids: new Uint32Array(), documentStarts: new Uint32Array() };

export class Tokens {
  private readonly random: () => number;
  /** Rows drawn so far; starts so that the first two are as most rows of the evaluation. */
  private rows: number;
  /** Ids that a text can hold and the logits have. */
  readonly written: Int32Array;
  /** All ids that the logits have. */
  private readonly ids: readonly number[];
  /** What begins the documents that are made up: BOS, or an id that the logits have. */
  readonly startId: number;

  /**
   * @param width of the logits; null where not known. A stream with ids beyond it is not used.
   * @param seed probes with other names and one seed see other tokens
   */
  constructor(
    readonly tokenizer: Tokenizer,
    readonly stream: TokenStream | null,
    width: number | null,
    seed: number,
    name: string,
    mode: WindowMode,
  ) {
    this.rows = mode === 'document' ? 1 : 3;
    const usual = startIdOf(tokenizer) ?? suggestedStart(tokenizer) ?? 0;
    this.startId = Math.min(usual, (width ?? tokenizer.pieces.length) - 1);
    this.random = mulberry32([...name].reduce((h, c) => Math.imul(h, 31) + c.charCodeAt(0), seed));
    const ids = tokenizer.pieces.flatMap(({ type }, id) => (WRITTEN.has(type) ? [id] : []));
    const isRead = (id: number) => id < (width ?? Number.POSITIVE_INFINITY);
    this.written = Int32Array.from(ids.filter(isRead));
    this.ids = tokenizer.pieces.map((_, id) => id).filter(isRead);
  }

  /** A whole number below `end`. */
  below(end: number): number {
    return Math.floor(this.random() * end);
  }

  /** A written id other than those named; one that no text has where there is no other. */
  id(...not: number[]): number {
    for (let tries = 0; tries < 1000; tries++) {
      const id = this.written[this.below(this.written.length)]!;
      if (!not.includes(id)) return id;
    }
    // A vocabulary that writes one id alone: any other that the logits have.
    const other = this.ids.find((id) => !not.includes(id));
    if (other === undefined) throw new RangeError('the vocabulary has no other id');
    return other;
  }

  /** `count` written ids, drawn independently. */
  noise(count: number): Int32Array {
    return Int32Array.from({ length: count }, () => this.id());
  }

  /**
   * `inputs + 1` tokens: by turns a document's beginning, as every row begins under `document`
   * windows, and a stretch of the stream from anywhere; a start id and random ids where there is none.
   */
  row(inputs: number): Int32Array {
    const { stream } = this;
    // Two by two: callers make every second row a short one.
    if (((++this.rows >> 1) & 1) === 1) return this.beginning(inputs + 1);
    if (stream !== null && stream.ids.length > inputs) {
      const start = this.below(stream.ids.length - inputs);
      return Int32Array.from(stream.ids.subarray(start, start + inputs + 1));
    }
    return this.document(inputs + 1);
  }

  /** The first `length` tokens of a document of the stream; random where none is as long. */
  beginning(length: number): Int32Array {
    const { ids, documentStarts } = this.stream ?? NOTHING;
    const count = documentStarts.length;
    const first = this.below(count);
    for (let k = 0; k < count; k++) {
      const d = (first + k) % count;
      const start = documentStarts[d]!;
      if ((documentStarts[d + 1] ?? ids.length) - start >= length) {
        return Int32Array.from(ids.subarray(start, start + length));
      }
    }
    return this.document(length);
  }

  /**
   * The last row of a document of the stream, as whole rows of `inputs` leave it, and the token behind
   * it; null where no document has one.
   */
  ending(inputs: number): Int32Array | null {
    const { ids, documentStarts: starts } = this.stream ?? NOTHING;
    if (starts.length < 2) return null;
    const d = this.below(starts.length - 1);
    const [start, end] = [starts[d]!, starts[d + 1]!];
    const length = ((end - start - 1) % inputs) + 1;
    return Int32Array.from(ids.subarray(end - length, end + 1));
  }

  /** Documents of the stream that follow one another, `length` tokens in all where it has them. */
  documents(length: number): Int32Array[] {
    const { ids, documentStarts: starts } = this.stream ?? NOTHING;
    const from = this.below(Math.max(1, ids.length - length));
    const first = Math.max(
      0,
      starts.findLastIndex((start) => start <= from),
    );
    const documents: Int32Array[] = [];
    let tokens = 0;
    for (let d = first; d < starts.length && tokens < length; d++) {
      const end = Math.min(starts[d + 1] ?? ids.length, starts[d]! + length - tokens);
      documents.push(Int32Array.from(ids.subarray(starts[d]!, end)));
      tokens += end - starts[d]!;
    }
    return documents;
  }

  /** A start id and `length - 1` tokens of a text: the stream's where it has as many, never a second one. */
  document(length: number): Int32Array {
    const document = this.noise(length);
    const { stream, tokenizer } = this;
    document[0] = this.startId;
    if (stream !== null && stream.ids.length > length) {
      const start = this.below(stream.ids.length - length);
      for (let k = 1; k < length; k++) {
        const id = stream.ids[start + k]!;
        if (id !== startIdOf(tokenizer)) document[k] = id;
      }
    }
    return document;
  }

  /** `values` in random order. */
  shuffled(values: Int32Array): Int32Array {
    const copy = values.slice();
    for (let k = copy.length - 1; k > 0; k--) {
      const other = this.below(k + 1);
      [copy[k], copy[other]] = [copy[other]!, copy[k]!];
    }
    return copy;
  }
}
