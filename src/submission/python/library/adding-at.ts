/**
 * Adding at places that may repeat: `np.add.at(x, index, values)`, `x.index_put_(index, values, accumulate=True)`.
 */
import type { Runtime } from '../runtime.js';
import { scalarBinary } from '../sums.js';
import { Unknown, type Value } from '../values.js';
import type { NdArray } from './array.js';
import { asArray, unknownOf } from './convert.js';
import { select } from './indexing.js';
import { type Element, isElement } from './storage.js';
import { talliesOf } from './tallies.js';

/** Places are read and written one by one. */
const STEPS = 4;

export function addAt(array: NdArray, index: Value, values: Value, runtime: Runtime): void {
  const selection = array.unknown === null ? select(array, index, runtime) : null;
  const given = values instanceof Unknown ? null : asArray(values, array.library, runtime);
  const unknown = unknownOf(array, values, given ?? undefined);
  if (selection === null || given === null || unknown !== null) {
    array.storage.forget(unknown ?? runtime.unknown('an index that is not known'));
    return;
  }
  const { positions, tags } = selection;
  if (given.size !== 1 && given.size !== positions.length) {
    runtime.raise('ValueError', 'the values do not fit the places');
  }
  runtime.spend(1 + positions.length * STEPS);
  const before = array.tallies;
  const counts = !array.symbolic && !given.symbolic && !given.tagged && given.data.every(isOne);
  const known = before !== null || array.data.every((value) => value === 0);
  for (let i = 0; i < positions.length; i += 1) {
    const at = positions[i]!;
    const own = given.element(given.size === 1 ? 0 : i);
    array.write(at, added(array.element(at), own, runtime));
  }
  const tallies = counts && known ? talliesOf(positions, tags) : null;
  if (tallies === null) return;
  const all = new Map(before ?? []);
  for (const [at, own] of tallies) all.set(at, [...(all.get(at) ?? []), ...own]);
  array.tallies = all;
}

const isOne = (value: number): boolean => value === 1;

function added(a: Element, b: Element, runtime: Runtime): Element {
  if (a instanceof Unknown) return a;
  if (b instanceof Unknown) return b;
  const sum = scalarBinary('+', a, b, runtime);
  return sum !== undefined && isElement(sum) && typeof sum !== 'boolean'
    ? sum
    : runtime.unknown('a sum');
}
