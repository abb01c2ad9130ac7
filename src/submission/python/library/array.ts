/**
 * Arrays of torch, numpy and what follows them, whose elements know the target that they belong to.
 */
import { apart } from '../added.js';
import type { Runtime } from '../runtime.js';
import { type Keywords, PyObject, type Unknown, type Value } from '../values.js';
import type { Library } from './dtypes.js';
import { type Shape, sizeOf } from './shapes.js';
import {
  type ArrayKind,
  type Element,
  type Even,
  NO_TAG,
  Storage,
  type Tallies,
} from './storage.js';

/** What arrays answer the interpreter; filled in by `protocol.ts`, whose functions make arrays themselves. */
interface ArrayProtocol {
  attribute(self: NdArray, name: string, runtime: Runtime): Value | undefined;
  item(self: NdArray, index: Value, runtime: Runtime): Value | undefined;
  setItem(self: NdArray, index: Value, value: Value, runtime: Runtime): boolean;
  binary(
    self: NdArray,
    operator: string,
    other: Value,
    reflected: boolean,
    runtime: Runtime,
  ): Value | undefined;
  update(self: NdArray, operator: string, other: Value, runtime: Runtime): Value | undefined;
  unary(self: NdArray, operator: string, runtime: Runtime): Value | undefined;
  truth(self: NdArray, runtime: Runtime): boolean | null;
  iterate(self: NdArray, runtime: Runtime): Iterable<Value>;
  contains(self: NdArray, value: Value, runtime: Runtime): boolean | undefined;
}

let protocol: ArrayProtocol | null = null;

export function setArrayProtocol(answers: ArrayProtocol): void {
  protocol = answers;
}

/** A view has the positions of its elements in the storage of the array that it shows. */
export class NdArray extends PyObject {
  readonly storage: Storage;
  /** Logits or log-probabilities taken at the targets: a normaliser, known to nobody here, may be due. */
  gathered = false;
  /** Made of what was gathered, with a part of the normaliser or none: another may follow. */
  normalised = false;
  /** Of a mean loss that a model gave: the losses that it may have given instead, one for each target. */
  perTarget: NdArray | null = null;
  /** Shape that was flattened, for a reshape to sizes that only the model knows. */
  flatFrom: Shape | null = null;
  private readonly map: Int32Array | null;
  private last: { version: number; position: number } | null = null;
  private cache: { version: number; data: Float64Array; tags: Int32Array | null } | null = null;

  /**
   * @param data elements in C order: numbers, or for kind `loss` the coefficients
   * @param tags stream positions that the elements belong to, −1 for none; null where none has one
   */
  constructor(
    readonly shape: Shape,
    dtype: string,
    data: Float64Array | Even,
    tags: Int32Array | null = null,
    kind: ArrayKind = 'plain',
    readonly library: Library = 'torch',
    view: { storage: Storage; map: Int32Array | null } | null = null,
  ) {
    super();
    this.storage = view?.storage ?? new Storage(dtype, data, tags, kind);
    this.map = view?.map ?? null;
  }

  static zeros(shape: Shape, dtype: string, library: Library): NdArray {
    return new NdArray(shape, dtype, new Float64Array(sizeOf(shape)), null, 'plain', library);
  }
  /** The shape is known, the elements are not. */
  static unknown(shape: Shape, dtype: string, reason: Unknown, library: Library): NdArray {
    const array = new NdArray(shape, dtype, new Float64Array(0), null, 'plain', library);
    array.storage.unknown = reason;
    return array;
  }
  static of(
    elements: readonly (Element | boolean)[],
    shape: Shape,
    dtype: string,
    library: Library,
  ): NdArray {
    const array = NdArray.zeros(shape, dtype, library);
    for (const [i, element] of elements.entries()) array.storage.write(i, element);
    return array;
  }
  /** The elements at `positions` of this array, in another shape; writes go to both. Null: all, in order. */
  view(shape: Shape, positions: Int32Array | null): NdArray {
    const own = this.map;
    const map =
      positions === null ? own : own === null ? positions : positions.map((p) => own[p] ?? 0);
    const storage = this.storage;
    return new NdArray(shape, '', EMPTY, null, 'plain', this.library, { storage, map });
  }
  copy(library: Library = this.library): NdArray {
    const { shape, dtype, kind } = this;
    const array = new NdArray(
      shape,
      dtype,
      this.data.slice(),
      this.tags?.slice() ?? null,
      kind,
      library,
    );
    array.storage.unknown = this.unknown;
    const cells = this.cells;
    if (cells !== null) array.storage.cells = new Map(cells);
    return array.like(this);
  }
  /** With the marks of another array of the same elements. */
  like(other: NdArray): this {
    this.gathered = other.gathered;
    this.normalised = other.normalised;
    this.flatFrom = other.flatFrom;
    this.perTarget = other.perTarget;
    if (other.tallies !== null) this.tallies = other.tallies;
    return this;
  }

