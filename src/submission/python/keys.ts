/**
 * Keys of dictionaries and members of sets: equal values of Python have equal keys of a JavaScript `Map`.
 */
import { PyBytes } from './bytes.js';
import { PyTuple } from './object-sequences.js';
import type { Runtime } from './runtime.js';
import { Sum } from './sums.js';
import { PyObject, type Value } from './values.js';

export type Key = string | number | null | PyObject;

const UNHASHABLE = new Set(['list', 'dict', 'set', 'bytearray']);
/** Tuples nested deeper than this are no keys of any script. */
const NESTING_MAX = 50;

/** Numbers of objects that are parts of keys. */
const numbers = new WeakMap<PyObject, number>();
let objects = 0;

export function keyOf(value: Value, runtime: Runtime): Key {
  if (typeof value === 'string') return value.charCodeAt(0) === 0 ? `\0s${value}` : value;
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return Number(value);
  if (value === null) return null;
  if (value instanceof PyTuple || value instanceof PyBytes) return `\0${partOf(value, runtime, 0)}`;
  if (UNHASHABLE.has(value.typeName)) {
    runtime.raise('TypeError', `unhashable type: '${value.typeName}'`);
  }
  if (value instanceof Sum && value.value !== null) return value.value;
  const hashed = value.hashed(runtime);
  return hashed === undefined ? value : `\0${partOf(hashed, runtime, 0)}`;
}

/** Text of a key that is part of another; parts cannot be confused, since texts carry their lengths. */
function partOf(value: Value, runtime: Runtime, depth: number): string {
  if (value instanceof PyTuple) {
    if (depth >= NESTING_MAX) runtime.raise('RecursionError', 'tuples nested too deep');
    runtime.spend(value.items.length);
    return `(${value.items.map((item) => partOf(item, runtime, depth + 1)).join(',')})`;
  }
  if (value instanceof PyBytes) {
    if (value.mutable) runtime.raise('TypeError', "unhashable type: 'bytearray'");
    runtime.spend(value.data.length);
    return `b${Buffer.from(value.data).toString('latin1')}`;
  }
  const key = keyOf(value, runtime);
  if (typeof key === 'string') return `s${key.length}:${key}`;
  return key instanceof PyObject ? `o${numberOf(key)}` : `n${key}`;
}

/** As `id(x)` has it: different objects have different numbers. */
export function numberOf(object: PyObject): number {
  let number = numbers.get(object);
  if (number === undefined) {
    number = ++objects;
    numbers.set(object, number);
  }
  return number;
}
