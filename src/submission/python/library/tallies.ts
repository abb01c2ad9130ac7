/**
 * Histograms of tokens: each count knows the targets that it counts.
 *
 * Losses and bytes are then sums over the pairs of a token and its target. A histogram times what is not known, such as
 * the nats of each pair, are the losses of its targets; times plain numbers, such as bytes, those of each target.
 */
import type { Runtime } from '../runtime.js';
import { Sum } from '../sums.js';
import { Unknown, type Value } from '../values.js';
import { NdArray } from './array.js';
import { isFloat } from './dtypes.js';
import { broadcastShapes, sameShape, spread } from './shapes.js';
import { isElement, NO_TAG, type Tallies } from './storage.js';

/** Targets of each place that tagged elements were counted at; null where one belongs to no target. */
export function talliesOf(places: ArrayLike<number>, tags: Int32Array | null): Tallies | null {
  if (tags === null || tags.length !== places.length || tags.includes(NO_TAG)) return null;
  const tallies = new Map<number, number[]>();
  for (let i = 0; i < places.length; i += 1) {
    const own = tallies.get(places[i]!);
    if (own === undefined) tallies.set(places[i]!, [tags[i]!]);
    else own.push(tags[i]!);
  }
  return tallies.size === 0 ? null : tallies;
}

/** The number of a place, by target. */
function termsOf(tags: readonly number[], number: number): Map<number, number> {
  const terms = new Map<number, number>();
  const each = number / tags.length;
  for (const tag of tags) terms.set(tag, (terms.get(tag) ?? 0) + each);
  return terms;
}

export const isHistogram = (value: Value): value is NdArray =>
  value instanceof NdArray && value.unknown === null && value.tallies !== null;

const isScale = (value: Value): boolean =>
  typeof value === 'number' ||
  (value instanceof NdArray && value.size === 1 && !value.symbolic && !value.tagged);

/** A histogram times an array of its shape, or of a shape that is spread to it; null for all else. */
export function talliedProduct(
  operator: string,
  left: Value,
  right: Value,
  runtime: Runtime,
): NdArray | null {
  if (operator !== '*' || isHistogram(left) === isHistogram(right)) return null;
  const [counts, other] = isHistogram(left) ? [left, right] : [right as NdArray, left];
  if (isScale(other)) return null;
  if (other instanceof Unknown) return weighed(counts, () => other, 'float64', runtime);
  if (!(other instanceof NdArray)) return null;
  const shape = broadcastShapes(counts.shape, other.shape);
  if (shape === null || !sameShape(shape, counts.shape)) return null;
  const { unknown } = other;
  const dtype = isFloat(other.dtype) ? other.dtype : counts.dtype;
  if (unknown !== null) return weighed(counts, () => unknown, dtype, runtime);
  const at = sameShape(other.shape, shape) ? null : spread(other.shape, shape);
  return weighed(counts, (i) => other.element(at === null ? i : at[i]!), dtype, runtime);
}

function weighed(
  counts: NdArray,
  of: (i: number) => Value,
  dtype: string,
  runtime: Runtime,
): NdArray {
  runtime.spend(1 + (counts.size >> 3));
  runtime.allocate(counts.size);
  const result = NdArray.zeros(counts.shape, dtype, counts.library);
  const { data, tallies } = counts;
  for (let i = 0; i < data.length; i += 1) {
    const tags = tallies!.get(i);
    if (data[i] === 0) continue;
    const factor = of(i);
    runtime.spend(1 + (tags?.length ?? 0));
    if (tags === undefined) {
      const value = factor instanceof Unknown ? factor : runtime.binary('*', data[i]!, factor);
      result.write(i, isElement(value) ? value : runtime.unknown('a product'));
    } else if (factor instanceof Unknown) {
      result.write(i, new Sum('loss', termsOf(tags, data[i]!), 0, { dtype, running: null }));
    } else if (typeof factor === 'number') {
      const terms = termsOf(tags, data[i]! * factor);
      if (factor !== 0) result.write(i, new Sum('count', terms, 0, { dtype, running: null }));
    } else if (factor instanceof Sum && factor.single !== null && factor.constant === 0) {
      // What one of the equal targets has is what each has.
      const each = factor.terms.get(factor.single)!;
      const terms = termsOf(tags, data[i]! * each);
      result.write(i, new Sum(factor.kind, terms, 0, { dtype, running: null }));
    } else {
      const value = runtime.binary('*', data[i]!, factor);
      result.write(i, isElement(value) ? value : runtime.unknown('a product'));
    }
  }
  return result;
}

/** Keeps the targets in sums of histograms, and in histograms that are scaled by one number. */
export function keepTallies(operator: string, result: NdArray, a: NdArray, b: NdArray): NdArray {
  if (a.tallies === null && b.tallies === null) return result;
  if (operator === '+' && sameShape(a.shape, b.shape)) {
    const merged = new Map(a.tallies ?? []);
    for (const [at, tags] of b.tallies ?? []) merged.set(at, [...(merged.get(at) ?? []), ...tags]);
    // A number that was counted of no target says nothing of its own.
    const whole = [a, b].every(({ data, tallies }) =>
      data.every((value, i) => value === 0 || tallies?.has(i) === true),
    );
    if (whole) result.tallies = merged;
  } else if ((operator === '*' || operator === '/') && b.size === 1 && b.tallies === null) {
    if (!b.symbolic) result.tallies = a.tallies;
  } else if (operator === '*' && a.size === 1 && a.tallies === null) {
    if (!a.symbolic) result.tallies = b.tallies;
  }
  return result;
}

/** Targets of the sums of several places, by the place of each sum. */
export function summedTallies(tallies: Tallies, place: (i: number) => number): Tallies {
  const sums = new Map<number, number[]>();
  for (const [i, tags] of tallies) {
    const at = place(i);
    const own = sums.get(at) ?? [];
    for (const tag of tags) own.push(tag);
    sums.set(at, own);
  }
  return sums;
}
