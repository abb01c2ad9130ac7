/**
 * Random groups of documents: a seeded generator of long period, and sums over a random part of a set.
 */
import { mulberry32 } from '../random.js';
import type { Group } from './types.js';

/** Sums of bits and bytes over documents. */
interface Sums {
  bits: number;
  bytes: number;
}

/**
 * Draws parts of a set of documents, each part of a size as likely as any other.
 *
 * The generator is xoshiro128** (Blackman & Vigna 2021, doi 10.1145/3460772; period 2^128 - 1), as a test of
 * large sets draws more numbers than one of 32 bits of state has. A number below `m` is its product with a word
 * of 32 bits, which favours none by more than `m / 2^32`.
 */
export class Shuffle {
  /** Bits and bytes of a document side by side: a draw touches one line of the cache. */
  private readonly pairs: Float64Array;
  private readonly state: Uint32Array;
  private readonly documents: number;

  constructor(groups: readonly Group[], seed: number) {
    this.documents = groups.reduce((sum, { bits }) => sum + bits.length, 0);
    this.pairs = new Float64Array(2 * this.documents);
    let at = 0;
    for (const { bits, bytes } of groups) {
      for (let d = 0; d < bits.length; d++) {
        this.pairs[at++] = bits[d]!;
        this.pairs[at++] = bytes[d]!;
      }
    }
    const next = mulberry32(seed);
    this.state = Uint32Array.from({ length: 4 }, () => next() * 2 ** 32);
    // A state of zeros only is one that the generator never leaves.
    this.state[3]! |= 1;
  }

  /** Sums over `size` documents drawn anew: the first steps of a Fisher-Yates shuffle from wherever the last ended. */
  draw(size: number, sums: Sums): void {
    const { pairs, state, documents } = this;
    let [a, b, c, d] = state as unknown as [number, number, number, number];
    let bits = 0;
    let bytes = 0;
    for (let i = 0; i < size; i++) {
      const product = Math.imul(b, 5);
      const word = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
      const shifted = b << 9;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= shifted;
      d = (d << 11) | (d >>> 21);
      const from = 2 * i;
      const to = 2 * (i + Math.floor((word * (documents - i)) / 2 ** 32));
      const ownBits = pairs[to]!;
      const ownBytes = pairs[to + 1]!;
      pairs[to] = pairs[from]!;
      pairs[to + 1] = pairs[from + 1]!;
      pairs[from] = ownBits;
      pairs[from + 1] = ownBytes;
      bits += ownBits;
      bytes += ownBytes;
    }
    state[0] = a;
    state[1] = b;
    state[2] = c;
    state[3] = d;
    sums.bits = bits;
    sums.bytes = bytes;
  }
}
