/**
 * Indexes of arrays: integers, slices, masks, arrays of integers, `...` and `None`.
 */
import { PySlice, spanOf } from '../object-sequences.js';
import type { Runtime } from '../runtime.js';
import { numericValue, Sum } from '../sums.js';
import { PyObject, stopWith, Unknown, type Value } from '../values.js';
import { NdArray } from './array.js';
import { asArray, tooLarge } from './convert.js';
import { isFloat } from './dtypes.js';
import { unknownItem } from './losses.js';
import { broadcastShapes, positions, type Shape, sizeOf, spread, stridesOf } from './shapes.js';
import { NO_TAG } from './storage.js';

const NONE = new Int32Array(0);

/** Which elements an index takes; of what is not known only the shape. */
interface Selection {
  readonly shape: Shape;
  readonly positions: Int32Array;
  /** Tags of the integers that took them, element by element; null where they have none. */
  readonly tags: Int32Array | null;
  /** Taken by arrays: a copy rather than a view. */
  readonly copied: boolean;
}

/** An axis that a slice, an integer, or `None` gives. */
interface Basic {
  readonly kind: 'basic';
  /** Null: the axis is gone. */
  readonly size: number | null;
  readonly step: number;
  readonly offset: number;
}

interface Advanced {
  readonly kind: 'advanced';
  readonly array: NdArray;
  readonly stride: number;
  readonly length: number;
}

type Part = Basic | Advanced;

const isEllipsis = (value: Value): boolean =>
  value instanceof PyObject && value.typeName.toLowerCase() === 'ellipsis';

/** Null where a part of the index is not known. */
export function select(array: NdArray, index: Value, runtime: Runtime): Selection | null {
  const parts = partsOf(array, index, runtime);
  if (parts === null) return null;
  if (parts.every((part) => part.kind === 'basic')) return viewed(array, parts, runtime);
  const offset = parts.reduce((sum, part) => sum + (part.kind === 'basic' ? part.offset : 0), 0);
  const advanced = parts.filter((part) => part.kind === 'advanced');
  const first = parts.findIndex((part) => part.kind === 'advanced');
  const last = parts.findLastIndex((part) => part.kind === 'advanced');
  const together = parts.slice(first, last + 1).every((part) => part.kind === 'advanced');
  const axes = (from: Part[]) =>
    from.flatMap((part) =>
      part.kind === 'basic' && part.size !== null ? [{ ...part, size: part.size }] : [],
    );
  const before = axes(together ? parts.slice(0, Math.max(first, 0)) : []);
  const after = axes(first < 0 ? parts : together ? parts.slice(last + 1) : parts);
  const own = gathered(advanced, runtime);
  if (own === null) return null;
  const shape = [...before.map(({ size }) => size), ...own.shape, ...after.map(({ size }) => size)];
  const size = sizeOf(shape);
  if (array.unknown === null && tooLarge(size, runtime) !== null) return null;
  if (array.unknown !== null) return { shape, positions: NONE, tags: null, copied: true };
  const [outer, inner] = [before, after].map((each) =>
    positions(
      each.map(({ size }) => size),
      each.map(({ step }) => step),
      0,
    ),
  ) as [Int32Array, Int32Array];
  const all = new Int32Array(sizeOf(shape));
  const tags = own.tags === null ? null : new Int32Array(all.length);
  let at = 0;
  for (const base of outer) {
    for (let k = 0; k < own.offsets.length; k += 1) {
      for (const rest of inner) {
        all[at] = offset + base + own.offsets[k]! + rest;
        if (tags !== null) tags[at] = own.tags![k]!;
        at += 1;
      }
    }
  }
  return { shape, positions: all, tags, copied: advanced.length > 0 };
}

/** What slices, integers and `None` take, which are most indexes. */
function viewed(array: NdArray, parts: readonly Basic[], runtime: Runtime): Selection | null {
  const [shape, steps]: [number[], number[]] = [[], []];
  let offset = 0;
  for (const part of parts) {
    offset += part.offset;
    if (part.size === null) continue;
    shape.push(part.size);
    steps.push(part.step);
  }
  if (array.unknown !== null) return { shape, positions: NONE, tags: null, copied: true };
  if (tooLarge(sizeOf(shape), runtime) !== null) return null;
  return { shape, positions: positions(shape, steps, offset), tags: null, copied: false };
}

