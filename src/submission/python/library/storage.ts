/**
 * Elements of arrays: numbers with the stream position that they belong to, losses, and what is not known.
 */
import { numericValue, Ratio, type Scalar, Sum } from '../sums.js';
import { Unknown, type Value } from '../values.js';
import { cast, isFloat } from './dtypes.js';

/** `loss`: an element is its number times the nats of the target at its tag. */
export type ArrayKind = 'plain' | 'loss';

/** An element as the arithmetic of scalars has it. */
export type Element = Scalar | Unknown;

export const NO_TAG = -1;

/** Of a histogram: the targets that the element at a place counts, one for each time. */
export type Tallies = ReadonlyMap<number, readonly number[]>;

export function isElement(value: Value): value is Element | boolean {
  return (
    typeof value === 'number' ||
    typeof value === 'boolean' ||
    value instanceof Sum ||
    value instanceof Ratio ||
    value instanceof Unknown
  );
}

/** One number for all elements, made one by one once they are read or written. */
export interface Even {
  readonly size: number;
  readonly value: number;
  /** Charges the run for the elements. */
  readonly pay: () => void;
}

/** The targets that a count of equal ones is of, each as often as it is counted; null for every other number. */
function targetsOf(value: Sum): number[] | null {
  const counted = value.counted;
  if (counted === null || [...counted.values()].some((times) => !(times >= 1))) return null;
  const tags: number[] = [];
  for (const [target, times] of counted) {
    if (!Number.isInteger(times)) return null;
    for (let i = 0; i < times; i += 1) tags.push(target);
  }
  return tags;
}

/** What arrays and their views share. */
export class Storage {
  #data: Float64Array | Even;
  /** Raised by each write, for what views have gathered. */
  version = 0;
  /** Elements that are no plain number with one tag, by position. */
  cells: Map<number, Element> | null = null;
  /** By position; null where no element counts targets. */
  tallies: Map<number, readonly number[]> | null = null;
  /** Where a loss could not be kept beside other numbers: not tried again. */
  private mixed = false;

  constructor(
    public dtype: string,
    /** Empty where nothing is known. */
    data: Float64Array | Even,
    public tags: Int32Array | null,
    public kind: ArrayKind,
    /** Why no element is known; null where they are. */
    public unknown: Unknown | null = null,
  ) {
    this.#data = data;
  }

  get data(): Float64Array {
    const data = this.#data;
    return data instanceof Float64Array ? data : this.#make(data);
  }
  #make({ size, value, pay }: Even): Float64Array {
    pay();
    const made = new Float64Array(size);
    if (value !== 0) made.fill(value);
    this.#data = made;
    return made;
  }
  /** The number of all elements, where none was read or written yet. */
  get even(): number | null {
    return this.#data instanceof Float64Array ? null : this.#data.value;
  }
  get length(): number {
    const data = this.#data;
    return data instanceof Float64Array ? data.length : data.size;
  }

  /** Some elements may be no plain numbers. */
  get symbolic(): boolean {
    return (
      this.kind === 'loss' || this.unknown !== null || (this.cells !== null && this.cells.size > 0)
    );
  }

  read(position: number): Element {
    if (this.unknown !== null) return this.unknown;
    const cell = this.cells?.get(position);
    if (cell !== undefined) return cell;
    const value = this.data[position] ?? 0;
    const tag = this.tags?.[position] ?? NO_TAG;
    const type = { dtype: this.dtype, running: null };
    if (this.kind === 'loss') {
      return value === 0 ? 0 : new Sum('loss', new Map([[tag, value]]), 0, type);
    }
    return tag === NO_TAG ? value : new Sum('count', new Map([[tag, value]]), 0, type);
  }

  write(position: number, element: Element | boolean): void {
    this.version += 1;
    if (this.unknown !== null) return;
    this.cells?.delete(position);
    this.tallies?.delete(position);
    const value = typeof element === 'boolean' ? Number(element) : element;
    if (value instanceof Sum && value.kind === 'loss') this.writeLoss(position, value);
    else if (value instanceof Unknown || value instanceof Ratio) this.writeCell(position, value);
    else if (this.kind === 'loss' && value !== 0) this.writeCell(position, value);
    else if (value instanceof Sum && value.tag === null && value.value !== 0)
      this.writeCell(position, value);
    else {
      this.writeNumber(position, numericValue(value) ?? 0, value instanceof Sum ? value.tag : null);
      const tags = value instanceof Sum ? targetsOf(value) : null;
      if (tags !== null) {
        this.tallies ??= new Map();
        this.tallies.set(position, tags);
      }
    }
  }

  private writeNumber(position: number, value: number, tag: number | null): void {
    this.data[position] = this.kind === 'loss' ? value : cast(value, this.dtype);
    if (tag !== null) this.needTags()[position] = tag;
    else if (this.tags !== null) this.tags[position] = NO_TAG;
  }

  private writeLoss(position: number, value: Sum): void {
    if (!isFloat(this.dtype)) this.dtype = 'float32';
    const tag = value.tag;
    if (tag === null || value.constant !== 0 || value.over !== null || !this.becomeLoss()) {
      this.writeCell(position, value.as(this.dtype));
      return;
    }
    this.data[position] = value.terms.get(tag) ?? 0;
    this.needTags()[position] = tag;
  }

  private writeCell(position: number, value: Element): void {
    this.cells ??= new Map();
    this.cells.set(position, value instanceof Sum ? value.as(this.dtype) : value);
  }

  /** Zeros may stand beside losses; other numbers may not. */
  becomeLoss(): boolean {
    if (this.kind === 'loss') return true;
    if (this.mixed || this.data.some((value) => value !== 0)) {
      this.mixed = true;
      return false;
    }
    this.kind = 'loss';
    this.tags?.fill(NO_TAG);
    return true;
  }

  needTags(): Int32Array {
    this.tags ??= new Int32Array(this.data.length).fill(NO_TAG);
    return this.tags;
  }

  /** All elements are unknown from here on. */
  forget(reason: Unknown): void {
    this.version += 1;
    this.unknown = reason;
    this.#data = new Float64Array(0);
    this.tags = null;
    this.cells = null;
    this.tallies = null;
  }
}
