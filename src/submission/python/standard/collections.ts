/**
 * `collections`
 */
import { ofKey } from '../counted.js';
import type { Machine } from '../machine.js';
import { argumentAt, collected, type Method, numberArgument, textArgument } from '../methods.js';
import { NativeType } from '../object-descriptors.js';
import { PyDict } from '../object-mappings.js';
import { PyList, PyTuple } from '../object-sequences.js';
import type { Runtime } from '../runtime.js';
import {
  type Keywords,
  type Native,
  NativeFunction,
  PyObject,
  Unknown,
  type Value,
} from '../values.js';

class NamedDict extends PyDict {
  override readonly typeName: string;
  constructor(typeName: string) {
    super();
    this.typeName = typeName;
  }
  override copy(runtime: Machine): PyDict {
    const result = new NamedDict(this.typeName);
    result.factory = this.factory;
    result.absorb(this, runtime);
    return result;
  }
}

/** A dictionary that counts: what it lacks counts 0. */
class Counter extends NamedDict {
  override item(index: Value, machine: Machine): Value | undefined {
    if (index instanceof Unknown) return new Unknown(index.stop);
    return this.lookup(index, machine) ?? ofKey(0, index);
  }
  override attribute(name: string, machine: Machine): Value | undefined {
    const method = COUNTER_METHODS.get(name);
    if (method === undefined) return super.attribute(name, machine);
    return new NativeFunction(name, (args, keywords) => method(this, args, keywords, machine));
  }
  override copy(machine: Machine): PyDict {
    const result = new Counter(this.typeName);
    result.absorb(this, machine);
    return result;
  }
  override merge(given: Value | undefined, keywords: Keywords, runtime: Runtime): void {
    count(this, given, runtime);
    for (const [key, times] of keywords) {
      this.set(key, runtime.binary('+', this.get(key, runtime) ?? 0, times), runtime);
    }
  }
  override binary(
    operator: string,
    other: Value,
    reflected: boolean,
    machine: Machine,
  ): Value | undefined {
    if (reflected || !(other instanceof Counter) || !/^[+-]$/.test(operator)) return undefined;
    const result = new Counter('Counter');
    result.absorb(this, machine);
    for (const [key, value] of other.pairs()) {
      result.set(key, machine.binary(operator, result.get(key, machine) ?? 0, value), machine);
    }
    for (const [key, value] of [...result.entries.values()]) {
      if (machine.truth(machine.compare('<=', value, 0))) result.delete(key, machine);
    }
    return result;
  }
}

function count(counter: Counter, given: Value | undefined, machine: Runtime): void {
  if (given === undefined || given === null) return;
  if (given instanceof Unknown) {
    counter.blurred = given;
    return;
  }
  const pairs: (readonly [Value, Value])[] =
    given instanceof PyDict
      ? [...given.pairs()]
      : collected(given, machine).map((item) => [item, 1] as const);
  for (const [key, times] of pairs) {
    if (key instanceof Unknown) counter.blurred = key;
    else counter.set(key, machine.binary('+', counter.get(key, machine) ?? 0, times), machine);
  }
}

const COUNTER_METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  [
    'total',
    (self, _args, _keywords, machine) =>
      [...(self as Counter).pairs()].reduce<Value>(
        (total, [, times]) => machine.binary('+', total, times),
        0,
      ),
  ],
]);

/** A list that may be bounded, and grows at both ends. */
class Deque extends PyList {
  constructor(
    items: Value[],
    readonly most: number | null,
  ) {
    super(items);
  }
  override attribute(name: string, machine: Machine): Value | undefined {
    if (name === 'maxlen') return this.most;
    const method = DEQUE_METHODS.get(name);
    if (method === undefined) return undefined;
    return new NativeFunction(name, (args, keywords) => method(this, args, keywords, machine));
  }
  override settle(): void {
    this.bounded(true);
  }
  bounded(left: boolean): null {
    if (this.most === null) return null;
    const extra = this.items.length - this.most;
    if (extra > 0) this.items.splice(left ? 0 : this.most, extra);
    return null;
  }
}