/** Parts for each axis in order, those that the index leaves out taken whole. */
function partsOf(array: NdArray, index: Value, runtime: Runtime): Part[] | null {
  const items = isTuple(index) ? [...runtime.sequence(index)!] : [index];
  const prepared: (Value | NdArray)[] = [];
  for (const item of items) {
    const each = asIndex(item, array, runtime);
    if (each === undefined) return null;
    prepared.push(each);
  }
  const used = prepared.reduce<number>((sum, each) => {
    if (each === null || isEllipsis(each)) return sum;
    return sum + (each instanceof NdArray && each.dtype === 'bool' ? each.shape.length : 1);
  }, 0);
  const { shape } = array;
  if (used > shape.length) {
    return runtime.raise('IndexError', `too many indices for array of dimension ${shape.length}`);
  }
  if (!prepared.some((each) => each !== null && isEllipsis(each))) prepared.push(ELLIPSIS);
  return placed(prepared, array, shape.length - used, runtime);
}

class Ellipsis extends PyObject {
  readonly typeName = 'ellipsis';
}
const ELLIPSIS = new Ellipsis();

const isTuple = (index: Value): boolean => index instanceof PyObject && index.typeName === 'tuple';

/** A number, a slice, `None`, `...`, or an array; undefined where it is not known. */
function asIndex(item: Value, array: NdArray, runtime: Runtime): Value | undefined {
  if (item === null || typeof item === 'number' || item instanceof PySlice) return item;
  if (item instanceof Unknown) return undefined;
  if (item instanceof PyObject && isEllipsis(item)) return item;
  if (typeof item === 'boolean') return asArray(item, array.library, runtime) ?? undefined;
  const own = asArray(item, array.library, runtime);
  if (own === null) {
    if (item instanceof PyObject && item.attribute('__index__', runtime) !== undefined) {
      const number = runtime.call(runtime.attribute(item, '__index__'), []);
      return typeof number === 'number' ? number : undefined;
    }
    return runtime.raise('IndexError', 'only integers, slices and arrays are valid indices');
  }
  if (own.unknown !== null || own.kind === 'loss') return undefined;
  for (const cell of own.cells?.values() ?? [])
    if (numericValue(cell as Value) === null) return undefined;
  return own;
}

function placed(items: Value[], array: NdArray, spare: number, runtime: Runtime): Part[] | null {
  const { shape } = array;
  const strides = stridesOf(shape);
  const parts: Part[] = [];
  const arrays = items.some((each) => each instanceof NdArray && each.shape.length > 0);
  let axis = 0;
  for (const item of items) {
    const [length, stride] = [shape[axis] ?? 0, strides[axis] ?? 0];
    if (item === null) {
      parts.push({ kind: 'basic', size: 1, step: 0, offset: 0 });
    } else if (item instanceof PySlice) {
      const span = spanOf(item, length, runtime);
      if (span === null) return null;
      limited(item, array, axis, runtime);
      parts.push({
        kind: 'basic',
        size: span.count,
        step: span.step * stride,
        offset: span.count > 0 ? span.start * stride : 0,
      });
      axis += 1;
    } else if (item instanceof NdArray) {
      if (item.dtype === 'bool') {
        parts.push(...maskParts(item, shape, strides, axis, runtime));
        axis += item.shape.length;
      } else {
        parts.push({ kind: 'advanced', array: item, stride, length });
        axis += 1;
      }
    } else if (typeof item === 'number') {
      const own = within(Math.trunc(item), length, runtime);
      if (arrays && array.library !== 'torch') {
        parts.push({
          kind: 'advanced',
          array: NdArray.of([own], [], 'int64', array.library),
          stride,
          length,
        });
      } else {
        parts.push({ kind: 'basic', size: null, step: 0, offset: own * stride });
      }
      axis += 1;
    } else {
      for (let i = 0; i < spare; i += 1, axis += 1) {
        parts.push({ kind: 'basic', size: shape[axis] ?? 0, step: strides[axis] ?? 0, offset: 0 });
      }
    }
  }
  return parts;
}

/** `tokens[:3_000_000]` of fewer tokens, `starts[:500]`. */
function limited(slice: PySlice, array: NdArray, axis: number, runtime: Runtime): void {
  const length = array.shape[axis] ?? 0;
  const { start, stop } = slice;
  if (!start && typeof stop === 'number' && stop > length) {
    runtime.host.limited?.(stop, length, start === null && array.tagged, runtime);
  }
}

