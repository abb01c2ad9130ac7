/**
 * Lists, tuples, ranges and slices.
 */

import { lookedUp } from './belonging.js';
import type { Runtime } from './runtime.js';
import { NativeFunction, PyObject, Unknown, type Value } from './values.js';

/** Longer lists are not known. */
const LENGTH_MAX = 4_000_000;

export class PySlice extends PyObject {
  readonly typeName = 'slice';
  constructor(
    readonly start: Value,
    readonly stop: Value,
    readonly step: Value,
  ) {
    super();
  }
  override attribute(name: string, runtime: Runtime): Value | undefined {
    if (name === 'indices') {
      return new NativeFunction(name, ([length = null]) => {
        const size = integerOf(length, runtime);
        const span = size === null ? null : spanOf(this, size, runtime);
        if (span === null) return runtime.unknown('the bounds of a slice that are not known');
        return runtime.tuple([span.start, span.stop, span.step]);
      });
    }
    return name === 'start' || name === 'stop' || name === 'step' ? this[name] : undefined;
  }
}

interface Span {
  readonly start: number;
  readonly stop: number;
  readonly step: number;
  readonly count: number;
}

/** Places that a slice takes of `length` elements; null where a bound is not known. */
export function spanOf(slice: PySlice, length: number, runtime: Runtime): Span | null {
  const step = slice.step === null ? 1 : integerOf(slice.step, runtime);
  const start = slice.start === null ? undefined : integerOf(slice.start, runtime);
  const stop = slice.stop === null ? undefined : integerOf(slice.stop, runtime);
  if (step === null || start === null || stop === null) return null;
  if (step === 0) runtime.raise('ValueError', 'slice step cannot be zero');
  const low = step > 0 ? 0 : -1;
  const high = step > 0 ? length : length - 1;
  const place = (bound: number) => clamp(bound < 0 ? bound + length : bound, low, high);
  const from = start === undefined ? (step > 0 ? low : high) : place(start);
  const to = stop === undefined ? (step > 0 ? high : low) : place(stop);
  return { start: from, stop: to, step, count: Math.max(0, Math.ceil((to - from) / step)) };
}

/** The integer that an index stands for; null where it is not known. */
export function integerOf(value: Value, runtime: Runtime): number | null {
  if (typeof value === 'number') return Math.trunc(value);
  if (typeof value === 'boolean') return Number(value);
  if (value instanceof PyObject && !(value instanceof Unknown)) {
    const index = runtime.attribute(value, '__index__');
    const result = runtime.call(index, []);
    return typeof result === 'number' ? result : null;
  }
  if (value === null || typeof value === 'string') {
    runtime.raise('TypeError', 'an index must be an integer');
  }
  return null;
}

/** Elements that a slice takes. */
export function taken<T>(items: ArrayLike<T>, { start, step, count }: Span): T[] {
  const result: T[] = new Array(count);
  for (let i = 0, at = start; i < count; i++, at += step) result[i] = items[at]!;
  return result;
}

abstract class Sequence extends PyObject {
  abstract readonly items: readonly Value[];
  protected abstract like(items: Value[]): Value;

  /** This one and what follows it. */
  protected joined(others: readonly Value[], runtime: Runtime): Value {
    const length = this.items.length + others.length;
    if (length > LENGTH_MAX) return runtime.unknown('a sequence that is too long');
    runtime.spend(length);
    runtime.allocate(length + 16);
    return this.like(this.items.concat(others));
  }
  override item(index: Value, runtime: Runtime): Value | undefined {
    if (typeof index === 'number') {
      const value = this.items[index < 0 ? index + this.items.length : index];
      return value === undefined ? this.outside(runtime) : value;
    }
    if (index instanceof PySlice) {
      const span = spanOf(index, this.items.length, runtime);
      if (span === null) return runtime.unknown('bounds of a slice that are not known');
      const limit = index.stop;
      const behind = index.stop === null && typeof index.start === 'number' ? -index.start : 0;
      if (behind > this.items.length) {
        runtime.host.limited?.(behind, this.items.length, false, runtime);
      }
      if (!index.start && typeof limit === 'number' && limit > this.items.length) {
        runtime.host.limited?.(limit, this.items.length, index.start === null, runtime);
      }
      runtime.spend(span.count);
      runtime.allocate(span.count + 16);
      return this.like(taken(this.items, span));
    }
    const place = integerOf(index, runtime);
    if (place === null) return index instanceof Unknown ? new Unknown(index.stop) : undefined;
    return lookedUp(this.item(place, runtime) ?? null, index);
  }
  private outside(runtime: Runtime): never {
    return runtime.raise('IndexError', `${this.typeName} index out of range`);
  }
  override binary(
    operator: string,
    other: Value,
    _reflected: boolean,
    runtime: Runtime,
  ): Value | undefined {
    if (operator !== '*') return undefined;
    const times = typeof other === 'boolean' ? Number(other) : other;
    if (typeof times !== 'number') return undefined;
    const length = Math.max(0, times) * this.items.length;
    if (length > LENGTH_MAX) return runtime.unknown('a sequence that is too long');
    runtime.spend(length);
    runtime.allocate(length + 16);
    const items: Value[] = [];
    for (let i = 0; i < times; i++) for (const item of this.items) items.push(item);
    return this.like(items);
  }
  override truth(): boolean {
    return this.items.length > 0;
  }
  override iterate(): Iterable<Value> {
    return this.items;
  }
  override length(): number {
    return this.items.length;
  }
  override contains(value: Value, runtime: Runtime): boolean | undefined {
    return containsValue(this.items, value, runtime);
  }
}

