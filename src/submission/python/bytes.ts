/**
 * Bytes of the interpreted script, which know what of the token stream they hold.
 */
import { integerOf, PySlice, spanOf, taken } from './object-sequences.js';
import type { Runtime } from './runtime.js';
import { PyObject, Unknown, type Value } from './values.js';

/** Longer ones are not known. */
const LENGTH_MAX = 64 * 2 ** 20;

/**
 * `bytes`, the contents of a file that was read, or with `mutable` a `bytearray`.
 *
 * @param tags by byte, the stream position that the byte belongs to (-1: none); null where none does.
 *   An array made of the bytes gives each element the tag of its first byte.
 */
export class PyBytes extends PyObject {
  constructor(
    public data: Uint8Array,
    public tags: Int32Array | null = null,
    readonly mutable = false,
  ) {
    super();
  }
  get typeName(): string {
    return this.mutable ? 'bytearray' : 'bytes';
  }
  override item(index: Value, runtime: Runtime): Value | undefined {
    if (index instanceof PySlice) {
      const span = spanOf(index, this.data.length, runtime);
      if (span === null) return runtime.unknown('bounds of a slice that are not known');
      runtime.spend(span.count / 8);
      runtime.allocate(span.count / 8 + 8);
      const { start, step, count } = span;
      if (step === 1) {
        const tags = this.tags?.slice(start, start + count) ?? null;
        return new PyBytes(this.data.slice(start, start + count), tags, this.mutable);
      }
      const tags = this.tags === null ? null : Int32Array.from(taken(this.tags, span));
      return new PyBytes(Uint8Array.from(taken(this.data, span)), tags, this.mutable);
    }
    const place = integerOf(index, runtime);
    if (place === null) return index instanceof Unknown ? new Unknown(index.stop) : undefined;
    const value = this.data[place < 0 ? place + this.data.length : place];
    if (value === undefined) runtime.raise('IndexError', 'index out of range');
    return value;
  }
  override setItem(index: Value, value: Value, runtime: Runtime): boolean {
    if (!this.mutable) return false;
    const place = index instanceof PySlice ? null : integerOf(index, runtime);
    if (place === null || typeof value !== 'number') return index instanceof Unknown;
    this.data[place < 0 ? place + this.data.length : place] = value;
    return true;
  }
  override binary(
    operator: string,
    other: Value,
    reflected: boolean,
    runtime: Runtime,
  ): Value | undefined {
    if (operator === '+' && other instanceof PyBytes && !reflected) {
      const length = this.data.length + other.data.length;
      if (!this.#fits(length, runtime)) return runtime.unknown('bytes that are too long');
      const joined = new Uint8Array(length);
      joined.set(this.data);
      joined.set(other.data, this.data.length);
      return new PyBytes(joined, joinedTags(this, other), this.mutable);
    }
    if (operator === '*' && typeof other === 'number') {
      const length = this.data.length * Math.max(0, other);
      if (!this.#fits(length, runtime)) return runtime.unknown('bytes that are too long');
      const repeated = new Uint8Array(length);
      for (let i = 0; i < length; i += this.data.length) repeated.set(this.data, i);
      return new PyBytes(repeated, null, this.mutable);
    }
    return undefined;
  }
  #fits(length: number, runtime: Runtime): boolean {
    if (length > LENGTH_MAX) return false;
    runtime.spend(length / 8);
    runtime.allocate(length / 8 + 8);
    return true;
  }
  override update(operator: string, other: Value, runtime: Runtime): Value | undefined {
    if (!this.mutable) return undefined;
    const result = this.binary(operator, other, false, runtime);
    if (!(result instanceof PyBytes)) return result;
    this.data = result.data;
    this.tags = result.tags;
    return this;
  }
  override truth(): boolean {
    return this.data.length > 0;
  }
  override length(): number {
    return this.data.length;
  }
  override iterate(): Iterable<Value> {
    return this.data;
  }
  override contains(value: Value, runtime: Runtime): boolean | undefined {
    runtime.spend(this.data.length / 8);
    if (typeof value === 'number') return this.data.includes(value);
    if (!(value instanceof PyBytes)) return undefined;
    return Buffer.from(this.data).includes(Buffer.from(value.data));
  }
}

function joinedTags(left: PyBytes, right: PyBytes): Int32Array | null {
  if (left.tags === null && right.tags === null) return null;
  const tags = new Int32Array(left.data.length + right.data.length).fill(-1);
  if (left.tags !== null) tags.set(left.tags);
  if (right.tags !== null) tags.set(right.tags, left.data.length);
  return tags;
}