function within(index: number, length: number, runtime: Runtime): number {
  const own = index < 0 ? index + length : index;
  if (own < 0 || own >= length) {
    return runtime.raise(
      'IndexError',
      `index ${index} is out of bounds for an axis of size ${length}`,
    );
  }
  return own;
}

/** A mask is the integer arrays of its true elements, one for each axis. */
function maskParts(
  mask: NdArray,
  shape: Shape,
  strides: readonly number[],
  axis: number,
  runtime: Runtime,
): Part[] {
  for (const [i, size] of mask.shape.entries()) {
    if (size !== shape[axis + i]) {
      return runtime.raise('IndexError', 'the mask has another shape than what it is applied to');
    }
  }
  return nonzeroAxes(mask).map((index, i) => ({
    kind: 'advanced',
    array: index,
    stride: strides[axis + i] ?? 0,
    length: shape[axis + i] ?? 0,
  }));
}

/** Indices of the elements that are not 0, an array for each axis. */
export function nonzeroAxes(mask: NdArray): NdArray[] {
  const { data } = mask;
  const found: number[] = [];
  for (let i = 0; i < data.length; i += 1) if (data[i] !== 0) found.push(i);
  const strides = stridesOf(mask.shape);
  return mask.shape.map((size, axis) => {
    const own = Float64Array.from(found, (i) => Math.floor(i / strides[axis]!) % size);
    return new NdArray([found.length], 'int64', own, null, 'plain', mask.library);
  });
}

/** The index arrays spread over each other: one offset for each of their elements. */
function gathered(
  parts: readonly Advanced[],
  runtime: Runtime,
): { shape: Shape; offsets: Int32Array; tags: Int32Array | null } | null {
  const shape = broadcastShapes(...parts.map(({ array }) => array.shape));
  if (shape === null) return runtime.raise('IndexError', 'index arrays do not broadcast');
  if (tooLarge(sizeOf(shape), runtime) !== null) return null;
  const offsets = new Int32Array(sizeOf(shape));
  let tags: Int32Array | null = null;
  for (const { array, stride, length } of parts) {
    if (isFloat(array.dtype) && array.size > 0) {
      return runtime.raise('IndexError', 'arrays used as indices must be of integer type');
    }
    const from = spread(array.shape, shape);
    const cells = array.cells;
    if (array.tags !== null) tags ??= new Int32Array(offsets.length).fill(NO_TAG);
    for (let i = 0; i < offsets.length; i += 1) {
      const at = from[i]!;
      const cell = cells?.get(at);
      const index = cell === undefined ? array.data[at]! : (numericValue(cell) ?? 0);
      offsets[i]! += within(index, length, runtime) * stride;
      const tag = array.tags?.[at] ?? NO_TAG;
      if (tags !== null && tag > tags[i]!) tags[i] = tag;
    }
  }
  return { shape, offsets, tags };
}

/** `array[index]` */
export function arrayItem(array: NdArray, index: Value, runtime: Runtime): Value {
  if (array.perTarget !== null && array.shape.length === 0) {
    return arrayItem(array.perTarget, index, runtime);
  }
  if (array.unknown !== null && array.shape.length > 1) {
    const gathered = unknownItem(index, runtime, array);
    if (gathered !== undefined) return gathered;
  }
  const selection = select(array, index, runtime);
  if (selection === null) return array.unknown ?? runtime.unknown('an index that is not known');
  const { shape, positions: taken, tags, copied } = selection;
  if (array.unknown !== null) {
    const stop = stopWith(array.unknown.stop, runtime.sequence(index) ?? [index]);
    return NdArray.unknown(shape, array.dtype, new Unknown(stop), array.library);
  }
  const view = array.view(shape, taken);
  view.gathered = array.gathered;
  if (!copied && !(shape.length === 0 && array.library !== 'torch')) return view;
  return tags === null ? view.copy() : tagged(view.copy(), tags);
}

/** An element that a token took belongs to the token's position. */
export function tagged(array: NdArray, tags: Int32Array): NdArray {
  const { storage } = array;
  if (array.kind === 'loss') return array;
  const own = storage.needTags();
  for (let i = 0; i < own.length; i += 1) {
    const cell = storage.cells?.get(i);
    if (cell !== undefined && cell instanceof Sum) continue;
    if (tags[i]! > own[i]!) own[i] = tags[i]!;
  }
  storage.version += 1;
  return array;
}
