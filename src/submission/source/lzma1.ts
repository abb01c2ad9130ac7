/**
 * Decoder of LZMA (version 1) streams, as Python's `lzma` writes them with FORMAT_ALONE and with
 * FILTER_LZMA1: https://www.7-zip.org/sdk.html, `DOC/lzma-specification.txt`.
 */

interface LzmaProperties {
  /** Bits of the previous byte, and of the position, that select a literal's probabilities. */
  readonly lc: number;
  readonly lp: number;
  /** Bits of the position that select the other probabilities. */
  readonly pb: number;
}

const TOP = 2 ** 24;
const STATES = 12;
const POSITIONS_MAX = 16;
const MATCH_LENGTH_MIN = 2;
const LENGTH_STATES = 4;
const END_POSITION_MODEL = 14;
const FULL_DISTANCES = 128;
const ALIGN_BITS = 4;

/** Bits that follow the slot of a distance. */
const directBits = (slot: number) => (slot >> 1) - 1;

/** Where a literal, a match, a repeat and a short repeat lead to. */
const afterLiteral = (state: number) => (state < 4 ? 0 : state < 10 ? state - 3 : state - 6);

/** Data that ends too early or has an impossible distance. */
class LzmaError extends Error {}

/** Probabilities of 11 bits, at one half to begin with. */
const probabilities = (count: number) => new Uint16Array(count).fill(1024);

/**
 * Decodes a stream without its header.
 *
 * @param size bytes that it unpacks to; null: it ends with a marker
 * @param most bytes that it may unpack to
 * @throws for damaged or oversized data
 */
export function decodeLzma1(
  data: Uint8Array,
  { lc, lp, pb }: LzmaProperties,
  size: number | null,
  most: number,
): Buffer {
  if (lc > 8 || lp > 4 || pb > 4 || (size ?? 0) > most) throw new LzmaError('properties or size');
  const range = new RangeDecoder(data);
  const literals = probabilities(0x300 << (lc + lp));
  const isMatch = probabilities(STATES * POSITIONS_MAX);
  const isRepeat = probabilities(STATES);
  const isRepeat0 = probabilities(STATES);
  const isRepeat1 = probabilities(STATES);
  const isRepeat2 = probabilities(STATES);
  const isRepeat0Long = probabilities(STATES * POSITIONS_MAX);
  const slots = Array.from({ length: LENGTH_STATES }, () => probabilities(64));
  const positions = probabilities(1 + FULL_DISTANCES - END_POSITION_MODEL);
  const align = probabilities(1 << ALIGN_BITS);
  const matchLength = new LengthDecoder();
  const repeatLength = new LengthDecoder();
  const out = new Output(most);
  let state = 0;
  let [rep0, rep1, rep2, rep3] = [0, 0, 0, 0];

  const distance = (length: number): number => {
    const slot = range.tree(slots[Math.min(length, LENGTH_STATES - 1)]!, 6);
    if (slot < 4) return slot;
    const bits = directBits(slot);
    const base = (2 | (slot & 1)) * 2 ** bits;
    if (slot < END_POSITION_MODEL) {
      return base + range.reverse(positions, bits, base - slot);
    }
    return (
      base + range.direct(bits - ALIGN_BITS) * 2 ** ALIGN_BITS + range.reverse(align, ALIGN_BITS, 0)
    );
  };

  while (size === null || out.length < size) {
    const position = out.length & ((1 << pb) - 1);
    const at = state * POSITIONS_MAX + position;
    if (range.bit(isMatch, at) === 0) {
      const previous = out.length === 0 ? 0 : out.back(0);
      const context = ((out.length & ((1 << lp) - 1)) << lc) + (previous >> (8 - lc));
      const base = 0x300 * context;
      let symbol = 1;
      if (state >= 7) {
        let matched = out.back(rep0);
        while (symbol < 0x100) {
          const matchBit = (matched >> 7) & 1;
          matched = (matched << 1) & 0xff;
          const bit = range.bit(literals, base + ((1 + matchBit) << 8) + symbol);
          symbol = (symbol << 1) | bit;
          if (matchBit !== bit) break;
        }
      }
      while (symbol < 0x100) symbol = (symbol << 1) | range.bit(literals, base + symbol);
      out.push(symbol & 0xff);
      state = afterLiteral(state);
      continue;
    }
    let length: number;
    if (range.bit(isRepeat, state) === 1) {
      if (range.bit(isRepeat0, state) === 0) {
        if (range.bit(isRepeat0Long, at) === 0) {
          state = state < 7 ? 9 : 11;
          out.push(out.back(rep0));
          continue;
        }
      } else {
        let next = rep1;
        if (range.bit(isRepeat1, state) === 1) {
          next = rep2;
          if (range.bit(isRepeat2, state) === 1) {
            next = rep3;
            rep3 = rep2;
          }
          rep2 = rep1;
        }
        rep1 = rep0;
        rep0 = next;
      }
      length = repeatLength.decode(range, position);
      state = state < 7 ? 8 : 11;
    } else {
      [rep3, rep2, rep1] = [rep2, rep1, rep0];
      length = matchLength.decode(range, position);
      state = state < 7 ? 7 : 10;
      rep0 = distance(length);
      if (rep0 === 0xffffffff) {
        // The end marker; where the size is known it stands in the wrong place.
        if (size !== null) throw new LzmaError('an early end');
        break;
      }
    }
    let left = length + MATCH_LENGTH_MIN;
    if (size !== null) left = Math.min(left, size - out.length);
    for (; left > 0; left--) out.push(out.back(rep0));
  }
  return out.bytes();
}