/** Undefined where it is not known. */
function containsValue(
  items: readonly Value[],
  value: Value,
  runtime: Runtime,
): boolean | undefined {
  runtime.spend(items.length);
  let known = true;
  for (const item of items) {
    const same = runtime.equal(item, value);
    if (same) return true;
    known &&= same !== null;
  }
  return known ? false : undefined;
}

export class PyList extends Sequence {
  readonly typeName = 'list';
  constructor(readonly items: Value[]) {
    super();
  }
  protected like(items: Value[]): Value {
    return new PyList(items);
  }
  override setItem(index: Value, value: Value, runtime: Runtime): boolean {
    if (index instanceof PySlice) return this.#setSlice(index, value, runtime);
    const place = integerOf(index, runtime);
    if (place === null) return this.#forget(index);
    const at = place < 0 ? place + this.items.length : place;
    if (at < 0 || at >= this.items.length) {
      runtime.raise('IndexError', 'list assignment index out of range');
    }
    this.items[at] = value;
    return true;
  }
  /** An element, which one is not known, was replaced: none is known any more. */
  #forget(index: Value): boolean {
    if (index instanceof Unknown) this.items.fill(new Unknown(index.stop));
    return index instanceof Unknown;
  }
  #setSlice(slice: PySlice, value: Value, runtime: Runtime): boolean {
    const span = spanOf(slice, this.items.length, runtime);
    if (span === null || value instanceof Unknown) {
      this.items.fill(runtime.unknown('a part of a list that is not known'));
      return true;
    }
    const given = [...runtime.iterate(value)];
    runtime.spend(this.items.length + given.length);
    runtime.allocate(given.length);
    if (span.step === 1) {
      const after = this.items.slice(span.start + span.count);
      this.items.length = span.start;
      for (const item of given) this.items.push(item);
      for (const item of after) this.items.push(item);
      return true;
    }
    if (given.length !== span.count) {
      runtime.raise('ValueError', 'a slice of another length was assigned');
    }
    for (const [i, item] of given.entries()) this.items[span.start + i * span.step] = item;
    return true;
  }
  override binary(
    operator: string,
    other: Value,
    reflected: boolean,
    runtime: Runtime,
  ): Value | undefined {
    if (operator !== '+') return super.binary(operator, other, reflected, runtime);
    if (!(other instanceof PyList) || reflected) return undefined;
    return this.joined(other.items, runtime);
  }
  override update(operator: string, other: Value, runtime: Runtime): Value | undefined {
    if (operator === '+') return this.extend(other, runtime);
    if (operator !== '*') return undefined;
    const product = this.binary('*', other, false, runtime);
    if (!(product instanceof PyList)) return product;
    this.items.length = 0;
    for (const item of product.items) this.items.push(item);
    return this;
  }
  extend(other: Value, runtime: Runtime): Value {
    if (other instanceof Unknown) return new Unknown(other.stop);
    // A list may be extended by itself.
    const added = other instanceof PyList ? other.items.slice() : runtime.iterate(other);
    for (const item of added) {
      runtime.spend(1);
      runtime.allocate(1);
      this.items.push(item);
    }
    this.settle();
    return this;
  }
  /** Called after elements were added at its end. */
  settle(): void {}
}

export class PyTuple extends Sequence {
  readonly typeName: string;
  /**
   * @param names of the elements, where it is a named tuple
   */
  constructor(
    readonly items: readonly Value[],
    readonly names: readonly string[] | null = null,
    typeName = 'tuple',
  ) {
    super();
    this.typeName = typeName;
  }
  protected like(items: Value[]): Value {
    return new PyTuple(items);
  }
  override attribute(name: string): Value | undefined {
    return this.names === null ? undefined : this.items[this.names.indexOf(name)];
  }
  override binary(
    operator: string,
    other: Value,
    reflected: boolean,
    runtime: Runtime,
  ): Value | undefined {
    if (operator !== '+') return super.binary(operator, other, reflected, runtime);
    if (!(other instanceof PyTuple) || reflected) return undefined;
    return this.joined(other.items, runtime);
  }
}

export class PyRange extends PyObject {
  readonly typeName = 'range';
  readonly count: number;
  constructor(
    readonly start: number,
    readonly stop: number,
    readonly step: number,
  ) {
    super();
    this.count = Math.max(0, Math.ceil((stop - start) / step));
  }
  override attribute(name: string): Value | undefined {
    return name === 'start' || name === 'stop' || name === 'step' ? this[name] : undefined;
  }
  override item(index: Value, runtime: Runtime): Value | undefined {
    if (index instanceof PySlice) {
      const span = spanOf(index, this.count, runtime);
      if (span === null) return runtime.unknown('bounds of a slice that are not known');
      const start = this.start + span.start * this.step;
      const step = span.step * this.step;
      return new PyRange(start, start + span.count * step, step);
    }
    const place = integerOf(index, runtime);
    if (place === null) return index instanceof Unknown ? new Unknown(index.stop) : undefined;
    const at = place < 0 ? place + this.count : place;
    if (at < 0 || at >= this.count) {
      runtime.raise('IndexError', 'range object index out of range');
    }
    return this.start + at * this.step;
  }
  override truth(): boolean {
    return this.count > 0;
  }
  override length(): number {
    return this.count;
  }
  override *iterate(): Iterable<Value> {
    for (let i = 0; i < this.count; i++) yield this.start + i * this.step;
  }
  override contains(value: Value): boolean {
    const number = typeof value === 'boolean' ? Number(value) : value;
    if (typeof number !== 'number') return false;
    const place = (number - this.start) / this.step;
    return Number.isInteger(place) && place >= 0 && place < this.count;
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}
