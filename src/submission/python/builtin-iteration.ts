/**
 * Built-in functions that go through their arguments.
 */
import type { Builtin } from './builtin-functions.js';
import { Undecided } from './failures.js';
import type { Machine } from './machine.js';
import { argumentAt, collected, numberArgument } from './methods.js';
import { sorted } from './methods-sequences.js';
import { PyIterator } from './object-functions.js';
import { PyRange, PyTuple } from './object-sequences.js';
import { PyObject, type Stop, Unknown, type Value } from './values.js';

/** Longer ranges are longer than anything that a run goes through. */
const RANGE_MAX = 2 ** 52;

const range: Builtin = (args, _keywords, machine) => {
  for (const arg of args) if (arg instanceof Unknown) return new Unknown(arg.stop);
  const numbers = args.map((arg) => {
    if (typeof arg === 'number' && Number.isInteger(arg)) return arg;
    if (arg instanceof PyObject) {
      const value = machine.call(machine.attribute(arg, '__index__'), []);
      if (value instanceof Unknown) throw new Undecided(value);
      return numberArgument(value, 0, machine);
    }
    if (typeof arg === 'number')
      machine.raise('TypeError', "'float' object cannot be interpreted as an integer");
    return numberArgument(arg, 0, machine);
  });
  const [first = 0, second, step = 1] = numbers;
  if (step === 0) machine.raise('ValueError', 'range() arg 3 must not be zero');
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  if (Math.abs(stop - start) > RANGE_MAX) return machine.unknown('a range that is too long');
  return new PyRange(start, stop, step);
};

/** `min` and `max`; the unknown where any argument is. */
function extreme(operator: '<' | '>'): Builtin {
  return (args, keywords, machine) => {
    const key = keywords.get('key') ?? null;
    const otherwise = keywords.get('default');
    if (args.length === 1 && args[0] instanceof Unknown) return new Unknown(args[0].stop);
    const items = args.length === 1 ? collected(args[0]!, machine) : args;
    if (items.length === 0) {
      return otherwise === undefined
        ? machine.raise('ValueError', 'arg is an empty sequence')
        : otherwise;
    }
    if (operator === '<') limited(items, args.length === 2, machine);
    let best: Value = items[0]!;
    let by: Value = key === null ? best : machine.call(key, [best]);
    for (const item of items.slice(1)) {
      const value = key === null ? item : machine.call(key, [item]);
      const better = machine.truth(machine.compare(operator, value, by));
      if (better === null) {
        if (value instanceof Unknown) return new Unknown(value.stop);
        if (by instanceof Unknown) return new Unknown(by.stop);
        return machine.unknown('a comparison of what is not known');
      }
      if (better) [best, by] = [item, value];
    }
    return best;
  };
}

/** `min(500, rows)` with fewer rows: the number has no effect here. */
function limited(items: readonly Value[], certain: boolean, machine: Machine): void {
  if (items.length > BOUNDS_MAX) return;
  const numbers = items.filter((item) => typeof item === 'number');
  const least = Math.min(...numbers);
  for (const number of numbers) {
    if (number > least) machine.host.limited?.(number, least, certain, machine);
  }
}

/** More numbers are a list of which the least is looked for. */
const BOUNDS_MAX = 4;

const sum: Builtin = ([values = null, start], keywords, machine) => {
  if (values instanceof Unknown) return new Unknown(values.stop);
  let total: Value = start ?? keywords.get('start') ?? 0;
  for (const value of machine.iterate(values)) {
    machine.spend(1);
    total = machine.binary('+', total, value);
  }
  return total;
};

/** `any` and `all`: one known element may decide it. */
function decided(wanted: boolean): Builtin {
  return ([values = null], _keywords, machine) => {
    if (values instanceof Unknown) return new Unknown(values.stop);
    let unknown = false;
    for (const value of machine.iterate(values)) {
      machine.spend(1);
      const truth = machine.truth(value);
      if (truth === wanted) return wanted;
      unknown ||= truth === null;
    }
    return unknown ? machine.unknown('a condition that is not known') : !wanted;
  };
}

/** `zip(range(500), batches)` of fewer batches. */
function untilLimit(values: readonly Value[], steps: number, at: Stop, machine: Machine): void {
  for (const value of values) {
    if (!(value instanceof PyRange) || value.start !== 0 || value.count <= steps) continue;
    machine.host.limited?.(value.stop, steps * value.step, false, machine, at);
  }
}

/** Several iterables, step by step. */
function iterators(values: readonly Value[], machine: Machine): Iterator<Value>[] {
  return values.map((value) => machine.iterate(value)[Symbol.iterator]());
}