class RangeDecoder {
  private range = 0xffffffff;
  private code = 0;
  private at = 5;

  constructor(private readonly data: Uint8Array) {
    if (data.length < 5 || data[0] !== 0) throw new LzmaError('no range-coded data');
    for (let i = 1; i < 5; i++) this.code = this.code * 256 + data[i]!;
  }

  bit(model: Uint16Array, index: number): 0 | 1 {
    const probability = model[index];
    if (probability === undefined) throw new LzmaError('a model out of range');
    const bound = (this.range >>> 11) * probability;
    let bit: 0 | 1;
    if (this.code < bound) {
      this.range = bound;
      model[index] = probability + ((2048 - probability) >> 5);
      bit = 0;
    } else {
      this.range -= bound;
      this.code -= bound;
      model[index] = probability - (probability >> 5);
      bit = 1;
    }
    this.normalize();
    return bit;
  }

  /** Bits of even probability, the highest first. */
  direct(bits: number): number {
    let value = 0;
    for (let i = 0; i < bits; i++) {
      this.range = this.range >>> 1;
      const bit = this.code >= this.range ? 1 : 0;
      if (bit === 1) this.code -= this.range;
      this.normalize();
      value = value * 2 + bit;
    }
    return value;
  }

  /** A symbol of a binary tree, the highest bit first. */
  tree(model: Uint16Array, bits: number, base = 0): number {
    let symbol = 1;
    for (let i = 0; i < bits; i++) symbol = (symbol << 1) | this.bit(model, base + symbol);
    return symbol - (1 << bits);
  }

  /** As `tree`, the lowest bit first. */
  reverse(model: Uint16Array, bits: number, base: number): number {
    let node = 1;
    let symbol = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.bit(model, base + node);
      node = (node << 1) | bit;
      symbol |= bit << i;
    }
    return symbol;
  }

  private normalize(): void {
    if (this.range >= TOP) return;
    const next = this.data[this.at++];
    if (next === undefined) throw new LzmaError('the data ends early');
    this.range = (this.range * 256) >>> 0;
    this.code = this.code * 256 + next;
  }
}

class LengthDecoder {
  private readonly choice = probabilities(2);
  private readonly low = probabilities(POSITIONS_MAX << 3);
  private readonly middle = probabilities(POSITIONS_MAX << 3);
  private readonly high = probabilities(256);

  decode(range: RangeDecoder, position: number): number {
    if (range.bit(this.choice, 0) === 0) return range.tree(this.low, 3, position << 3);
    if (range.bit(this.choice, 1) === 0) return 8 + range.tree(this.middle, 3, position << 3);
    return 16 + range.tree(this.high, 8);
  }
}

class Output {
  private buffer = Buffer.alloc(2 ** 16);
  length = 0;

  constructor(private readonly most: number) {}

  push(byte: number): void {
    if (this.length >= this.most) throw new LzmaError('too large');
    if (this.length === this.buffer.length) {
      this.buffer = Buffer.concat([this.buffer, Buffer.alloc(this.buffer.length)]);
    }
    this.buffer[this.length++] = byte;
  }

  /** The byte `distance + 1` before the end. */
  back(distance: number): number {
    if (distance >= this.length) throw new LzmaError('a distance before the beginning');
    return this.buffer[this.length - 1 - distance]!;
  }

  bytes(): Buffer {
    return this.buffer.subarray(0, this.length);
  }
}
