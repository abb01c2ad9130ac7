/**
 * Bytes that each token adds to its document's decoded text, by its context.
 */
import { countRestored } from '../tokenizer/caseops.js';
import { PieceDecoder } from '../tokenizer/piece-decoder.js';
import type { Tokenizer } from '../tokenizer/types.js';

/** Gives the shares of documents of one tokenizer; reuses its buffers, so one a thread. */
export class DecodedShares {
  private readonly decoder: PieceDecoder;
  private readonly restores: boolean;
  private shares = new Uint32Array(1 << 12);

  constructor(tokenizer: Tokenizer) {
    this.decoder = new PieceDecoder(tokenizer);
    this.restores = tokenizer.hasCaseOperators;
  }

  /** UTF-8 length of what `ids[from .. to)`, one document, decodes to, case operators restored. */
  total(ids: ArrayLike<number>, from: number, to: number): number {
    if (!this.restores) return this.decoder.decodedLength(ids, from, to);
    return countRestored(this.decoder.decode(ids, from, to));
  }

  /**
   * `shares[k]` is what token `from + k` adds to the decoded text of the document `ids[from .. to)`;
   * they sum to `total`. A view that the next call overwrites.
   */
  of(ids: ArrayLike<number>, from: number, to: number): Uint32Array {
    const count = to - from;
    if (count > this.shares.length) this.shares = new Uint32Array(2 * count);
    const shares = this.shares.subarray(0, count);
    const utf8 = this.decoder.decode(ids, from, to, shares);
    if (this.restores) this.dropOperators(utf8, shares);
    // From the end, so that each offset is read before it is replaced.
    for (let k = count - 1; k > 0; k--) shares[k]! -= shares[k - 1]!;
    return shares;
  }

  /** Turns end offsets in the transformed text into end offsets in the restored one. */
  private dropOperators(utf8: Uint8Array, ends: Uint32Array): void {
    let k = 0;
    let removed = 0;
    countRestored(utf8, (start, end) => {
      // Operators are whole characters, but byte pieces may end inside one.
      for (; k < ends.length && ends[k]! <= start; k++) ends[k]! -= removed;
      for (; k < ends.length && ends[k]! <= end; k++) ends[k] = start - removed;
      removed += end - start;
    });
    for (; k < ends.length; k++) ends[k]! -= removed;
  }
}
