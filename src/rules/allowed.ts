/**
 * Sets of allowed values of one setting: their bounds, and their words.
 */
import type { Integers } from './schema.js';

export function leastOf(allowed: Integers): number {
  return Array.isArray(allowed) ? Math.min(...allowed) : (allowed.min ?? 1);
}

export function mostOf(allowed: Integers): number {
  return Array.isArray(allowed) ? Math.max(...allowed) : (allowed.max ?? Number.POSITIVE_INFINITY);
}

/** `1024 or 2048`, `at least 64`, `64 to 2048`. */
export function integersText(allowed: Integers): string {
  if (Array.isArray(allowed)) return orText(allowed);
  const { min, max } = allowed;
  if (min === undefined) return `at most ${max}`;
  if (max === undefined) return `at least ${min}`;
  return min === max ? String(min) : `${min} to ${max}`;
}

/** `a, b or c`. */
export function orText(values: readonly (string | number)[]): string {
  const words = values.map(String);
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
