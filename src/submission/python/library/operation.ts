/**
 * Operations as functions whose first argument is an array, for modules and methods alike.
 */
import type { Runtime } from '../runtime.js';
import { type Keywords, PyObject, Unknown, type Value } from '../values.js';
import type { NdArray, Operation } from './array.js';
import { asArray } from './convert.js';
import type { Library } from './dtypes.js';

export type Operations = Readonly<Record<string, Operation>>;

export type OnArray = (
  array: NdArray,
  rest: readonly Value[],
  keywords: Keywords,
  runtime: Runtime,
) => Value;

const FIRST = ['input', 'a', 'x', 'self', 'tensor', 'arr', 'ar', 'condition', 'array', 'm'];

/** An operation on its first argument as an array; nothing is known of what it makes of `Unknown`. */
export function onArray(library: Library, operate: OnArray): Operation {
  return (args, keywords, runtime) => {
    const name = args.length > 0 ? undefined : FIRST.find((each) => keywords.has(each));
    const value = args.length > 0 ? args[0] : keywords.get(name ?? '');
    if (value instanceof Unknown) return new Unknown(value.stop);
    const array = value === undefined ? null : asArray(value, library, runtime);
    if (array === null) return runtime.raise('TypeError', 'expected an array');
    return operate(array, args.slice(1), keywords, runtime);
  };
}

/** A result with named parts, which also unpacks and indexes as a tuple. */
class Named extends PyObject {
  readonly typeName = 'return_types';
  constructor(private readonly parts: ReadonlyMap<string, Value>) {
    super();
  }
  override attribute(name: string): Value | undefined {
    return this.parts.get(name);
  }
  override item(index: Value): Value | undefined {
    return typeof index === 'number' ? [...this.parts.values()].at(index) : undefined;
  }
  override iterate(): Iterable<Value> {
    return this.parts.values();
  }
  override length(): number {
    return this.parts.size;
  }
}

export function named(parts: Readonly<Record<string, Value>>): Value {
  return new Named(new Map(Object.entries(parts)));
}
