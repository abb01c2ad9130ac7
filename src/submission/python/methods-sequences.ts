/**
 * Methods of lists, tuples and iterators.
 */
import { type Method, type MethodTable, numberArgument } from './methods.js';
import type { PyIterator } from './object-functions.js';
import type { PyList, PyTuple } from './object-sequences.js';
import type { Runtime } from './runtime.js';
import { Unknown, type Value } from './values.js';

/** Null where the order is not known. */
export function sorted(
  items: readonly Value[],
  key: Value,
  reverse: boolean,
  runtime: Runtime,
): Value[] | null {
  runtime.spend(2 * items.length * Math.ceil(Math.log2(items.length + 2)));
  runtime.allocate(2 * items.length + 16);
  const pairs = items.map((item) => ({
    item,
    by: key === null ? item : runtime.call(key, [item]),
  }));
  let known = true;
  const before = (a: Value, b: Value): boolean => {
    if (typeof a === 'number' && typeof b === 'number') return a < b;
    const truth = runtime.truth(runtime.compare('<', a, b));
    known &&= truth !== null;
    return truth === true;
  };
  // Stable in both directions, as Python's is.
  if (reverse) pairs.reverse();
  pairs.sort((a, b) => (before(a.by, b.by) ? -1 : before(b.by, a.by) ? 1 : 0));
  if (reverse) pairs.reverse();
  return known ? pairs.map(({ item }) => item) : null;
}

function on(method: (list: PyList, args: readonly Value[], runtime: Runtime) => Value): Method {
  return (self, args, _keywords, runtime) => method(self as PyList, args, runtime);
}

const index: Method = (self, [wanted = null, from], _keywords, runtime) => {
  const { items } = self as PyList | PyTuple;
  runtime.spend(items.length);
  for (let i = numberArgument(from, 0, runtime); i < items.length; i++) {
    const same = runtime.equal(items[i]!, wanted);
    if (same === null) return runtime.unknown('a place of what is not known');
    if (same) return i;
  }
  return runtime.raise('ValueError', 'it is not in the list');
};

const count: Method = (self, [wanted = null], _keywords, runtime) => {
  const { items } = self as PyList | PyTuple;
  runtime.spend(items.length);
  const same = items.map((item) => runtime.equal(item, wanted));
  return same.includes(null)
    ? runtime.unknown('a count of what is not known')
    : same.filter((each) => each).length;
};

export const LIST_METHODS: MethodTable = new Map<string, Method>([
  [
    'append',
    on((list, [item = null], runtime) => {
      runtime.allocate(2);
      list.items.push(item);
      list.settle();
      return null;
    }),
  ],
  [
    'extend',
    on((list, [items = null], runtime) => {
      if (items instanceof Unknown) list.items.push(new Unknown(items.stop));
      else list.extend(items, runtime);
      return null;
    }),
  ],
  [
    'insert',
    on((list, [place = 0, item = null], runtime) => {
      runtime.spend(list.items.length / 8);
      runtime.allocate(1);
      list.items.splice(numberArgument(place, 0, runtime), 0, item);
      return null;
    }),
  ],
  [
    'pop',
    on((list, [place], runtime) => {
      if (place instanceof Unknown) return new Unknown(place.stop);
      const at = numberArgument(place, -1, runtime);
      const from = at < 0 ? at + list.items.length : at;
      if (from < 0 || from >= list.items.length)
        runtime.raise('IndexError', 'pop index out of range');
      if (from === list.items.length - 1) return list.items.pop()!;
      runtime.spend(list.items.length / 8);
      return list.items.splice(from, 1)[0]!;
    }),
  ],
  [
    'remove',
    on((list, [item = null], runtime) => {
      const at = index(list, [item], new Map(), runtime);
      if (typeof at === 'number') list.items.splice(at, 1);
      return null;
    }),
  ],
  [
    'clear',
    on((list) => {
      list.items.length = 0;
      return null;
    }),
  ],
  ['copy', on((list, _args, runtime) => runtime.list(list.items.slice()))],
  [
    'reverse',
    on((list, _args, runtime) => {
      runtime.spend(list.items.length);
      list.items.reverse();
      return null;
    }),
  ],
  [
    'sort',
    (self, _args, keywords, runtime) => {
      const list = self as PyList;
      const reverse = runtime.truth(keywords.get('reverse') ?? false) === true;
      const result = sorted(list.items, keywords.get('key') ?? null, reverse, runtime);
      const unknown = runtime.unknown;
      for (let i = 0; i < list.items.length; i++) {
        list.items[i] =
          result === null ? unknown.call(runtime, 'an order that is not known') : result[i]!;
      }
      return null;
    },
  ],
  ['index', index],
  ['count', count],
]);

export const TUPLE_METHODS: MethodTable = new Map<string, Method>([
  ['index', index],
  ['count', count],
  [
    '_asdict',
    (self, _args, _keywords, runtime) => {
      const { items, names } = self as PyTuple;
      return runtime.dict((names ?? []).map((name, i) => [name, items[i]!] as const));
    },
  ],
]);

export const ITERATOR_METHODS: MethodTable = new Map<string, Method>([
  [
    '__next__',
    (self, _args, _keywords, runtime) =>
      (self as PyIterator).next() ?? endOf(self as PyIterator, runtime),
  ],
  ['__iter__', (self) => self],
  [
    'send',
    (self, [sent], _keywords, runtime) =>
      (self as PyIterator).next(sent) ?? endOf(self as PyIterator, runtime),
  ],
  [
    'close',
    (self) => {
      (self as PyIterator).close();
      return null;
    },
  ],
]);

function endOf(_iterator: PyIterator, runtime: Runtime): never {
  return runtime.raise('StopIteration', '');
}