const DEQUE_METHODS: ReadonlyMap<string, Method> = new Map<string, Method>([
  [
    'appendleft',
    (self, [item = null], _keywords, machine) => {
      const deque = self as Deque;
      machine.spend(deque.items.length / 8);
      machine.allocate(2);
      deque.items.unshift(item);
      return deque.bounded(false);
    },
  ],
  [
    'popleft',
    (self, _args, _keywords, machine) => {
      const deque = self as Deque;
      machine.spend(deque.items.length / 64);
      return (
        deque.items.shift() ??
        (deque.items.length === 0 ? machine.raise('IndexError', 'pop from an empty deque') : null)
      );
    },
  ],
  [
    'rotate',
    (self, [by = 1], _keywords, machine) => {
      const { items } = self as Deque;
      machine.spend(items.length);
      const shift =
        items.length === 0
          ? 0
          : ((numberArgument(by, 1, machine) % items.length) + items.length) % items.length;
      const rotated = [
        ...items.slice(items.length - shift),
        ...items.slice(0, items.length - shift),
      ];
      for (const [i, item] of rotated.entries()) items[i] = item;
      return null;
    },
  ],
]);

function namedTuple(
  name: string,
  fields: readonly string[],
  defaults: readonly Value[],
  machine: Machine,
): Value {
  const make = (args: readonly Value[], keywords: Keywords): Value => {
    const items = fields.map((field, i) => {
      const value = args[i] ?? keywords.get(field) ?? defaults[i - fields.length + defaults.length];
      if (args[i] === null || keywords.get(field) === null) return null;
      return value === undefined
        ? machine.raise('TypeError', `${name}() missing argument: '${field}'`)
        : value;
    });
    return new PyTuple(items, fields, name);
  };
  const type: NativeType = new NativeType(
    name,
    make,
    (value) => value instanceof PyTuple && value.names === fields,
    new Map<string, Value>([
      ['_fields', new PyTuple([...fields])],
      [
        '_make',
        new NativeFunction('_make', ([values = null]) =>
          make(collected(values, machine), new Map()),
        ),
      ],
    ]),
  );
  return type;
}

export function collectionsModule(machine: Machine): Map<string, Value> {
  const types: [string, Native][] = [
    [
      'defaultdict',
      ([factory = null, given], keywords) => {
        const dict = new NamedDict('defaultdict');
        dict.factory = factory;
        dict.merge(given, keywords, machine);
        return dict;
      },
    ],
    [
      'OrderedDict',
      ([given], keywords) => {
        const dict = new NamedDict('OrderedDict');
        dict.merge(given, keywords, machine);
        return dict;
      },
    ],
    [
      'ChainMap',
      (maps) => {
        const dict = new NamedDict('ChainMap');
        // The first of the maps that has a key gives its value.
        for (const map of maps.toReversed()) dict.merge(map, new Map(), machine);
        return dict;
      },
    ],
    [
      'Counter',
      ([given], keywords) => {
        const counter = new Counter('Counter');
        count(counter, given, machine);
        for (const [key, value] of keywords) counter.set(key, value, machine);
        return counter;
      },
    ],
    [
      'deque',
      (args, keywords) => {
        const most = argumentAt(args, keywords, 1, 'maxlen') ?? null;
        const [values] = args;
        if (values instanceof Unknown) return new Unknown(values.stop);
        const deque = new Deque(
          values === undefined ? [] : collected(values, machine),
          typeof most === 'number' ? most : null,
        );
        const { length } = deque.items;
        if (deque.most !== null && deque.most > length) {
          machine.host.limited?.(deque.most, length, false, machine);
        }
        deque.bounded(true);
        return deque;
      },
    ],
  ];
  const members = new Map<string, Value>();
  for (const [name, make] of types) {
    members.set(
      name,
      new NativeType(name, make, (value) => value instanceof PyObject && value.typeName === name),
    );
  }
  members.set(
    'namedtuple',
    new NativeFunction('namedtuple', ([name = null, fields = null], keywords) => {
      const names =
        typeof fields === 'string'
          ? fields.split(/[\s,]+/).filter((each) => each !== '')
          : collected(fields, machine).map(String);
      const defaults = keywords.get('defaults');
      return namedTuple(
        textArgument(name, machine),
        names,
        defaults == null ? [] : collected(defaults, machine),
        machine,
      );
    }),
  );
  return members;
}
