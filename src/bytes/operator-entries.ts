/**
 * Sidecar entries at case operators, which stand for no text.
 */
import { CASE_OPERATORS } from '../tokenizer/check-pieces.js';
import type { Tokenizer } from '../tokenizer/types.js';

/** Operators with bytes: how many, the first few by position, and their bytes. */
interface OperatorEntries {
  count: number;
  first: number[];
  bytes: number;
}

const FIRST = 5;

/**
 * Operators whose entry is not 0. A lone operator stands for nothing; one after ESC is text and has its own
 * bytes.
 *
 * @param entries of the tokens, in order
 */
export function operatorEntries(
  ids: ArrayLike<number>,
  entries: ArrayLike<number>,
  { pieces }: Pick<Tokenizer, 'pieces'>,
): OperatorEntries {
  const operators = new Map<number, string>();
  for (const [id, { text }] of pieces.entries()) {
    if ((CASE_OPERATORS as readonly string[]).includes(text)) operators.set(id, text);
  }
  const found: OperatorEntries = { count: 0, first: [], bytes: 0 };
  const esc = CASE_OPERATORS[3];
  for (let i = 0; i < ids.length; i++) {
    const operator = operators.get(ids[i]!);
    if (operator === undefined) continue;
    const escapes = operator === esc && operators.has(ids[i + 1]!);
    const entry = entries[i]!;
    if (entry !== 0) {
      found.count++;
      if (found.first.length < FIRST) found.first.push(i);
      found.bytes += entry;
    }
    if (escapes) i++;
  }
  return found;
}
