/**
 * Items, lengths and iteration of any value.
 */
import { lengthOf } from './code-points.js';
import { textItem } from './compile-values.js';
import { Undecided } from './failures.js';
import type { Machine } from './machine.js';
import { PyDict } from './object-mappings.js';
import { PyList } from './object-sequences.js';
import { typeName } from './operators.js';
import { PyObject, Unknown, type Value } from './values.js';

export function getItem(value: Value, index: Value, machine: Machine): Value {
  if (value instanceof PyList && typeof index === 'number') {
    const item = value.items[index < 0 ? index + value.items.length : index];
    if (item !== undefined) return item;
  }
  if (typeof value === 'string') return textItem(value, index, machine);
  const item = value instanceof PyObject ? value.item(index, machine) : undefined;
  if (item !== undefined) return item;
  return machine.raise('TypeError', `'${typeName(value)}' object is not subscriptable`);
}

export function setItem(value: Value, index: Value, item: Value, machine: Machine): void {
  const set = value instanceof PyObject && value.setItem(index, item, machine);
  if (!set)
    machine.raise('TypeError', `'${typeName(value)}' object does not support item assignment`);
}

export function lengthOfValue(value: Value, machine: Machine): number | null {
  if (typeof value === 'string') {
    machine.spend(value.length / 256);
    return lengthOf(value);
  }
  const length = value instanceof PyObject ? value.length(machine) : undefined;
  if (length !== undefined) return length;
  const doubtful =
    value instanceof Unknown || (value instanceof PyObject && value.truth(machine) === null);
  if (doubtful || value instanceof PyDict) return null;
  return machine.raise('TypeError', `object of type '${typeName(value)}' has no len()`);
}

export function iterateValue(value: Value, machine: Machine): Iterable<Value> {
  if (typeof value === 'string') return value;
  if (value instanceof Unknown) throw new Undecided(new Unknown(value.stop));
  const items = value instanceof PyObject ? value.iterate(machine) : undefined;
  if (items !== undefined) return items;
  return machine.raise('TypeError', `'${typeName(value)}' object is not iterable`);
}
