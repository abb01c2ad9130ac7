/**
 * Effect of each known accounting mistake on the data of an audit: bytes, and bpb.
 *
 * All of them are sums over the table with other entries, so a histogram of the ids is enough.
 */
import { buildLut } from '../bytes/lut.js';
import { byteOfPiece, CASE_OPERATORS } from '../tokenizer/check-pieces.js';
import type { Tokenizer } from '../tokenizer/types.js';
import type { Effect, MistakeReport } from './types.js';

export const effectOf = (bytes: number, right: number): Effect | null =>
  right > 0 && bytes > 0 ? { bytes: bytes / right, bpb: right / bytes } : null;

/**
 * @param histogram tokens by id, then the leading spaces that the rule counts
 * @param right bytes of the headline accounting over the same tokens
 * @param tokens all targets, BOS included
 */
export function knownMistakes(
  tokenizer: Tokenizer,
  histogram: Int32Array,
  right: number,
  tokens: number,
): MistakeReport[] {
  const { base, leading } = buildLut(tokenizer);
  const spaces = histogram[tokenizer.pieces.length]!;
  let table = spaces;
  let marked = 0;
  let halves = 0;
  let operators = 0;
  let lone = 0;
  for (const [id, { text, type }] of tokenizer.pieces.entries()) {
    const n = histogram[id]!;
    table += n * base[id]!;
    if (leading[id] === 1) marked += n;
    if (type === 'byte' && byteOfPiece(text)! >= 0x80) halves += n;
    if (leading[id] === 1 && base[id] === 0) lone += n;
    if ((CASE_OPERATORS as readonly string[]).includes(text)) operators += n;
  }
  const all: [string, number][] = [
    ['byte pieces counted as U+FFFD', table + 2 * halves],
    ['leading space counted twice', table + marked],
    ['▁ kept as its three bytes', table - spaces + 3 * marked],
    ['▁ kept and the space added', table + 3 * marked],
    ['leading space counted nowhere', table - spaces],
    ['bare spaces as three bytes', table + 2 * lone],
    ['3.5 bytes assumed a token', 3.5 * tokens],
    ['4.3 bytes assumed a token', 4.3 * tokens],
  ];
  if (tokenizer.hasCaseOperators && operators > 0) all.push(['case operators as text', table]);
  const found: MistakeReport[] = [];
  for (const [name, bytes] of all) {
    const effect = effectOf(bytes, right);
    // A mistake that this data cannot show says nothing.
    if (effect !== null && bytes !== right) found.push({ name, bytes, effect });
  }
  return found;
}