  get typeName(): string {
    return this.library === 'torch' ? 'Tensor' : this.library === 'numpy' ? 'ndarray' : 'array';
  }
  get dtype(): string {
    return this.storage.dtype;
  }
  get kind(): ArrayKind {
    return this.storage.kind;
  }
  get size(): number {
    return sizeOf(this.shape);
  }
  get unknown(): Unknown | null {
    return this.storage.unknown;
  }
  get symbolic(): boolean {
    return this.storage.symbolic;
  }
  get data(): Float64Array {
    return this.gather().data;
  }
  get tags(): Int32Array | null {
    return this.gather().tags;
  }
  /** Elements that are no plain numbers, by index in C order. */
  get cells(): Map<number, Element> | null {
    const { cells } = this.storage;
    if (cells === null || cells.size === 0 || this.map === null) return cells;
    const own = new Map<number, Element>();
    for (const [i, position] of this.map.entries()) {
      const cell = cells.get(position);
      if (cell !== undefined) own.set(i, cell);
    }
    return own;
  }
  /** Targets that elements count, by index in C order; null where none does. */
  get tallies(): Tallies | null {
    const { tallies } = this.storage;
    if (tallies === null || tallies.size === 0) return null;
    if (this.map === null) return tallies;
    const own = new Map<number, readonly number[]>();
    for (const [i, position] of this.map.entries()) {
      const tags = tallies.get(position);
      if (tags !== undefined) own.set(i, tags);
    }
    return own.size === 0 ? null : own;
  }
  set tallies(given: Tallies | null) {
    this.storage.tallies ??= given === null ? null : new Map();
    for (const [i, tags] of given ?? []) this.storage.tallies!.set(this.map?.[i] ?? i, tags);
  }
  private gather(): { data: Float64Array; tags: Int32Array | null } {
    const { storage, map } = this;
    if (map === null || storage.unknown !== null) return storage;
    if (this.cache === null || this.cache.version !== storage.version) {
      const { data, tags, version } = storage;
      this.cache = {
        version,
        data: Float64Array.from(map, (position) => data[position] ?? 0),
        tags: tags === null ? null : Int32Array.from(map, (position) => tags[position] ?? NO_TAG),
      };
    }
    return this.cache;
  }
  /** All elements of the storage, in order. */
  get contiguous(): boolean {
    return this.map === null;
  }
  /** Some element belongs to the stream. */
  get tagged(): boolean {
    return this.unknown === null && this.lastTag() !== NO_TAG;
  }
  element(i: number): Element {
    return this.storage.read(this.map?.[i] ?? i);
  }
  write(i: number, element: Element | boolean): void {
    this.storage.write(this.map?.[i] ?? i, element);
  }

  override attribute(name: string, runtime: Runtime): Value | undefined {
    return protocol?.attribute(this, name, runtime);
  }
  override setAttribute(): boolean {
    return true;
  }
  override item(index: Value, runtime: Runtime): Value | undefined {
    return protocol?.item(this, index, runtime);
  }
  override setItem(index: Value, value: Value, runtime: Runtime): boolean {
    return protocol?.setItem(this, index, value, runtime) ?? false;
  }
  override binary(operator: string, other: Value, reflected: boolean, runtime: Runtime) {
    return protocol?.binary(this, operator, other, reflected, runtime);
  }
  override update(operator: string, other: Value, runtime: Runtime): Value | undefined {
    return protocol?.update(this, operator, other, runtime);
  }
  override unary(operator: string, runtime: Runtime): Value | undefined {
    return protocol?.unary(this, operator, runtime);
  }
  override truth(runtime: Runtime): boolean | null {
    return protocol?.truth(this, runtime) ?? null;
  }
  override iterate(runtime: Runtime): Iterable<Value> | undefined {
    return protocol?.iterate(this, runtime);
  }
  /** A model that gives its logits beside the loss: which of them is the loss is for the script to know. */
  override unpack(count: number): readonly Value[] | undefined {
    const ofModel = this.perTarget !== null && this.shape.length === 0;
    return ofModel ? Array.from({ length: count }, () => this) : undefined;
  }
  override length(): number | undefined {
    return this.shape[0];
  }
  override contains(value: Value, runtime: Runtime): boolean | undefined {
    return protocol?.contains(this, value, runtime);
  }
  override lastId(): number | undefined {
    if (this.unknown !== null) return this.unknown.lastId();
    let last = this.lastTag();
    for (const cell of this.cells?.values() ?? []) {
      const own = cell instanceof PyObject ? cell.lastId() : undefined;
      if (own !== undefined) last = Math.max(last, own);
    }
    return last === NO_TAG ? undefined : last;
  }
  /** The last stream position of the tags, which is asked for at each call of a model. */
  private lastTag(): number {
    const { version } = this.storage;
    if (this.last?.version !== version) {
      let position = NO_TAG;
      for (const tag of this.tags ?? []) position = Math.max(position, apart(tag).position);
      this.last = { version, position };
    }
    return this.last.position;
  }
}

const EMPTY = new Float64Array(0);

/** A function of the library, or a method with the array as its first argument. */
export type Operation = (args: readonly Value[], keywords: Keywords, runtime: Runtime) => Value;
