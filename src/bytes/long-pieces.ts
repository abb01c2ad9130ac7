/**
 * Pieces so long that they may be the scored text itself: a tokenizer is rarely counted, and a piece of a
 * whole sentence costs one token.
 */
import { type Finding, warn } from '../finding.js';
import type { Tokenizer } from '../tokenizer/types.js';

/** UTF-8 bytes; the longest words and phrases of usual vocabularies have fewer. */
const LONG = 128;
/** Runs of spaces, dashes or dots are long in vocabularies for code. */
const FEW_CHARACTERS = 4;
/** Share of the stream's bytes. */
const MANY = 0.01;

/** @param counted bytes of the whole stream */
export function longPieces(
  { pieces }: Tokenizer,
  ids: ArrayLike<number>,
  counted: number,
): Finding[] {
  const long = new Map<number, number>();
  for (const [id, { text, type }] of pieces.entries()) {
    if (type !== 'normal' && type !== 'user_defined') continue;
    const bytes = Buffer.byteLength(text);
    if (bytes > LONG && new Set(text).size > FEW_CHARACTERS) long.set(id, bytes);
  }
  if (long.size === 0) return [];
  let sum = 0;
  for (let i = 1; i < ids.length; i++) sum += long.get(ids[i]!) ?? 0;
  if (sum <= MANY * counted) return [];
  const share = Math.min(100, (100 * sum) / counted).toFixed(0);
  return [
    warn(
      'long-pieces',
      `${share} % of the bytes are in pieces of more than ${LONG} bytes: the tokenizer may hold the text that is scored`,
      'rules may count the tokenizer ("size": {"counted": ["model", "code", "tokenizer"]}) or name those that are allowed',
    ),
  ];
}
