/**
 * First and last scored target of each document so far.
 */
import { DOCUMENTS_MAX } from './format.js';

export class DocumentSpans {
  /** First target of a document; 0 while none was scored, as target 0 does not exist. */
  private low = new Uint32Array(1024);
  /** The target after its last. */
  private high = new Uint32Array(1024);
  private count = 0;

  add(document: number, first: number, count: number): void {
    this.grow(document);
    const seen = this.low[document]!;
    this.low[document] = seen === 0 ? first : Math.min(seen, first);
    this.high[document] = Math.max(this.high[document]!, first + count);
    this.count = Math.max(this.count, document + 1);
  }

  /** `[first, after the last]` of its scored targets; null while there is none. */
  of(document: number): readonly [number, number] | null {
    if (document >= this.count || this.low[document] === 0) return null;
    return [this.low[document]!, this.high[document]!];
  }

  /** Pairs `[earlier, later]` of documents whose targets are among or before those of the earlier one. */
  *overlapping(): Generator<readonly [number, number]> {
    let last = -1;
    for (let d = 0; d < this.count; d++) {
      if (this.low[d] === 0) continue;
      if (last >= 0 && this.low[d]! < this.high[last]!) yield [last, d];
      if (last < 0 || this.high[d]! > this.high[last]!) last = d;
    }
  }

  private grow(document: number): void {
    if (document < this.low.length) return;
    const size = Math.min(DOCUMENTS_MAX, 2 ** Math.ceil(Math.log2(document + 1)));
    this.low = grown(this.low, size);
    this.high = grown(this.high, size);
  }
}

function grown(values: Uint32Array<ArrayBuffer>, size: number): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(size);
  larger.set(values);
  return larger;
}
