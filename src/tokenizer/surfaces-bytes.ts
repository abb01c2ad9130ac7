/**
 * How many bytes of the published text each token stands for, by the token's surface.
 *
 * These are the entries of the byte sidecar (openai/parameter-golf pull request 1729): the surface's
 * bytes, except that a case operator stands for nothing and an escaped character for itself.
 */
import { readFileSync } from 'node:fs';
import { countRestored, transformCase } from './caseops.js';
import { readSentencePieceModel } from './sentencepiece-model.js';
import { SurfaceAligner } from './surfaces.js';
import type { Tokenizer } from './types.js';

/** Places in ascending order; a typed list, since a long text may hold millions. */
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

/** Counts for texts of one tokenizer; reuses its buffers, so one a thread. */
export class SurfaceBytes {
  private readonly aligner: SurfaceAligner | null;
  private readonly operators = new Places();

  /** Reads the character map from the tokenizer's file; a byte vocabulary needs none. */
  constructor(private readonly tokenizer: Tokenizer) {
    const { path } = tokenizer;
    this.aligner =
      path === null ? null : new SurfaceAligner(readSentencePieceModel(readFileSync(path), path));
  }

  /**
   * Bytes of `text` that each of its ids stands for; they sum to the text's UTF-8 length less what
   * the normalizer drops before the first piece and after the last.
   *
   * @param ids what the tokenizer's encoder makes of `text`, without BOS
   * @throws BPB_SURFACES where they are not
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
