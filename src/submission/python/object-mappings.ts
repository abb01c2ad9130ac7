/**
 * Dictionaries and sets, in the order of insertion.
 */

import { countedAs, isMany, ofKey, placeOf, Tally } from './counted.js';
import { type Key, keyOf } from './keys.js';
import type { Runtime } from './runtime.js';
import { type Keywords, PyObject, Unknown, type Value } from './values.js';

/** Memory of one entry, in units of 8 bytes. */
const ENTRY_UNITS = 24;
/** Memory of one token that is counted, in units of 8 bytes. */
const TALLY_UNITS = 2;

export class PyDict extends PyObject {
  readonly typeName: string = 'dict';
  readonly entries = new Map<Key, [Value, Value]>();
  /** What a missing key is set to, as in `defaultdict`; null: a `KeyError`. */
  factory: Value = null;
  /** Some key was set that is not known: what else it has is known, what it lacks is not. */
  blurred: Unknown | null = null;
  /** Of which targets the numbers are that grew one by one. */
  private readonly tallies = new Map<Key, Tally>();

  get(key: Value, runtime: Runtime): Value | undefined {
    return this.entries.get(keyOf(key, runtime))?.[1];
  }
  set(key: Value, value: Value, runtime: Runtime): void {
    if (key instanceof Unknown) {
      this.blurred = key;
      return;
    }
    const hashed = keyOf(key, runtime);
    const entry = this.entries.get(hashed);
    const tallied = this.tally(hashed, key, entry?.[1], value, runtime);
    const kept = tallied && isMany(value) ? value.value : value;
    if (entry === undefined) {
      runtime.allocate(ENTRY_UNITS);
      this.entries.set(hashed, [key, kept]);
    } else entry[1] = kept;
  }
  /** True where it is known of which targets the number is. */
  private tally(
    hashed: Key,
    key: Value,
    before: Value | undefined,
    value: Value,
    runtime: Runtime,
  ): boolean {
    const known = this.tallies.get(hashed);
    if (known === undefined && placeOf(key) === null) return false;
    const tally = known ?? new Tally();
    const grown = tally.grow(key, before, value);
    if (!grown) this.tallies.delete(hashed);
    else if (known === undefined) this.tallies.set(hashed, tally);
    runtime.allocate(TALLY_UNITS);
    return grown;
  }
  delete(key: Value, runtime: Runtime): Value | undefined {
    const hashed = keyOf(key, runtime);
    const entry = this.entries.get(hashed);
    this.entries.delete(hashed);
    this.tallies.delete(hashed);
    return entry?.[1];
  }
  clear(): void {
    this.entries.clear();
    this.tallies.clear();
  }
  /** Keys with what they have; of a count, which targets it is of. */
  *pairs(): Generator<[Value, Value]> {
    for (const [hashed, [key, value]] of this.entries) {
      yield [key, countedAs(key, value, this.tallies.get(hashed))];
    }
  }
  /** What a key has for the token that it is looked up for; all that is counted where that is none, or the key itself. */
  lookup(index: Value, runtime: Runtime): Value | undefined {
    const hashed = keyOf(index, runtime);
    const entry = this.entries.get(hashed);
    if (entry === undefined) return undefined;
    const [key, value] = entry;
    const place = placeOf(index);
    const whole = place === null || place === placeOf(key);
    return whole
      ? ofKey(countedAs(index, value, this.tallies.get(hashed)), index)
      : ofKey(value, index);
  }
  *keys(): Generator<Value> {
    for (const [key] of this.entries.values()) yield key;
  }
  override item(index: Value, runtime: Runtime): Value | undefined {
    if (index instanceof Unknown) return new Unknown(index.stop);
    const value = this.lookup(index, runtime);
    if (value !== undefined) return value;
    if (this.blurred !== null) return new Unknown(this.blurred.stop);
    if (this.factory === null)
      return runtime.raise('KeyError', runtime.text(index, true) ?? '', index);
    const made = runtime.call(this.factory, []);
    this.set(index, made, runtime);
    return ofKey(made, index);
  }
  override setItem(index: Value, value: Value, runtime: Runtime): boolean {
    this.set(index, value, runtime);
    return true;
  }
  override binary(
    operator: string,
    other: Value,
    reflected: boolean,
    runtime: Runtime,
  ): Value | undefined {
    if (operator !== '|' || !(other instanceof PyDict) || reflected) return undefined;
    const result = this.copy(runtime);
    result.absorb(other, runtime);
    return result;
  }
  override update(operator: string, other: Value, runtime: Runtime): Value | undefined {
    if (operator !== '|' || !(other instanceof PyDict)) return undefined;
    this.absorb(other, runtime);
    return this;
  }
  /** What `dict(x)` or `update(x)` takes. */
  merge(given: Value | undefined, keywords: Keywords, runtime: Runtime): void {
    if (given instanceof Unknown) this.blurred = given;
    else if (given instanceof PyDict) this.absorb(given, runtime);
    else if (given !== undefined) {
      for (const pair of runtime.iterate(given)) {
        runtime.spend(2);
        if (pair instanceof Unknown) {
          this.blurred = pair;
          continue;
        }
        const [key, value] = [...runtime.iterate(pair)];
        if (key === undefined || value === undefined) {
          runtime.raise('ValueError', 'a pair of key and value is expected');
        } else this.set(key, value, runtime);
      }
    }
    for (const [key, value] of keywords) this.set(key, value, runtime);
  }
  absorb(other: PyDict, runtime: Runtime): void {
    runtime.spend(other.entries.size);
    for (const [hashed, [key, value]] of other.entries) {
      this.set(key, value, runtime);
      const tally = other.tallies.get(hashed);
      if (tally === undefined) this.tallies.delete(hashed);
      else this.tallies.set(hashed, tally.copy());
    }
    this.blurred ??= other.blurred;
  }
  copy(runtime: Runtime): PyDict {
    const result = new PyDict();
    result.factory = this.factory;
    result.absorb(this, runtime);
    return result;
  }
  override truth(): boolean | null {
    return this.entries.size > 0 || (this.blurred === null ? false : null);
  }
  override length(): number | undefined {
    return this.blurred === null ? this.entries.size : undefined;
  }
  override iterate(): Iterable<Value> {
    return this.keys();
  }
  override contains(value: Value, runtime: Runtime): boolean | undefined {
    if (value instanceof Unknown) return undefined;
    if (this.entries.has(keyOf(value, runtime))) return true;
    return this.blurred === null ? false : undefined;
  }
}

