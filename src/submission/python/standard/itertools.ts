/**
 * `itertools`
 */
import { Undecided } from '../failures.js';
import type { Machine } from '../machine.js';
import { argumentAt, collected, numberArgument } from '../methods.js';
import { PyIterator } from '../object-functions.js';
import { PyTuple } from '../object-sequences.js';
import { type Keywords, NativeFunction, type Stop, Unknown, type Value } from '../values.js';

type Make = (args: readonly Value[], keywords: Keywords, machine: Machine) => Iterable<Value>;

function* count(args: readonly Value[], keywords: Keywords, machine: Machine): Generator<Value> {
  let at = argumentAt(args, keywords, 0, 'start') ?? 0;
  const step = argumentAt(args, keywords, 1, 'step') ?? 1;
  for (;;) {
    machine.spend(1);
    yield at;
    at = machine.binary('+', at, step) as typeof at;
  }
}

function* cycle([values = null]: readonly Value[], machine: Machine): Generator<Value> {
  const items = collected(values, machine);
  while (items.length > 0) {
    machine.spend(1 + items.length);
    yield* items;
  }
}

function* repeat([value = null, times]: readonly Value[], machine: Machine): Generator<Value> {
  const most = times === undefined ? Infinity : numberArgument(times, 0, machine);
  for (let i = 0; i < most; i++) {
    machine.spend(1);
    yield value;
  }
}

function* chain(args: Iterable<Value>, machine: Machine): Generator<Value> {
  for (const each of args) {
    for (const value of machine.iterate(each)) {
      machine.spend(1);
      yield value;
    }
  }
}

function* islice(args: readonly Value[], at: Stop, machine: Machine): Generator<Value> {
  const [values = null, first = null, second, third = null] = args;
  const start = second === undefined ? 0 : numberArgument(first, 0, machine);
  const stop = numberArgument(second === undefined ? first : second, Infinity, machine);
  const step = numberArgument(third, 1, machine);
  let next = start;
  let i = 0;
  if (start >= stop) return;
  for (const value of machine.iterate(values)) {
    machine.spend(1);
    if (i === next) {
      yield value;
      next += step;
    }
    i++;
    if (i >= stop || next >= stop) return;
  }
  if (start === 0 && Number.isFinite(stop)) machine.host.limited?.(stop, i, false, machine, at);
}

function* product(args: readonly Value[], keywords: Keywords, machine: Machine): Generator<Value> {
  const once = args.map((each) => collected(each, machine));
  const times = numberArgument(keywords.get('repeat'), 1, machine);
  const pools: Value[][] = [];
  for (let i = 0; i < Math.min(times, 64); i++) pools.push(...once);
  if (pools.some((pool) => pool.length === 0)) return;
  const places = pools.map(() => 0);
  for (;;) {
    machine.spend(pools.length + 1);
    machine.allocate(pools.length + 8);
    yield new PyTuple(places.map((place, i) => pools[i]![place]!));
    let at = pools.length - 1;
    while (at >= 0 && ++places[at]! === pools[at]!.length) places[at--] = 0;
    if (at < 0) return;
  }
}

/** Choices of `size` places, in order; `again` lets a place be taken more than once. */
function* choices(
  pool: readonly Value[],
  size: number,
  allowed: (chosen: readonly number[], next: number) => boolean,
  machine: Machine,
  chosen: number[] = [],
): Generator<Value> {
  machine.spend(1);
  if (chosen.length === size) {
    machine.allocate(size + 8);
    yield new PyTuple(chosen.map((place) => pool[place]!));
    return;
  }
  if (chosen.length > 60) return;
  for (let next = 0; next < pool.length; next++) {
    machine.spend(1);
    if (!allowed(chosen, next)) continue;
    chosen.push(next);
    yield* choices(pool, size, allowed, machine, chosen);
    chosen.pop();
  }
}

const increasing = (chosen: readonly number[], next: number) => next > (chosen.at(-1) ?? -1);
const notBelow = (chosen: readonly number[], next: number) => next >= (chosen.at(-1) ?? 0);
const different = (chosen: readonly number[], next: number) => !chosen.includes(next);

function* accumulate(
  args: readonly Value[],
  keywords: Keywords,
  machine: Machine,
): Generator<Value> {
  const callee = argumentAt(args, keywords, 1, 'func') ?? null;
  let total = keywords.get('initial');
  if (total !== undefined && total !== null) yield total;
  for (const value of machine.iterate(args[0] ?? null)) {
    machine.spend(1);
    if (total === undefined || total === null) total = value;
    else
      total =
        callee === null ? machine.binary('+', total, value) : machine.call(callee, [total, value]);
    yield total;
  }
}