/** @param at where it is made: a stated number stands there */
function* zipped(
  values: readonly Value[],
  strict: boolean,
  at: Stop,
  machine: Machine,
): Generator<Value> {
  const all = iterators(values, machine);
  if (all.length === 0) return;
  for (let steps = 0; ; steps++) {
    machine.spend(1);
    const items: Value[] = [];
    for (const each of all) {
      const { done, value } = each.next();
      if (done) {
        if (strict && items.length > 0)
          machine.raise('ValueError', 'zip() arguments differ in length');
        untilLimit(values, steps, at, machine);
        return;
      }
      items.push(value);
    }
    machine.allocate(items.length + 16);
    yield new PyTuple(items);
  }
}

function* mapped(callee: Value, values: readonly Value[], machine: Machine): Generator<Value> {
  for (const items of zipped(values, false, machine.here(), machine)) {
    yield machine.call(callee, (items as PyTuple).items);
  }
}

function* filtered(callee: Value, values: Value, machine: Machine): Generator<Value> {
  for (const value of machine.iterate(values)) {
    machine.spend(1);
    const truth = machine.truth(callee === null ? value : machine.call(callee, [value]));
    if (truth === null) throw new Undecided(machine.unknown('a condition that is not known'));
    if (truth) yield value;
  }
}

function* enumerated(values: Value, start: number, machine: Machine): Generator<Value> {
  let i = start;
  for (const value of machine.iterate(values)) {
    machine.spend(1);
    machine.allocate(18);
    yield new PyTuple([i++, value]);
  }
}

/** An iterator over arguments, unknown where one of them is. */
function lazily(name: string, values: readonly Value[], make: () => Iterable<Value>): Value {
  for (const value of values) if (value instanceof Unknown) return new Unknown(value.stop);
  return new PyIterator(make(), name);
}

const reversed: Builtin = ([values = null], _keywords, machine) => {
  if (values instanceof Unknown) return new Unknown(values.stop);
  const own = machine.find(values, '__reversed__');
  if (own !== undefined && !(own instanceof Unknown)) return machine.call(own, []);
  if (values instanceof PyRange) {
    const last = values.start + (values.count - 1) * values.step;
    return new PyIterator(new PyRange(last, values.start - values.step, -values.step).iterate());
  }
  return new PyIterator(collected(values, machine).reverse());
};

const iter: Builtin = ([values = null, sentinel], _keywords, machine) => {
  if (values instanceof Unknown) return new Unknown(values.stop);
  if (sentinel !== undefined) return new PyIterator(untilSentinel(values, sentinel, machine));
  if (values instanceof PyIterator) return values;
  return new PyIterator(machine.iterate(values));
};

function* untilSentinel(callee: Value, sentinel: Value, machine: Machine): Generator<Value> {
  for (;;) {
    machine.spend(1);
    const value = machine.call(callee, []);
    const last = machine.equal(value, sentinel);
    if (last === null) throw new Undecided(machine.unknown('the end of a loop that is not known'));
    if (last) return;
    yield value;
  }
}

export const ITERATION_FUNCTIONS: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  ['range', range],
  ['min', extreme('<')],
  ['max', extreme('>')],
  ['sum', sum],
  ['any', decided(true)],
  ['all', decided(false)],
  [
    'zip',
    (args, keywords, machine) => {
      const strict = keywords.get('strict') === true;
      const at = machine.here();
      return lazily('zip', args, () => zipped(args, strict, at, machine));
    },
  ],
  [
    'map',
    ([callee = null, ...values], _keywords, machine) =>
      lazily('map', values, () => mapped(callee, values, machine)),
  ],
  [
    'filter',
    ([callee = null, values = null], _keywords, machine) =>
      lazily('filter', [values], () => filtered(callee, values, machine)),
  ],
  [
    'enumerate',
    (args, keywords, machine) => {
      const [values = null] = args;
      const start = numberArgument(argumentAt(args, keywords, 1, 'start'), 0, machine);
      return lazily('enumerate', [values], () => enumerated(values, start, machine));
    },
  ],
  [
    'sorted',
    ([values = null], keywords, machine) => {
      if (values instanceof Unknown) return new Unknown(values.stop);
      const reverse = machine.truth(keywords.get('reverse') ?? false) === true;
      const items = sorted(
        collected(values, machine),
        keywords.get('key') ?? null,
        reverse,
        machine,
      );
      return items === null ? machine.unknown('an order that is not known') : machine.list(items);
    },
  ],
  ['reversed', reversed],
  ['iter', iter],
]);
