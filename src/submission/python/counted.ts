/**
 * Counts in dictionaries: of a key that stands for several tokens, which of them each count is of.
 *
 * The key is the first token that was equal, so that it does not say this of the others: how the number grew does.
 */
import { belonging, movedTo } from './belonging.js';
import { PyTuple } from './object-sequences.js';
import { numericValue, Sum } from './sums.js';
import type { Value } from './values.js';

/** Tuples nested deeper than this are no pairs of tokens. */
const NESTING_MAX = 4;

/** The last of the tokens that a key is made of; null where there is none. */
export function placeOf(key: Value, depth = 0): number | null {
  if (key instanceof Sum) return key.kind === 'count' ? (key.tag ?? ofPair(key)) : null;
  if (!(key instanceof PyTuple) || depth > NESTING_MAX) return null;
  let last: number | null = null;
  for (const item of key.items) {
    const own = placeOf(item, depth + 1);
    if (own !== null && (last === null || own > last)) last = own;
  }
  return last;
}

/** Tokens that one number as a key is made of, such as `x * V + y`. */
const PARTS_MAX = 4;

function ofPair({ terms }: Sum): number | null {
  return terms.size === 0 || terms.size > PARTS_MAX ? null : Math.max(...terms.keys());
}

/** A count of several targets, which says itself which. */
export const isMany = (value: Value | undefined): value is Sum =>
  value instanceof Sum && value.kind === 'count' && value.single === null && !value.empty;

/** How a number grew from 0: by how much for which target. */
export class Tally {
  private targets: number[] = [];
  private amounts: number[] = [];
  private total = 0;
  private made: Sum | null = null;

  /** False where it does not say of which targets the number has become another. */
  grow(key: Value, before: Value | undefined, value: Value): boolean {
    const was = before === undefined ? 0 : numericValue(before);
    const is = numericValue(value);
    if (was === null || is === null || was !== this.total) return false;
    const parts = is === was ? [] : partsOf(key, before, was, value);
    if (parts === null) return false;
    for (const [target, amount] of parts) {
      this.targets.push(target);
      this.amounts.push(amount);
    }
    this.total = is;
    this.made = null;
    return true;
  }

  copy(): Tally {
    const copied = new Tally();
    copied.targets = [...this.targets];
    copied.amounts = [...this.amounts];
    copied.total = this.total;
    return copied;
  }

  /** The count, by target; null where it is 0. */
  sum(): Sum | null {
    if (this.targets.length === 0) return null;
    if (this.made === null) {
      const terms = new Map<number, number>();
      for (const [i, target] of this.targets.entries()) {
        terms.set(target, (terms.get(target) ?? 0) + this.amounts[i]!);
      }
      this.made = new Sum('count', terms, 0);
    }
    return this.made;
  }
}

/** What was added for which targets: one for that of the key, or what a count of targets has more. */
function partsOf(
  key: Value,
  before: Value | undefined,
  was: number,
  value: Value,
): readonly (readonly [number, number])[] | null {
  const place = placeOf(key);
  if (place === null) return null;
  if (!(value instanceof Sum)) return numericValue(value)! - was === 1 ? [[place, 1]] : null;
  if (value.kind !== 'count') return null;
  const { single, constant } = value;
  if (single !== null) return value.value! > was ? [[single, value.value! - was]] : null;
  const terms = new Map(value.terms);
  // What it was before stands beside the terms, or is with one of them.
  if (constant !== was) {
    if (constant !== 0) return null;
    const own = before instanceof Sum ? before.single : null;
    const at = own !== null && (terms.get(own) ?? 0) >= was ? own : place;
    terms.set(at, (terms.get(at) ?? 0) - was);
  }
  const parts = [...terms].filter(([, amount]) => amount !== 0);
  return parts.every(([, amount]) => amount > 0) ? parts : null;
}

/** What a key counts, by target, of an entry with this number. */
export function countedAs(key: Value, value: Value, tally: Tally | undefined): Value {
  const counts = tally?.sum() ?? (isMany(value) ? value : null);
  if (counts === null) return value;
  const place = placeOf(key);
  return place === null ? counts : counts.at(place);
}

/** What a dictionary has for a key belongs to the last of the key's tokens. */
export const ofKey = (value: Value, key: Value): Value =>
  value instanceof Sum ? movedTo(value, placeOf(key)) : belonging(value, key);
