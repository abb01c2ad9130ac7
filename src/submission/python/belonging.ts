/**
 * Numbers that were looked up or computed for tokens: which of them they belong to.
 */
import { Sum } from './sums.js';
import type { Value } from './values.js';

/** A plain number that was looked up or computed for tokens belongs to the last of them. */
export function belonging(value: Value, ...to: readonly Value[]): Value {
  if (typeof value !== 'number') return value;
  let last = -1;
  for (const each of to) {
    if (each instanceof Sum && each.kind === 'count') last = Math.max(last, each.tag ?? -1);
  }
  return last < 0 ? value : new Sum('count', new Map([[last, value]]), 0);
}

/** What was looked up for a token belongs to it. */
export function lookedUp(value: Value, key: Value): Value {
  if (!(value instanceof Sum) || !(key instanceof Sum)) return belonging(value, key);
  return key.kind === 'count' ? movedTo(value, key.tag) : value;
}

/**
 * The number of a later token, even where it was counted for earlier ones: counts of a model that learns from the
 * tokens that it has read.
 */
export function movedTo(value: Sum, last: number | null): Sum {
  const [own, number] = [value.tag, value.value];
  if (value.kind !== 'count') return value;
  if (own === null || last === null || number === null || own >= last) return value;
  return new Sum('count', new Map([[last, number]]), 0, value.type);
}
