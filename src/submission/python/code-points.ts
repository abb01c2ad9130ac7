/**
 * Texts as Python counts them: by code points.
 */
import type { Runtime } from './runtime.js';
import type { Value } from './values.js';

const SURROGATES = /[\ud800-\udfff]/;
/** Longer texts are not known. */
export const TEXT_MAX = 2 ** 24;

/** The units of a text: the text itself where each is one code point, else its code points. */
export function pointsOf(text: string): string | string[] {
  return SURROGATES.test(text) ? [...text] : text;
}

export function lengthOf(text: string): number {
  return SURROGATES.test(text) ? [...text].length : text.length;
}

/** Below 0, 0 or above 0, in the order of code points. */
export function compareTexts(left: string, right: string): number {
  if (left === right) return 0;
  if (!SURROGATES.test(left) && !SURROGATES.test(right)) return left < right ? -1 : 1;
  const [a, b] = [[...left], [...right]];
  for (let i = 0; i < a.length && i < b.length; i++) {
    if (a[i] !== b[i]) return a[i]!.codePointAt(0)! - b[i]!.codePointAt(0)!;
  }
  return a.length - b.length;
}

export function repeated(text: string, times: number, runtime: Runtime): Value {
  const count = Math.max(0, times);
  const length = text.length * count;
  if (length > TEXT_MAX) return runtime.unknown('a text that is too long');
  runtime.spend(length / 64);
  runtime.allocate(length / 8 + 2);
  return text.repeat(count);
}
