/**
 * Coverage of a run: one bit a target, set when its nats enter the totals.
 */
import { BpbError } from '../errors.js';

/**
 * Proves that every target is scored once or accounted for as skipped. It does not depend on the plan
 * or the pool: it gets only what is merged into the totals.
 */
export class CoverageMap {
  private readonly words: Uint32Array;
  private scoredOnce = 0;
  private again = 0;

  /**
   * @param tokens length of the stream; targets are `1 .. tokens-1`
   * @param allowRepeats count a second score instead of refusing it (the historical `compat`)
   */
  constructor(
    private readonly tokens: number,
    private readonly allowRepeats = false,
  ) {
    this.words = new Uint32Array(Math.ceil(tokens / 32));
  }

  /** Targets scored at least once. */
  get scored(): number {
    return this.scoredOnce;
  }

  /** Scores beyond a target's first. */
  get repeated(): number {
    return this.again;
  }

  /** Enters targets `first .. first+count-1`. */
  mark(first: number, count: number): void {
    if (first < 1 || first + count > this.tokens) {
      throw broken(`targets ${first}..${first + count - 1} are outside 1..${this.tokens - 1}`);
    }
    const end = first + count;
    for (let at = first; at < end; ) {
      const word = at >>> 5;
      const low = at & 31;
      const width = Math.min(32 - low, end - at);
      const mask = (0xffffffff >>> (32 - width)) << low;
      const before = this.words[word]!;
      if ((before & mask) !== 0) this.repeat(at, width, popcount(before & mask));
      this.words[word] = before | mask;
      at += width;
    }
    this.scoredOnce += count;
  }

  /** Some of targets `at .. at+width-1` have been scored before. */
  private repeat(at: number, width: number, twice: number): void {
    if (!this.allowRepeats) {
      throw broken(`a target among ${at}..${at + width - 1} was scored twice`);
    }
    this.again += twice;
    this.scoredOnce -= twice;
  }

  /** Whether target `i` has been scored. */
  has(i: number): boolean {
    return (this.words[i >>> 5]! & (1 << (i & 31))) !== 0;
  }

  /** The first of targets `first .. first+count-1` that has (not) been scored; null for none. */
  find(first: number, count: number, scored: boolean): number | null {
    const end = first + count;
    for (let at = first; at < end; ) {
      // Bits below `at` are shifted out; bits beyond the end are ignored.
      const word = (scored ? this.words[at >>> 5]! : ~this.words[at >>> 5]!) >>> (at & 31);
      if (word !== 0) {
        const found = at + 31 - Math.clz32(word & -word);
        return found < end ? found : null;
      }
      at += 32 - (at & 31);
    }
    return null;
  }

  /** Throws unless scored and skipped targets are all there are. */
  close(skipped: number): void {
    if (this.scoredOnce + skipped === this.tokens - 1) return;
    throw broken(
      `${this.scoredOnce} scored and ${skipped} skipped are not the ${this.tokens - 1} targets`,
    );
  }
}

function popcount(word: number): number {
  let w = word - ((word >>> 1) & 0x55555555);
  w = (w & 0x33333333) + ((w >>> 2) & 0x33333333);
  return (((w + (w >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

function broken(what: string): BpbError {
  return new BpbError({
    kind: 'internal',
    code: 'BPB_LEDGER_BROKEN',
    message: `the coverage does not add up: ${what}`,
    hint: 'this is a bug of bpb-harness; no score is given',
  });
}
