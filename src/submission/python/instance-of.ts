/**
 * `isinstance`
 */
import { PyClass, PyInstance } from './object-classes.js';
import { NativeType } from './object-descriptors.js';
import { PyTuple } from './object-sequences.js';
import type { Runtime } from './runtime.js';
import { Unknown, type Value } from './values.js';

/** Null where it is not known. */
export function isOfClass(value: Value, type: Value, runtime: Runtime): boolean | null {
  if (type instanceof PyTuple) {
    let known = true;
    for (const each of type.items) {
      const fits = isOfClass(value, each, runtime);
      if (fits) return true;
      known &&= fits !== null;
    }
    return known ? false : null;
  }
  if (type instanceof Unknown) return plainlyNot(value) ? false : null;
  if (value instanceof Unknown) return null;
  if (type instanceof NativeType) {
    if (value instanceof PyInstance) return value.cls.native === type || type.name === 'object';
    return type.has(value, runtime);
  }
  if (type instanceof PyClass) return value instanceof PyInstance && value.cls.derives(type);
  return runtime.raise('TypeError', 'isinstance() arg 2 must be a type');
}

/** Numbers, texts and None are no objects of a library that is not modelled. */
function plainlyNot(value: Value): boolean {
  return value === null || typeof value !== 'object';
}
