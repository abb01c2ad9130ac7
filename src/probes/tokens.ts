/**
 * Where probes take their tokens from: the validation stream, or ids drawn at random.
 */
import type { TokenStream } from '../data/types.js';
import { mulberry32 } from '../random.js';
import type { Tokenizer } from '../tokenizer/types.js';

/** Types of pieces that an encoder writes into a text. */
const WRITTEN = new Set(['normal', 'byte', 'user_defined']);

export class Tokens {
  private readonly random: () => number;
  /** Ids that a text can hold and the logits have. */
  readonly written: Int32Array;
  /** BOS, or the last id that the logits have. */
  readonly bosId: number;

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
  ) {
    this.bosId = Math.min(tokenizer.bosId, (width ?? tokenizer.pieces.length) - 1);
    this.random = mulberry32([...name].reduce((h, c) => Math.imul(h, 31) + c.charCodeAt(0), seed));
    const ids = tokenizer.pieces.flatMap(({ type }, id) => (WRITTEN.has(type) ? [id] : []));
    this.written = Int32Array.from(ids.filter((id) => id < (width ?? Number.POSITIVE_INFINITY)));
  }

  /** A whole number below `end`. */
  below(end: number): number {
    return Math.floor(this.random() * end);
  }

  /** A written id other than those named. */
  id(...not: number[]): number {
    for (let tries = 0; tries < 1000; tries++) {
      const id = this.written[this.below(this.written.length)]!;
      if (!not.includes(id)) return id;
    }
    throw new RangeError('the vocabulary has no other written id');
  }

  /** `count` written ids, drawn independently. */
  noise(count: number): Int32Array {
    return Int32Array.from({ length: count }, () => this.id());
  }

  /** `inputs + 1` tokens: a stretch of the stream, or BOS and random ids. */
  row(inputs: number): Int32Array {
    const { stream } = this;
    if (stream !== null && stream.ids.length > inputs) {
      const start = this.below(stream.ids.length - inputs);
      return Int32Array.from(stream.ids.subarray(start, start + inputs + 1));
    }
    return this.document(inputs + 1);
  }

  /** BOS and `length - 1` tokens of a text: the stream's where it has as many, never a second BOS. */
  document(length: number): Int32Array {
    const document = this.noise(length);
    const { stream, tokenizer } = this;
    document[0] = this.bosId;
    if (stream !== null && stream.ids.length > length) {
      const start = this.below(stream.ids.length - length);
      for (let k = 1; k < length; k++) {
        const id = stream.ids[start + k]!;
        if (id !== tokenizer.bosId) document[k] = id;
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
