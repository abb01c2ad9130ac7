/**
 * Methods of dictionaries and sets.
 */

import { ofKey } from './counted.js';
import { collected, type Method, type MethodTable } from './methods.js';
import { type PyDict, PySet } from './object-mappings.js';
import { PyList, PyTuple } from './object-sequences.js';
import type { Runtime } from './runtime.js';
import { numericValue } from './sums.js';
import { type Keywords, PyObject, Unknown, type Value } from './values.js';

/** `keys()`, `values()` and `items()` show the dictionary as it is. */
class DictView extends PyObject {
  readonly typeName: string;
  constructor(
    private readonly dict: PyDict,
    private readonly kind: 'keys' | 'values' | 'items',
  ) {
    super();
    this.typeName = `dict_${kind}`;
  }
  override *iterate(): Iterable<Value> {
    for (const [key, value] of this.dict.pairs()) {
      if (this.kind === 'items') yield new PyTuple([key, value]);
      else yield this.kind === 'keys' ? key : value;
    }
  }
  override length(): number | undefined {
    return this.dict.length();
  }
  override truth(): boolean | null {
    return this.dict.truth();
  }
  override contains(value: Value, runtime: Runtime): boolean | undefined {
    if (this.kind === 'keys') return this.dict.contains(value, runtime);
    return undefined;
  }
  override binary(
    operator: string,
    other: Value,
    reflected: boolean,
    runtime: Runtime,
  ): Value | undefined {
    const set = new PySet().addAll(this.iterate(), runtime);
    const right = other instanceof DictView ? new PySet().addAll(other.iterate(), runtime) : other;
    if (!(right instanceof PySet)) return undefined;
    if (/^[|&^-]$/.test(operator)) {
      return reflected
        ? right.combined(operator, set, runtime)
        : set.combined(operator, right, runtime);
    }
    return runtime.compare(operator, set, right);
  }
}

function on(
  method: (dict: PyDict, args: readonly Value[], runtime: Runtime, keywords: Keywords) => Value,
): Method {
  return (self, args, keywords, runtime) => method(self as PyDict, args, runtime, keywords);
}

export const DICT_METHODS: MethodTable = new Map<string, Method>([
  ['keys', on((dict) => new DictView(dict, 'keys'))],
  ['values', on((dict) => new DictView(dict, 'values'))],
  ['items', on((dict) => new DictView(dict, 'items'))],
  [
    'get',
    on((dict, [key = null, otherwise = null], runtime) => {
      if (key instanceof Unknown) return new Unknown(key.stop);
      const value = dict.lookup(key, runtime);
      if (value !== undefined) return value;
      return dict.blurred === null ? ofKey(otherwise, key) : new Unknown(dict.blurred.stop);
    }),
  ],
  [
    'setdefault',
    on((dict, [key = null, otherwise = null], runtime) => {
      const value = key instanceof Unknown ? undefined : dict.get(key, runtime);
      if (value !== undefined) return ofKey(value, key);
      dict.set(key, otherwise, runtime);
      return otherwise;
    }),
  ],
  [
    'pop',
    on((dict, [key = null, otherwise], runtime) => {
      if (key instanceof Unknown) return new Unknown(key.stop);
      const value = dict.delete(key, runtime);
      if (value !== undefined) return value;
      if (dict.blurred !== null) return new Unknown(dict.blurred.stop);
      return otherwise === undefined
        ? runtime.raise('KeyError', runtime.text(key, true) ?? '', key)
        : otherwise;
    }),
  ],
  [
    'popitem',
    on((dict, [last = true], runtime) => {
      const entries = [...dict.entries];
      runtime.spend(entries.length / 8);
      const entry = last === false ? entries[0] : entries.at(-1);
      if (entry === undefined) return runtime.raise('KeyError', 'popitem(): dictionary is empty');
      dict.entries.delete(entry[0]);
      return new PyTuple(entry[1]);
    }),
  ],
  [
    'update',
    on((dict, [given], runtime, keywords) => {
      dict.merge(given, keywords, runtime);
      return null;
    }),
  ],
  [
    'clear',
    on((dict) => {
      dict.clear();
      return null;
    }),
  ],
  ['copy', on((dict, _args, runtime) => dict.copy(runtime))],
  [
    'move_to_end',
    on((dict, [key = null, last = true], runtime) => {
      const value = dict.delete(key, runtime);
      if (value === undefined) return runtime.raise('KeyError', runtime.text(key, true) ?? '', key);
      const rest = last === false ? [...dict.entries] : [];
      if (last === false) dict.entries.clear();
      dict.set(key, value, runtime);
      for (const [each, entry] of rest) dict.entries.set(each, entry);
      return null;
    }),
  ],
  [
    'most_common',
    on((dict, [limit], runtime) => {
      const pairs = [...dict.pairs()];
      runtime.spend(pairs.length * 8);
      const timesOf = (value: Value) => numericValue(value) ?? 0;
      pairs.sort(([, a], [, b]) => timesOf(b) - timesOf(a));
      const count = typeof limit === 'number' ? limit : pairs.length;
      return new PyList(pairs.slice(0, count).map((pair) => new PyTuple(pair)));
    }),
  ],
]);

