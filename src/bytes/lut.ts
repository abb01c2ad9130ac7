/**
 * The challenge's byte rule: a table by id, and one bit of context from the token before.
 *
 * Exactly openai/parameter-golf train_gpt.py L180-204 (the table) and L265-270 (its use):
 * `bytes(i) = base[t[i]] + (leading[t[i]] and not boundary[t[i-1]])`.
 */
import { SPACE } from '../tokenizer/check-pieces.js';
import { startIdOf } from '../tokenizer/document-start.js';
import type { Tokenizer } from '../tokenizer/types.js';

/** Arrays by id, in shared memory so that workers read one copy. */
export interface Lut {
  /** UTF-8 bytes of the piece without one leading space mark. */
  readonly base: Uint16Array<SharedArrayBuffer> | Uint32Array<SharedArrayBuffer>;
  /** 1 where the piece begins with the space mark. */
  readonly leading: Uint8Array<SharedArrayBuffer>;
  /** 1 after which a leading space does not count: control, unknown, unused, and padding ids. */
  readonly boundary: Uint8Array<SharedArrayBuffer>;
  /** The three in one word, as sums over streams look up one a target (see `ruleOf`). */
  readonly rules: Uint32Array<SharedArrayBuffer>;
}

/** Bytes from bit 2 on; bit 1 where a leading space counts; bit 0 where the next one's does. */
function ruleOf(base: number, leading: number, boundary: number): number {
  return base * 4 + leading * 2 + (boundary ^ 1);
}

/**
 * The table of `tokenizer` for a model of `vocabulary` logits.
 *
 * Ids at or beyond the tokenizer's own exist only in the logits: no bytes, and a boundary. A model
 * with fewer logits than the tokenizer has pieces still gets a table for every piece. The id before
 * each document is no text, whatever its piece: no bytes, and a boundary.
 */
export function buildLut(tokenizer: Tokenizer, vocabulary = tokenizer.pieces.length): Lut {
  const { pieces } = tokenizer;
  const startId = startIdOf(tokenizer);
  const size = Math.max(vocabulary, pieces.length);
  const lengths = new Uint32Array(size);
  const leading = new Uint8Array(new SharedArrayBuffer(size));
  const boundary = new Uint8Array(new SharedArrayBuffer(size)).fill(1);
  let longest = 0;
  for (const [id, { text, type }] of pieces.entries()) {
    if (type === 'control' || type === 'unknown' || type === 'unused') continue;
    if (id === startId) continue;
    boundary[id] = 0;
    if (type === 'byte') {
      // Never the length of what the id decodes to alone: half a character decodes to U+FFFD.
      lengths[id] = 1;
    } else {
      const marked = text.startsWith(SPACE);
      leading[id] = marked ? 1 : 0;
      lengths[id] = Buffer.byteLength(marked ? text.slice(1) : text, 'utf8');
    }
    longest = Math.max(longest, lengths[id]!);
  }
  const base =
    longest > 65_535
      ? new Uint32Array(new SharedArrayBuffer(4 * size))
      : new Uint16Array(new SharedArrayBuffer(2 * size));
  base.set(lengths);
  const rules = new Uint32Array(new SharedArrayBuffer(4 * size));
  for (let id = 0; id < size; id++) rules[id] = ruleOf(base[id]!, leading[id]!, boundary[id]!);
  return { base, leading, boundary, rules };
}

/** Bytes of the target id `target` after the id `previous`. */
export function lutBytes(lut: Lut, previous: number, target: number): number {
  return lut.base[target]! + (lut.leading[target]! & (lut.boundary[previous]! ^ 1));
}

/** Sum over the targets `[from, to)` of a stream, `1 ≤ from`; NaN for an id beyond the table. */
export function sumLut({ rules }: Lut, ids: ArrayLike<number>, from: number, to: number): number {
  let sum = 0;
  let previous = rules[ids[from - 1]!] ?? Number.NaN;
  for (let i = from; i < to; i++) {
    const rule = rules[ids[i]!];
    if (rule === undefined) return Number.NaN;
    sum += (rule >>> 2) + ((rule >>> 1) & previous & 1);
    previous = rule;
  }
  return sum;
}
