/**
 * Normalizer rules: one step of a SentencePiece normalizer, the longest rule applied once.
 *
 * The order is that of `Normalizer::NormalizePrefix` (sentencepiece, normalizer.cc): a user-defined
 * symbol stays as it is; else the longest key of the character map gives its replacement; else one
 * character stays as it is. charsmap.ts describes the map's layout.
 */
import type { Piece } from './types.js';

/** Length of the UTF-8 character that begins with `byte`; the text is valid UTF-8. */
export const lengthOf = (byte: number) => (byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4);

/** A trie of byte strings: the node that `node` leads to by `byte` is `next.get(node * 256 + byte)`. */
class SymbolTrie {
  private readonly next = new Map<number, number>();
  private readonly ends = new Set<number>();
  readonly firstBytes = new Uint8Array(256);

  constructor(symbols: Iterable<string>) {
    for (const symbol of symbols) {
      const bytes = Buffer.from(symbol, 'utf8');
      let node = 0;
      for (const byte of bytes) {
        const edge = node * 256 + byte;
        const known = this.next.get(edge) ?? this.next.size + 1;
        this.next.set(edge, known);
        node = known;
      }
      this.ends.add(node);
      this.firstBytes[bytes[0]!] = 1;
    }
  }

  /** Length of the longest symbol at `at`, or 0. */
  longest(input: Uint8Array, at: number): number {
    let length = 0;
    for (let node = 0, i = at; i < input.length; i++) {
      const next = this.next.get(node * 256 + input[i]!);
      if (next === undefined) break;
      node = next;
      if (this.ends.has(node)) length = i + 1 - at;
    }
    return length;
  }
}

export class NormalizerRules {
  /** After `apply`: how many bytes of the input the rule read. */
  consumed = 0;
  /** After `apply`: what it made of them is `source[from .. to)`, UTF-8; may be nothing. */
  source: Uint8Array = new Uint8Array(0);
  from = 0;
  to = 0;

  private readonly symbols: SymbolTrie;
  private readonly units: Uint32Array;
  private readonly replacements: Uint8Array;
  /** 1 where an ASCII byte, no space, that another ASCII byte follows stays as it is. */
  private readonly plain = new Uint8Array(256);

  /** @param charsmap as `checkCharsmap` accepted it; empty for the identity */
  constructor(charsmap: Uint8Array, pieces: readonly Piece[]) {
    const defined = pieces.filter(({ type }) => type === 'user_defined');
    this.symbols = new SymbolTrie(defined.map(({ text }) => text));
    // A copy begins at an even address; slice() of a Buffer would be a view.
    const copy = new Uint8Array(charsmap);
    const trieBytes = copy.length === 0 ? 0 : new DataView(copy.buffer).getUint32(0, true);
    this.units = new Uint32Array(copy.buffer, copy.length === 0 ? 0 : 4, trieBytes / 4);
    this.replacements = copy.subarray(4 + trieBytes);
    for (let byte = 1; byte < 0x80; byte++) this.plain[byte] = this.isPlain(byte) ? 1 : 0;
  }

  /** Whether the byte at `at` stays as it is and is no space, without a look-up in a trie. */
  staysPlain(input: Uint8Array, at: number): boolean {
    return this.plain[input[at]!] === 1 && (at + 1 === input.length || input[at + 1]! < 0x80);
  }

  /** Applies the rule that holds at `at`; the answer is in the fields, so that nothing is allocated. */
  apply(input: Uint8Array, at: number): void {
    const byte = input[at]!;
    const symbol = this.symbols.firstBytes[byte] === 1 ? this.symbols.longest(input, at) : 0;
    if (symbol > 0) this.keep(input, at, symbol);
    else if (!this.replace(input, at)) this.keep(input, at, lengthOf(byte));
  }

  private keep(input: Uint8Array, at: number, length: number): void {
    this.consumed = length;
    this.source = input;
    this.from = at;
    this.to = at + length;
  }

  /** commonPrefixSearch of darts.h; false where no key of the map is a prefix of the input here. */
  private replace(input: Uint8Array, at: number): boolean {
    const { units } = this;
    if (units.length === 0) return false;
    let node = offsetOf(units[0]!);
    let value = -1;
    for (let i = at; i < input.length; i++) {
      const byte = input[i]!;
      const unit = units[node ^ byte];
      // Label 0 belongs to the leaves, so no key holds a NUL.
      if (byte === 0 || unit === undefined || (unit & 0x800000ff) >>> 0 !== byte) break;
      node = (node ^ byte ^ offsetOf(unit)) >>> 0;
      if (((unit >>> 8) & 1) === 0) continue;
      value = units[node]! & 0x7fffffff;
      this.consumed = i + 1 - at;
    }
    if (value === -1) return false;
    this.source = this.replacements;
    this.from = value;
    this.to = this.replacements.indexOf(0, value);
    return true;
  }

  private isPlain(byte: number): boolean {
    if (byte === 0x20 || this.symbols.firstBytes[byte] === 1) return false;
    if (this.replace(Uint8Array.of(byte), 0)) return false;
    for (let next = 1; next < 0x80; next++) {
      // A key of more bytes, all ASCII, would have to begin with one of these pairs.
      if (this.leads(byte, next)) return false;
    }
    return true;
  }

  private leads(first: number, second: number): boolean {
    const { units } = this;
    if (units.length === 0) return false;
    const root = offsetOf(units[0]!);
    const unit = units[root ^ first];
    if (unit === undefined || (unit & 0x800000ff) >>> 0 !== first) return false;
    const node = (root ^ first ^ offsetOf(unit)) >>> 0;
    return ((units[node ^ second] ?? 0) & 0x800000ff) >>> 0 === second;
  }
}

/** offset() of DoubleArrayUnit in darts.h. */
const offsetOf = (unit: number) => ((unit >>> 10) << ((unit & (1 << 9)) >>> 6)) >>> 0;
