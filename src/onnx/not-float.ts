/**
 * Operators that give integers or truth values, whatever they are given.
 */

export const GIVES_INT64: ReadonlySet<string> = new Set([
  'Shape',
  'Size',
  'NonZero',
  'ArgMax',
  'ArgMin',
]);

const COMPARISONS = ['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual', 'IsNaN', 'IsInf'];

export const GIVES_BOOL: ReadonlySet<string> = new Set([...COMPARISONS, 'Not', 'And', 'Or', 'Xor']);

const QUANTIZED: ReadonlySet<string> = new Set(['QuantizeLinear', 'DynamicQuantizeLinear']);

/** Whether an operator's first output is no floating-point number. */
export function givesNoFloat(op: string): boolean {
  return GIVES_INT64.has(op) || GIVES_BOOL.has(op) || QUANTIZED.has(op);
}
