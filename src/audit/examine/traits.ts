/**
 * Unusual traits of a text: allowed, but accountings may differ on them.
 */
import { CASE_OPERATORS, SPACE } from '../../tokenizer/check-pieces.js';
import type { Trait } from '../types.js';

/** @param bytes UTF-8 length of the text */
export function traitsOf(text: string, bytes: number): Trait[] {
  const traits: Trait[] = [];
  if (bytes === 0) traits.push('empty');
  if (bytes === 1) traits.push('one_byte');
  if (text.startsWith('\ufeff')) traits.push('byte_order_mark');
  if (text.includes('\r\n')) traits.push('crlf');
  if (text.includes('\0')) traits.push('nul');
  if (text.includes(SPACE)) traits.push('literal_marker');
  if (CASE_OPERATORS.some((operator) => text.includes(operator))) traits.push('operator');
  if (text.includes('\ufffd')) traits.push('replacement_character');
  return traits;
}
