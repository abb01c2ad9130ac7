/**
 * Index of constants that finds the longest stretch of a stream in them.
 *
 * What is compared are differences of neighbours, so that ids stored with an offset (bytes as ids of
 * the byte vocabulary, ids shifted into int8) are found as well. Every aligned block of 16
 * differences of the constants is hashed, and a rolling hash goes over the stream once: a common
 * run of 32 elements has 31 differences and so holds a whole block. A hit is compared and extended.
 */
import type { Sequence } from './sequences.js';

const BLOCK = 16;
const FACTOR = 0x9e3779b1 | 0;
/** Runs of few different steps, such as 0, 1, 2, … or padding, are no text. */
const MIN_STEPS = 6;
const FILTER_BITS = 25;

export interface Found {
  readonly name: string;
  /** Elements. */
  readonly length: number;
  /** Index in the constant and in the stream of its first element. */
  readonly at: number;
  readonly streamAt: number;
}

/** The constants of one width, by the hashes of their blocks. */
export class RunIndex {
  private readonly mask: number;
  private readonly table: Int32Array;
  private readonly hashes: Int32Array;
  private readonly blockSequence: Int32Array;
  private readonly blockAt: Int32Array;
  private readonly filter = new Uint32Array(2 ** (FILTER_BITS - 5));
  private blocks = 0;

  constructor(
    private readonly sequences: readonly Sequence[],
    bits: Sequence['bits'],
  ) {
    this.mask = bits === 32 ? -1 : 2 ** bits - 1;
    const most = sequences.reduce((sum, { values }) => sum + Math.floor(values.length / BLOCK), 0);
    this.table = new Int32Array(2 ** Math.ceil(Math.log2(2 * most + 2)));
    this.hashes = new Int32Array(most);
    this.blockSequence = new Int32Array(most);
    this.blockAt = new Int32Array(most);
    for (const [n, { values }] of sequences.entries()) this.addBlocks(n, values);
  }

  get empty(): boolean {
    return this.blocks === 0;
  }

  /** The longest run that the stream and a constant share, of at least two blocks; null for none. */
  search(stream: ArrayLike<number>): Found | null {
    if (this.empty) return null;
    const { mask, filter } = this;
    const leaving = power(FACTOR, BLOCK);
    const window = new Int32Array(BLOCK);
    /** By constant and offset to the stream: where the last run there ended. */
    const seen = new Map<string, number>();
    let best: Found | null = null;
    let hash = 0;
    for (let i = 1; i < stream.length; i++) {
      const step = (stream[i]! - stream[i - 1]!) & mask;
      const slot = i & (BLOCK - 1);
      hash = (Math.imul(hash, FACTOR) + step - Math.imul(window[slot]!, leaving)) | 0;
      window[slot] = step;
      if (i < BLOCK) continue;
      const key = mixed(hash) >>> (32 - FILTER_BITS);
      if ((filter[key >>> 5]! & (1 << (key & 31))) === 0) continue;
      const found = this.longestAt(stream, i - BLOCK, hash, seen);
      if (found !== null && found.length > (best?.length ?? 0)) best = found;
    }
    return best;
  }

  private addBlocks(sequence: number, values: ArrayLike<number>): void {
    const steps = new Int32Array(BLOCK);
    for (let from = 0; from + BLOCK < values.length; from += BLOCK) {
      let hash = 0;
      for (let k = 0; k < BLOCK; k++) {
        steps[k] = (values[from + k + 1]! - values[from + k]!) & this.mask;
        hash = (Math.imul(hash, FACTOR) + steps[k]!) | 0;
      }
      if (!isVaried(steps)) continue;
      const block = this.blocks++;
      this.hashes[block] = hash;
      this.blockSequence[block] = sequence;
      this.blockAt[block] = from;
      const key = mixed(hash) >>> (32 - FILTER_BITS);
      this.filter[key >>> 5]! |= 1 << (key & 31);
      const last = this.table.length - 1;
      let slot = mixed(hash) & last;
      while (this.table[slot] !== 0) slot = (slot + 1) & last;
      this.table[slot] = block + 1;
    }
  }

  private longestAt(
    stream: ArrayLike<number>,
    at: number,
    hash: number,
    seen: Map<string, number>,
  ): Found | null {
    const last = this.table.length - 1;
    let best: Found | null = null;
    for (let slot = mixed(hash) & last; this.table[slot] !== 0; slot = (slot + 1) & last) {
      const block = this.table[slot]! - 1;
      if (this.hashes[block] !== hash) continue;
      const sequence = this.blockSequence[block]!;
      const from = this.blockAt[block]!;
      const alignment = `${sequence}:${at - from}`;
      if ((seen.get(alignment) ?? -1) >= at + BLOCK) continue;
      const { name, values } = this.sequences[sequence]!;
      const run = this.extended(stream, at, values, from);
      if (run === null) continue;
      seen.set(alignment, at + run.right);
      const length = run.left + run.right + 1;
      if (length <= (best?.length ?? 0)) continue;
      best = { name, length, at: from - run.left, streamAt: at - run.left };
    }
    return best;
  }

  /** How many steps agree to the left and to the right of the place; null where the block does not. */
  private extended(
    stream: ArrayLike<number>,
    at: number,
    values: ArrayLike<number>,
    from: number,
  ): { left: number; right: number } | null {
    const { mask } = this;
    const agrees = (k: number) =>
      ((values[from + k + 1]! - values[from + k]! - stream[at + k + 1]! + stream[at + k]!) &
        mask) ===
      0;
    let right = 0;
    const mostRight = Math.min(stream.length - at, values.length - from) - 1;
    while (right < mostRight && agrees(right)) right++;
    if (right < BLOCK) return null;
    let left = 0;
    while (left < Math.min(at, from) && agrees(-left - 1)) left++;
    return { left, right };
  }
}

function isVaried(steps: Int32Array): boolean {
  let different = 0;
  for (let k = 0; k < BLOCK; k++) if (steps.indexOf(steps[k]!) === k) different++;
  return different >= MIN_STEPS;
}

/** Spreads the hash, whose low bits are those of the last steps. */
function mixed(hash: number): number {
  const folded = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return folded ^ (folded >>> 13);
}

function power(base: number, exponent: number): number {
  let product = 1;
  for (let k = 0; k < exponent; k++) product = Math.imul(product, base);
  return product;
}