export class PySet extends PyObject {
  readonly members = new Map<Key, Value>();
  /** Some member is not known. */
  blurred: Unknown | null = null;

  constructor(readonly frozen = false) {
    super();
  }
  get typeName(): string {
    return this.frozen ? 'frozenset' : 'set';
  }
  add(value: Value, runtime: Runtime): void {
    if (value instanceof Unknown) {
      this.blurred = value;
      return;
    }
    const key = keyOf(value, runtime);
    if (this.members.has(key)) return;
    runtime.allocate(ENTRY_UNITS);
    this.members.set(key, value);
  }
  addAll(values: Iterable<Value>, runtime: Runtime): this {
    for (const value of values) {
      runtime.spend(1);
      this.add(value, runtime);
    }
    if (values instanceof PySet) this.blurred ??= values.blurred;
    return this;
  }
  has(value: Value, runtime: Runtime): boolean {
    return this.members.has(keyOf(value, runtime));
  }
  delete(value: Value, runtime: Runtime): boolean {
    return this.members.delete(keyOf(value, runtime));
  }
  override binary(
    operator: string,
    other: Value,
    reflected: boolean,
    runtime: Runtime,
  ): Value | undefined {
    if (!(other instanceof PySet) || reflected || !/^[|&^-]$/.test(operator)) return undefined;
    return this.combined(operator, other, runtime);
  }
  combined(operator: string, other: PySet, runtime: Runtime): PySet {
    const result = new PySet(this.frozen);
    result.blurred = this.blurred ?? other.blurred;
    runtime.spend(this.members.size + other.members.size);
    for (const [key, value] of this.members) {
      const shared = other.members.has(key);
      if (operator === '|' || shared === (operator === '&')) result.add(value, runtime);
    }
    if (operator === '|' || operator === '^') {
      for (const [key, value] of other.members) {
        if (!this.members.has(key)) result.add(value, runtime);
      }
    }
    return result;
  }
  override update(operator: string, other: Value, runtime: Runtime): Value | undefined {
    if (this.frozen || !(other instanceof PySet)) return undefined;
    if (!/^[|&^-]$/.test(operator)) return undefined;
    this.become(this.combined(operator, other, runtime));
    return this;
  }
  /** Takes the members of another set in place of its own. */
  become(other: PySet): void {
    this.members.clear();
    for (const [key, value] of other.members) this.members.set(key, value);
    this.blurred = other.blurred;
  }
  override truth(): boolean | null {
    return this.members.size > 0 || (this.blurred === null ? false : null);
  }
  override length(): number | undefined {
    return this.blurred === null ? this.members.size : undefined;
  }
  override iterate(): Iterable<Value> {
    return this.members.values();
  }
  override contains(value: Value, runtime: Runtime): boolean | undefined {
    if (value instanceof Unknown) return undefined;
    if (this.has(value, runtime)) return true;
    return this.blurred === null ? false : undefined;
  }
}
