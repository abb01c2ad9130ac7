/**
 * `functools`, `operator` and `bisect`
 */

import { belonging } from '../belonging.js';
import type { Machine } from '../machine.js';
import { collected, numberArgument } from '../methods.js';
import { Descriptor } from '../object-descriptors.js';
import { PyDict } from '../object-mappings.js';
import { PyList, PyTuple } from '../object-sequences.js';
import { unaryOf } from '../operators.js';
import { Sum } from '../sums.js';
import {
  type Keywords,
  type Native,
  NativeFunction,
  PyObject,
  Unknown,
  type Value,
} from '../values.js';

/** `functools.partial` */
class Partial extends PyObject {
  readonly typeName = 'partial';
  constructor(
    readonly callee: Value,
    readonly args: readonly Value[],
    readonly keywords: Keywords,
    private readonly machine: Machine,
  ) {
    super();
  }
  override call(args: readonly Value[], keywords: Keywords): Value {
    const all = new Map([...this.keywords, ...keywords]);
    return this.machine.call(this.callee, [...this.args, ...args], all);
  }
  override attribute(name: string): Value | undefined {
    if (name === 'func') return this.callee;
    return name === 'args' ? new PyTuple(this.args) : undefined;
  }
}

/** A function whose results are kept by its arguments. */
class Cached extends PyObject {
  readonly typeName = 'function';
  readonly #results = new PyDict();
  constructor(
    private readonly callee: Value,
    private readonly machine: Machine,
  ) {
    super();
  }
  override get binds(): boolean {
    return true;
  }
  override call(args: readonly Value[], keywords: Keywords): Value {
    const { machine } = this;
    const plain = ![...args, ...keywords.values()].some((each) => each instanceof Unknown);
    if (!plain) return machine.call(this.callee, args, keywords);
    const named = [...keywords].map(([name, value]) => new PyTuple([name, value]));
    const key = new PyTuple([...args, ...named]);
    const known = this.#results.get(key, machine);
    if (known !== undefined) return belonging(known, ...args);
    const result = machine.call(this.callee, args, keywords);
    // Of the arguments only the ids are the key, which other tokens of the stream have as well.
    const kept = result instanceof Sum && result.kind === 'count' ? result.value : result;
    this.#results.set(key, kept, machine);
    return belonging(result, ...args);
  }
  override attribute(name: string): Value | undefined {
    if (name === 'cache_clear') {
      return new NativeFunction(name, () => {
        this.#results.entries.clear();
        return null;
      });
    }
    return name === '__wrapped__' ? this.callee : this.machine.find(this.callee, name);
  }
}

function functions(entries: Record<string, Native>): Map<string, Value> {
  return new Map(
    Object.entries(entries).map(([name, native]) => [name, new NativeFunction(name, native)]),
  );
}

export function functoolsModule(machine: Machine): Map<string, Value> {
  const cached = (callee: Value) => new Cached(callee, machine);
  const members = functions({
    partial: ([callee = null, ...args], keywords) => new Partial(callee, args, keywords, machine),
    reduce: ([callee = null, values = null, start]) => {
      if (values instanceof Unknown) return new Unknown(values.stop);
      const items = collected(values, machine);
      let total: Value | undefined = start === undefined ? items.shift() : start;
      if (total === undefined) return machine.raise('TypeError', 'reduce() of empty iterable');
      for (const item of items) total = machine.call(callee, [total, item]);
      return total;
    },
    // With a size it makes the decorator, else it is the decorator.
    lru_cache: ([callee]) =>
      callee instanceof PyObject
        ? cached(callee)
        : new NativeFunction('lru_cache', ([each = null]) => cached(each)),
    cache: ([callee = null]) => cached(callee),
    wraps: () => new NativeFunction('wraps', ([callee = null]) => callee),
    update_wrapper: ([callee = null]) => callee,
    total_ordering: ([cls = null]) => cls,
    singledispatch: ([callee = null]) => callee,
    cmp_to_key: () => machine.unknown('an order by comparisons'),
  });
  members.set(
    'cached_property',
    new NativeFunction(
      'cached_property',
      ([callee = null]) => new Descriptor('cached_property', callee),
    ),
  );
  return members;
}

const BINARY: Readonly<Record<string, string>> = {
  add: '+',
  sub: '-',
  mul: '*',
  truediv: '/',
  floordiv: '//',
  mod: '%',
  pow: '**',
  matmul: '@',
  and_: '&',
  or_: '|',
  xor: '^',
  lshift: '<<',
  rshift: '>>',
};
const COMPARISONS: Readonly<Record<string, string>> = {
  eq: '==',
  ne: '!=',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
  is_: 'is',
};

export function operatorModule(machine: Machine): Map<string, Value> {
  const several = (keys: readonly Value[], each: (key: Value, value: Value) => Value) =>
    new NativeFunction('getter', ([value = null]) => {
      const items = keys.map((key) => each(key, value));
      return items.length === 1 ? items[0]! : new PyTuple(items);
    });
  const members = functions({
    itemgetter: (keys) => several(keys, (key, value) => machine.item(value, key)),
    attrgetter: (keys) =>
      several(keys, (key, value) =>
        String(key)
          .split('.')
          .reduce((owner, name) => machine.attribute(owner, name), value),
      ),
    getitem: ([value = null, key = null]) => machine.item(value, key),
    neg: ([value = null]) => unaryOf('-', value, machine),
    contains: ([value = null, item = null]) => machine.compare('in', item, value),
  });
  for (const [name, sign] of Object.entries(BINARY)) {
    members.set(
      name,
      new NativeFunction(name, ([a = null, b = null]) => machine.binary(sign, a, b)),
    );
  }
  for (const [name, sign] of Object.entries(COMPARISONS)) {
    members.set(
      name,
      new NativeFunction(name, ([a = null, b = null]) => machine.compare(sign, a, b)),
    );
  }
  return members;
}

export function bisectModule(machine: Machine): Map<string, Value> {
  const place =
    (operator: string): Native =>
    ([values = null, item = null, low, high]) => {
      if (values instanceof Unknown || item instanceof Unknown) {
        return machine.unknown('a place of what is not known');
      }
      const length = machine.length(values);
      let from = numberArgument(low, 0, machine);
      let to = numberArgument(high, length ?? 0, machine);
      while (from < to) {
        machine.spend(4);
        const middle = Math.floor((from + to) / 2);
        const truth = machine.truth(machine.compare(operator, machine.item(values, middle), item));
        if (truth === null || length === null)
          return machine.unknown('a place of what is not known');
        if (truth) from = middle + 1;
        else to = middle;
      }
      return from;
    };
  const insert =
    (operator: string): Native =>
    (args, keywords, runtime) => {
      const [values, item = null] = args;
      const at = place(operator)(args, keywords, runtime);
      if (values instanceof PyList && typeof at === 'number') {
        machine.spend(values.items.length / 8);
        values.items.splice(at, 0, item);
      }
      return null;
    };
  return functions({
    bisect_left: place('<'),
    bisect_right: place('<='),
    bisect: place('<='),
    insort: insert('<='),
    insort_left: insert('<'),
    insort_right: insert('<='),
  });
}