function setOf(value: Value, runtime: Runtime): PySet {
  return value instanceof PySet ? value : new PySet().addAll(collected(value, runtime), runtime);
}

function combine(operator: string): Method {
  return (self, args, _keywords, runtime) =>
    args.reduce<PySet>(
      (set, other) => set.combined(operator, setOf(other, runtime), runtime),
      self as PySet,
    );
}

function become(operator: string): Method {
  return (self, args, keywords, runtime) => {
    (self as PySet).become(combine(operator)(self, args, keywords, runtime) as PySet);
    return null;
  };
}

export const SET_METHODS: MethodTable = new Map<string, Method>([
  [
    'add',
    (self, [item = null], _keywords, runtime) => {
      (self as PySet).add(item, runtime);
      return null;
    },
  ],
  [
    'discard',
    (self, [item = null], _keywords, runtime) => {
      (self as PySet).delete(item, runtime);
      return null;
    },
  ],
  [
    'remove',
    (self, [item = null], _keywords, runtime) => {
      const found = (self as PySet).delete(item, runtime);
      return found ? null : runtime.raise('KeyError', runtime.text(item, true) ?? '', item);
    },
  ],
  [
    'pop',
    (self, _args, _keywords, runtime) => {
      for (const item of (self as PySet).members.values()) {
        (self as PySet).delete(item, runtime);
        return item;
      }
      return runtime.raise('KeyError', 'pop from an empty set');
    },
  ],
  [
    'clear',
    (self) => {
      (self as PySet).members.clear();
      return null;
    },
  ],
  [
    'copy',
    (self, _args, _keywords, runtime) => (self as PySet).combined('|', new PySet(), runtime),
  ],
  [
    'update',
    (self, args, _keywords, runtime) => {
      for (const other of args) (self as PySet).addAll(collected(other, runtime), runtime);
      return null;
    },
  ],
  ['union', combine('|')],
  ['intersection', combine('&')],
  ['difference', combine('-')],
  ['symmetric_difference', combine('^')],
  ['intersection_update', become('&')],
  ['difference_update', become('-')],
  ['symmetric_difference_update', become('^')],
  [
    'issubset',
    (self, [other = null], _keywords, runtime) =>
      runtime.compare('<=', self, setOf(other, runtime)),
  ],
  [
    'issuperset',
    (self, [other = null], _keywords, runtime) =>
      runtime.compare('>=', self, setOf(other, runtime)),
  ],
  [
    'isdisjoint',
    (self, [other = null], _keywords, runtime) =>
      (self as PySet).combined('&', setOf(other, runtime), runtime).members.size === 0,
  ],
]);
