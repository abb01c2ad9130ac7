/**
 * `heapq`: lists as binary heaps, whose first element is the smallest.
 */
import type { Machine } from '../machine.js';
import { argumentAt, collected, numberArgument } from '../methods.js';
import { PyList } from '../object-sequences.js';
import { type Keywords, type Native, NativeFunction, Unknown, type Value } from '../values.js';

/** Thrown where an order is not known; what is in the heap is not known from then on. */
class NoOrder extends Error {
  constructor(readonly unknown: Unknown) {
    super('an order that is not known');
  }
}

class Heap {
  constructor(
    private readonly items: Value[],
    private readonly machine: Machine,
  ) {}
  less(a: Value, b: Value): boolean {
    this.machine.spend(2);
    const result = this.machine.compare('<', a, b);
    const truth = this.machine.truth(result);
    if (truth !== null) return truth;
    throw new NoOrder(
      result instanceof Unknown ? result : this.machine.unknown('an order that is not known'),
    );
  }
  /** Moves an element up to where its parent is not larger. */
  up(at: number): void {
    const { items } = this;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.less(items[at]!, items[parent]!)) return;
      [items[at], items[parent]] = [items[parent]!, items[at]!];
      at = parent;
    }
  }
  /** Moves an element down to where no child is smaller. */
  down(at: number): void {
    const { items } = this;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) return;
      if (child + 1 < items.length && this.less(items[child + 1]!, items[child]!)) child++;
      if (!this.less(items[child]!, items[at]!)) return;
      [items[at], items[child]] = [items[child]!, items[at]!];
      at = child;
    }
  }
  heapify(): null {
    for (let at = (this.items.length >> 1) - 1; at >= 0; at--) this.down(at);
    return null;
  }
  push(item: Value): null {
    this.machine.allocate(1);
    this.items.push(item);
    this.up(this.items.length - 1);
    return null;
  }
  pop(): Value {
    const [first] = this.items;
    const last = this.items.pop();
    if (first === undefined || last === undefined) {
      return this.machine.raise('IndexError', 'index out of range');
    }
    if (this.items.length === 0) return last;
    this.items[0] = last;
    this.down(0);
    return first;
  }
  replace(item: Value): Value {
    const [first] = this.items;
    if (first === undefined) return this.machine.raise('IndexError', 'index out of range');
    this.items[0] = item;
    this.down(0);
    return first;
  }
  pushPop(item: Value): Value {
    const smaller = this.items.length > 0 && this.less(this.items[0]!, item);
    return smaller ? this.replace(item) : item;
  }
}

type Operate = (heap: Heap, item: Value) => Value;

function onHeap(operate: Operate, machine: Machine): Native {
  return ([values = null, item = null]) => {
    if (values instanceof Unknown) return new Unknown(values.stop);
    if (!(values instanceof PyList)) return machine.raise('TypeError', 'heap must be a list');
    try {
      return operate(new Heap(values.items, machine), item);
    } catch (error) {
      if (!(error instanceof NoOrder)) throw error;
      values.items.fill(error.unknown);
      return error.unknown;
    }
  };
}

/** `nsmallest` and `nlargest`, as slices of what is sorted. */
function extremes(largest: boolean, machine: Machine): Native {
  return (args, keywords) => {
    const values = argumentAt(args, keywords, 1, 'iterable') ?? null;
    if (values instanceof Unknown) return new Unknown(values.stop);
    const count = numberArgument(argumentAt(args, keywords, 0, 'n'), 0, machine);
    const key = argumentAt(args, keywords, 2, 'key');
    const options = new Map<string, Value>([['reverse', largest]]);
    if (key !== undefined) options.set('key', key);
    const list = machine.list(collected(values, machine));
    const sorted = machine.call(machine.attribute(list, 'sort'), [], options);
    if (sorted instanceof Unknown) return sorted;
    return machine.list([...(machine.sequence(list) ?? [])].slice(0, Math.max(0, count)));
  };
}

/** Of sorted iterables one sorted list. */
function merged(machine: Machine): Native {
  return (rows, keywords: Keywords) => {
    const unknown = rows.find((row) => row instanceof Unknown);
    if (unknown instanceof Unknown) return new Unknown(unknown.stop);
    const list = machine.list(rows.flatMap((row) => collected(row, machine)));
    const sorted = machine.call(machine.attribute(list, 'sort'), [], keywords);
    return sorted instanceof Unknown ? sorted : list;
  };
}

export function heapqModule(machine: Machine): Map<string, Value> {
  const operations: Record<string, Operate> = {
    heapify: (heap) => heap.heapify(),
    heappush: (heap, item) => heap.push(item),
    heappop: (heap) => heap.pop(),
    heapreplace: (heap, item) => heap.replace(item),
    heappushpop: (heap, item) => heap.pushPop(item),
  };
  const natives: [string, Native][] = [
    ...Object.entries(operations).map(([name, operate]): [string, Native] => [
      name,
      onHeap(operate, machine),
    ]),
    ['nsmallest', extremes(false, machine)],
    ['nlargest', extremes(true, machine)],
    ['merge', merged(machine)],
  ];
  return new Map(natives.map(([name, native]) => [name, new NativeFunction(name, native)]));
}
