/**
 * Numbers that were looked up or computed for tokens: which of them they belong to.
 */
import { placeOf } from './counted.js';
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

/**
 * What was looked up for a token belongs to it, even where it was counted for earlier ones: counts of a model that
 * learns from the tokens that it has read.
 */
export function lookedUp(value: Value, key: Value): Value {
  if (!(value instanceof Sum)) return belonging(value, key);
  if (value.kind !== 'count') return value;
  const [own, last, number] = [value.tag, placeOf(key), value.value];
  if (own === null || last === null || number === null || own >= last) return value;
  return new Sum('count', new Map([[last, number]]), 0, value.type);
}
