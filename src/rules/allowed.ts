/**
 * Sets of allowed values of one setting: membership, the only value, and their words.
 */
import type { Integers, Rules } from './schema.js';

/** Whether a value is allowed; everything is where the rules do not say. */
export function allows<T>(allowed: readonly T[] | undefined, value: T): boolean {
  return allowed === undefined || allowed.includes(value);
}

export function allowsInteger(allowed: Integers | undefined, value: number): boolean {
  if (allowed === undefined) return true;
  if (Array.isArray(allowed)) return allowed.includes(value);
  const { min = 1, max = Number.POSITIVE_INFINITY } = allowed;
  return value >= min && value <= max;
}

/** The one value that is allowed; undefined where there are several, or no rule. */
export function onlyOf<T>(allowed: readonly T[] | undefined): T | undefined {
  return allowed?.length === 1 ? allowed[0] : undefined;
}

export function onlyInteger(allowed: Integers | undefined): number | undefined {
  if (allowed === undefined || Array.isArray(allowed)) return onlyOf(allowed);
  return allowed.min === allowed.max ? allowed.min : undefined;
}

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

/** Whether the rules ask that a run has done something. */
export function requires(rules: Rules, what: NonNullable<Rules['required']>[number]): boolean {
  return rules.required?.includes(what) === true;
}