function* taking(args: readonly Value[], dropping: boolean, machine: Machine): Generator<Value> {
  const [callee = null, values = null] = args;
  let decided = false;
  for (const value of machine.iterate(values)) {
    machine.spend(1);
    if (!decided) {
      const truth = machine.truth(machine.call(callee, [value]));
      if (truth === null) throw new Undecided(machine.unknown('a condition that is not known'));
      if (!truth && !dropping) return;
      decided = !truth;
    }
    if (!dropping || decided) yield value;
  }
}

function* longest(args: readonly Value[], keywords: Keywords, machine: Machine): Generator<Value> {
  const fill = keywords.get('fillvalue') ?? null;
  const lists = args.map((each) => collected(each, machine));
  const most = Math.max(0, ...lists.map(({ length }) => length));
  for (let i = 0; i < most; i++) {
    machine.spend(lists.length);
    yield new PyTuple(lists.map((list) => (i < list.length ? list[i]! : fill)));
  }
}

function* starmap(
  [callee = null, values = null]: readonly Value[],
  machine: Machine,
): Generator<Value> {
  for (const each of machine.iterate(values)) yield machine.call(callee, collected(each, machine));
}

function* pairwise([values = null]: readonly Value[], machine: Machine): Generator<Value> {
  let before: Value | undefined;
  for (const value of machine.iterate(values)) {
    machine.spend(1);
    if (before !== undefined) yield new PyTuple([before, value]);
    before = value;
  }
}

function* groupby(args: readonly Value[], keywords: Keywords, machine: Machine): Generator<Value> {
  const key = argumentAt(args, keywords, 1, 'key') ?? null;
  let by: Value | undefined;
  let group: Value[] = [];
  const made = () => new PyTuple([by!, new PyIterator(group)]);
  for (const value of machine.iterate(args[0] ?? null)) {
    machine.spend(2);
    const next = key === null ? value : machine.call(key, [value]);
    if (by !== undefined && !machine.equal(by, next)) {
      yield made();
      group = [];
    }
    by = next;
    group.push(value);
  }
  if (by !== undefined) yield made();
}

function* batched(args: readonly Value[], keywords: Keywords, machine: Machine): Generator<Value> {
  const size = numberArgument(argumentAt(args, keywords, 1, 'n'), 1, machine);
  let batch: Value[] = [];
  for (const value of machine.iterate(args[0] ?? null)) {
    machine.spend(1);
    batch.push(value);
    if (batch.length < size) continue;
    yield new PyTuple(batch);
    batch = [];
  }
  if (batch.length > 0) yield new PyTuple(batch);
}

const pooled = (allowed: Parameters<typeof choices>[2]): Make =>
  function* (args, keywords, machine) {
    const pool = collected(args[0] ?? null, machine);
    const size = numberArgument(argumentAt(args, keywords, 1, 'r'), pool.length, machine);
    yield* choices(pool, size, allowed, machine);
  };

const FUNCTIONS: ReadonlyMap<string, Make> = new Map<string, Make>([
  ['count', count],
  ['cycle', (args, _keywords, machine) => cycle(args, machine)],
  ['repeat', (args, _keywords, machine) => repeat(args, machine)],
  ['chain', (args, _keywords, machine) => chain(args, machine)],
  // Its number stands where it is made, not where it is read.
  ['islice', (args, _keywords, machine) => islice(args, machine.here(), machine)],
  ['product', product],
  ['permutations', pooled(different)],
  ['combinations', pooled(increasing)],
  ['combinations_with_replacement', pooled(notBelow)],
  ['accumulate', accumulate],
  ['takewhile', (args, _keywords, machine) => taking(args, false, machine)],
  ['dropwhile', (args, _keywords, machine) => taking(args, true, machine)],
  ['zip_longest', longest],
  ['starmap', (args, _keywords, machine) => starmap(args, machine)],
  ['pairwise', (args, _keywords, machine) => pairwise(args, machine)],
  ['groupby', groupby],
  ['batched', batched],
]);

export function itertoolsModule(machine: Machine): Map<string, Value> {
  const members = new Map<string, Value>();
  for (const [name, make] of FUNCTIONS) {
    const native = new NativeFunction(name, (args, keywords) => {
      for (const arg of args) if (arg instanceof Unknown) return new Unknown(arg.stop);
      return new PyIterator(make(args, keywords, machine), name);
    });
    if (name === 'chain') members.set(name, new Chain(native, machine));
    else members.set(name, native);
  }
  return members;
}

/** `itertools.chain`, which has `from_iterable`. */
class Chain extends NativeFunction {
  constructor(
    plain: NativeFunction,
    private readonly machine: Machine,
  ) {
    super('chain', (args, keywords) => plain.call(args, keywords, machine));
  }
  override attribute(name: string): Value | undefined {
    if (name !== 'from_iterable') return undefined;
    return new NativeFunction(name, ([values = null]) => {
      if (values instanceof Unknown) return new Unknown(values.stop);
      return new PyIterator(chain(this.machine.iterate(values), this.machine), 'chain');
    });
  }
}
