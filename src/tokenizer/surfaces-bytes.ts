/**
 * Byte counts by surface: how many bytes of the published text each token represents.
 *
 * These are the entries of the byte sidecar (openai/parameter-golf pull request 1729): the surface's
 * bytes, except that a case operator counts nothing and an escaped character counts itself only.
 */
import { countRestored, transformCase } from './caseops.js';
import { readSentencePieceModel } from './sentencepiece-model.js';
import { SurfaceAligner } from './surfaces.js';
import type { Tokenizer } from './types.js';

/** Growing list of ascending byte offsets; typed, since a long text may hold millions. */
class Places {
  private values = new Uint32Array(256);
  private length = 0;

  clear(): void {
    this.length = 0;
  }

  push(place: number): void {
    if (this.length === this.values.length) {
      const grown = new Uint32Array(2 * this.length);
      grown.set(this.values);
      this.values = grown;
    }
    this.values[this.length++] = place;
  }

  view(): Uint32Array {
    return this.values.subarray(0, this.length);
  }
}

/** Bytes of an operator in UTF-8. */
const OPERATOR_BYTES = 3;

/** Counts for texts of one tokenizer. Reuses its buffers: one instance per thread. */
export class SurfaceBytes {
  private readonly aligner: SurfaceAligner | null;
  private readonly operators = new Places();

  /** Reads the character map from the tokenizer's model; a byte vocabulary has none. */
  constructor(private readonly tokenizer: Tokenizer) {
    const { model, path, kind } = tokenizer;
    this.aligner =
      model === null ? null : new SurfaceAligner(readSentencePieceModel(model, path ?? kind));
  }

  /**
   * Bytes of `text` that each of its ids represents; they sum to the text's UTF-8 length less what
   * the normalizer drops before the first piece and after the last.
   *
   * @param ids the encoder's ids of `text`, without BOS
   * @throws BPB_SURFACES where they are other ids
   */
  count(text: string, ids: ArrayLike<number>): Uint32Array {
    if (this.aligner === null) return new Uint32Array(ids.length).fill(1);
    const { hasCaseOperators } = this.tokenizer;
    const input = Buffer.from(hasCaseOperators ? transformCase(text) : text, 'utf8');
    const { begin, ends: counts } = this.aligner.align(ids, input);
    this.operators.clear();
    if (hasCaseOperators) countRestored(input, (from) => this.operators.push(from));
    const operators = this.operators.view();
    let seen = 0;
    while (seen < operators.length && operators[seen]! < begin) seen++;
    for (let k = 0, from = begin; k < counts.length; k++) {
      const to = counts[k]!;
      let bytes = to - from;
      for (; seen < operators.length && operators[seen]! < to; seen++) bytes -= OPERATOR_BYTES;
      counts[k] = bytes;
      from = to;
    }
    return counts;
  }
}
