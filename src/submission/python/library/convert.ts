/**
 * Values of the script as arrays, elements, numbers and axes.
 */
import type { Runtime } from '../runtime.js';
import { numericValue, Ratio, Sum } from '../sums.js';
import { type Keywords, PyObject, Unknown, type Value } from '../values.js';
import { NdArray } from './array.js';
import {
  DType,
  defaultFloat,
  defaultInteger,
  dtypeByName,
  isFloat,
  type Library,
} from './dtypes.js';
import { axisOf, type Shape } from './shapes.js';
import { type Element, isElement } from './storage.js';

/** Larger arrays are weights, caches and the like: only their shape is followed. */
export const MAX_ELEMENTS = 2 ** 18;

/** Why no element of such an array is known; null where it is small enough, which is paid for. */
export function tooLarge(size: number, runtime: Runtime): Unknown | null {
  if (size > MAX_ELEMENTS) return runtime.unknown(`an array of ${size} elements`);
  pays(size, runtime);
  return null;
}

/** Charges the run for so many elements. */
export function pays(size: number, runtime: Runtime): void {
  runtime.spend(1 + (size >> 4));
  runtime.allocate(size);
}

/** Arguments by the names of their parameters; `undefined` for those that were not given. */
export function bind<const N extends readonly string[]>(
  args: readonly Value[],
  keywords: Keywords,
  names: N,
): { [K in keyof N]: Value | undefined } {
  const bound = names.map((name, i) => {
    const given = name.split('|').find((each) => keywords.has(each));
    return given === undefined ? args[i] : keywords.get(given);
  });
  return bound as { [K in keyof N]: Value | undefined };
}

/** Nothing is known of it, whatever its shape. */
export function unknownOf(...values: (Value | undefined)[]): Unknown | null {
  for (const value of values) {
    if (value instanceof Unknown) return value;
    if (value instanceof NdArray && value.unknown !== null) return value.unknown;
  }
  return null;
}

/** A whole number; null where it is none or not known. */
export function integerOf(value: Value | undefined): number | null {
  if (value === undefined || value === null) return null;
  if (value instanceof NdArray) {
    if (value.size !== 1 || value.unknown !== null) return null;
    return integerOf(value.element(0));
  }
  const number = numericValue(value);
  return number === null || Number.isNaN(number) ? null : Math.trunc(number);
}

/** The number; null for a loss and what is not known. */
export function numberOf(value: Value | undefined): number | null {
  if (value === undefined || value === null) return null;
  if (value instanceof NdArray) return value.size === 1 ? numberOf(value.element(0)) : null;
  return numericValue(value);
}

/** The integers of a number or sequence; null where one is not known. */
export function integersOf(value: Value | undefined, runtime: Runtime): number[] | null {
  if (value === undefined || value === null) return null;
  const items =
    value instanceof NdArray ? [...(value.iterate(runtime) ?? [])] : runtime.sequence(value);
  const integers = (items ?? [value]).map(integerOf);
  return integers.some((each) => each === null) ? null : (integers as number[]);
}

/** Axes of `dim=…` or `axis=…`; all where none is given. */
export function axesOf(value: Value | undefined, shape: Shape, runtime: Runtime): number[] {
  if (value === undefined || value === null) return shape.map((_, axis) => axis);
  const given = integersOf(value, runtime) ?? [];
  return given.map((axis) => checkedAxis(axis, shape.length, runtime));
}

export function checkedAxis(axis: number, rank: number, runtime: Runtime): number {
  return (
    axisOf(axis, rank) ??
    runtime.raise('IndexError', `axis ${axis} is out of bounds for array of dimension ${rank}`)
  );
}

/** A type given as an object, a string or a Python type; null where none is given. */
export function dtypeOf(value: Value | undefined, library: Library): string | null {
  if (value instanceof DType) return value.name;
  if (typeof value === 'string') return dtypeByName(value);
  if (!(value instanceof PyObject)) return null;
  const name = pythonTypeName(value);
  if (name === 'bool') return 'bool';
  if (name === 'int') return defaultInteger(library);
  return name === 'float' ? defaultFloat(library === 'torch' ? 'numpy' : library) : null;
}

/** `int` for the type or function `int`. */
function pythonTypeName(value: PyObject): string | null {
  const name = (value as { readonly name?: unknown }).name;
  return typeof name === 'string' ? name : null;
}

/** Of a number written in the script: whether it was `0` or `0.0` is not known. */
export function literalType(value: Element | boolean, library: Library): string {
  if (typeof value === 'boolean') return 'bool';
  if (value instanceof Unknown || value instanceof Ratio) return defaultFloat(library);
  if (value instanceof Sum && value.dtype !== null) return value.dtype;
  const number = numericValue(value);
  return number !== null && Number.isInteger(number)
    ? defaultInteger(library)
    : defaultFloat(library);
}

/** An array of the value: itself, a scalar without dimensions, or nested sequences; null for all else. */
export function asArray(value: Value, library: Library, runtime: Runtime): NdArray | null {
  if (value instanceof NdArray) return value;
  if (isElement(value)) return NdArray.of([value], [], literalType(value, library), library);
  const items = runtime.sequence(value);
  if (items === null)
    return value instanceof PyObject ? fromIterable(value, library, runtime) : null;
  return fromSequence(items, library, runtime);
}

function fromIterable(value: PyObject, library: Library, runtime: Runtime): NdArray | null {
  if (value.typeName !== 'range') return null;
  const items = [...(value.iterate(runtime) ?? [])];
  return fromSequence(items, library, runtime);
}

function fromSequence(items: readonly Value[], library: Library, runtime: Runtime): NdArray | null {
  runtime.spend(1 + (items.length >> 2));
  if (items.every(isElement)) {
    const types = new Set(items.map((each) => literalType(each, library)));
    const dtype =
      [...types].find(isFloat) ?? ([...types].find((type) => type !== 'bool') || [...types][0]);
    return NdArray.of(items, [items.length], dtype ?? defaultFloat(library), library);
  }
  const parts: NdArray[] = [];
  for (const item of items) {
    const part = asArray(item, library, runtime);
    if (part === null) return null;
    parts.push(part);
  }
  const inner = parts[0]?.shape ?? [];
  if (parts.some((part) => part.shape.join() !== inner.join())) {
    return runtime.raise('ValueError', 'expected sequences of equal length');
  }
  const shape = [parts.length, ...inner];
  const hidden = unknownOf(...parts.filter((part) => part.unknown !== null));
  const dtype = parts.find((part) => isFloat(part.dtype))?.dtype ?? parts[0]?.dtype ?? 'float32';
  if (hidden !== null) return NdArray.unknown(shape, dtype, hidden, library);
  const elements = parts.flatMap((part) =>
    Array.from({ length: part.size }, (_, i) => part.element(i)),
  );
  return NdArray.of(elements, shape, dtype, library);
}
