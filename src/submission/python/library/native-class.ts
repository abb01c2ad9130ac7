/**
 * Classes of a library whose instances are followed, and which scripts may derive from.
 */
import { PyClass, PyInstance } from '../object-classes.js';
import { NativeMethod } from '../object-descriptors.js';
import type { Runtime } from '../runtime.js';
import { type Keywords, PyObject, Unknown, type Value } from '../values.js';

type Method = (
  self: PyInstance,
  args: readonly Value[],
  keywords: Keywords,
  runtime: Runtime,
) => Value;

/** Methods in methods: a data set may be made a part of itself. */
const DEPTH_MAX = 60;
const depths = new WeakMap<Runtime, number>();

/** A class with these methods. What a method keeps of its instance are attributes, as in Python. */
export function nativeClass(
  name: string,
  bases: readonly Value[],
  methods: Readonly<Record<string, Method>>,
): PyClass {
  const members = Object.entries(methods).map(([method, run]): [string, Value] => [
    method,
    new NativeMethod(method, (self, args, keywords, runtime) => {
      if (!(self instanceof PyInstance)) {
        return runtime.raise('TypeError', `${name}.${method} needs an instance`);
      }
      const depth = depths.get(runtime) ?? 0;
      if (depth >= DEPTH_MAX) {
        return runtime.raise('RecursionError', 'maximum recursion depth exceeded');
      }
      depths.set(runtime, depth + 1);
      try {
        return run(self, args, keywords, runtime);
      } finally {
        depths.set(runtime, depth);
      }
    }),
  ]);
  return new PyClass(name, bases, new Map(members));
}

/** An attribute that `__init__` has set; null where it has not. */
export function kept(self: PyInstance, name: string): Value {
  return self.attributes.get(name) ?? null;
}

export function keep(self: PyInstance, values: Readonly<Record<string, Value>>): void {
  for (const [name, value] of Object.entries(values)) self.attributes.set(name, value);
}

/** A length that must be known. */
export function lengthOf(value: Value, runtime: Runtime): number | Unknown {
  const length = runtime.length(value);
  if (length !== null) return length;
  return value instanceof Unknown
    ? value
    : runtime.unknown(
        `the length of a ${value instanceof PyObject ? value.typeName : 'number'} is not known`,
      );
}
