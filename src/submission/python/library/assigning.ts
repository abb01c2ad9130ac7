/**
 * Writing of a value into all elements of an array, or of a part of one.
 */
import type { Runtime } from '../runtime.js';
import { Unknown, type Value } from '../values.js';
import type { NdArray } from './array.js';
import { asArray } from './convert.js';
import { isFloat } from './dtypes.js';
import { broadcastShapes, sameShape, sizeOf, spread } from './shapes.js';

/** A number written as `0.0` is taken for an integer until a float is added to it. */
export function widen(target: NdArray, dtype: string): void {
  if (isFloat(dtype) && !isFloat(target.dtype) && target.shape.length === 0)
    target.storage.dtype = dtype;
}

/** Elements are read and written one by one, with what they belong to. */
const WRITE_STEPS = 1;
/** Those that are not known are kept apart from the numbers. */
const CELL_STEPS = 4;

/** All elements of the target become those of the value, which is spread over them. */
export function assign(target: NdArray, value: Value, runtime: Runtime): void {
  if (target.unknown !== null) return;
  const source = value instanceof Unknown ? value : asArray(value, target.library, runtime);
  if (source === null) runtime.raise('TypeError', 'an array cannot hold it');
  const unknown = source instanceof Unknown ? source : source.unknown;
  if (unknown !== null) {
    if (target.size === target.storage.length) target.storage.forget(unknown);
    else {
      runtime.spend(target.size * CELL_STEPS);
      for (let i = 0; i < target.size; i += 1) target.write(i, unknown);
    }
    return;
  }
  const array = source as NdArray;
  const shape = broadcastShapes(array.shape, target.shape);
  const fits = shape !== null && sizeOf(shape) === target.size;
  if (!fits && array.size !== target.size) {
    runtime.raise('ValueError', `cannot broadcast (${array.shape}) into (${target.shape})`);
  }
  runtime.spend(1 + target.size * WRITE_STEPS);
  widen(target, array.dtype);
  const from =
    sameShape(array.shape, target.shape) || !fits ? null : spread(array.shape, target.shape);
  const elements = Array.from({ length: target.size }, (_, i) =>
    array.element(from === null ? i : from[i]!),
  );
  for (const [i, element] of elements.entries()) target.write(i, element);
  if (from === null && array.tallies !== null) target.tallies = array.tallies;
}
