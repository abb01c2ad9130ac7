/**
 * Functions that make arrays.
 */
import { PyBytes } from '../bytes.js';
import type { Runtime } from '../runtime.js';
import { numericValue, Sum } from '../sums.js';
import { Unknown, type Value } from '../values.js';
import { NdArray, type Operation } from './array.js';
import {
  asArray,
  bind,
  dtypeOf,
  integerOf,
  literalType,
  MAX_ELEMENTS,
  numberOf,
  pays,
  tooLarge,
  unknownOf,
} from './convert.js';
import { converted } from './converting.js';
import { cast, defaultFloat, defaultInteger, itemsize, type Library } from './dtypes.js';
import { type Operations, onArray } from './operation.js';
import { sizesOf } from './reshaping.js';
import { type Shape, sizeOf } from './shapes.js';
import { type Element, isElement, NO_TAG } from './storage.js';

/** Memory of an array without its elements. */
const ARRAY_UNITS = 96;

/** An array of one element everywhere; of a number, its elements are made when they are used. */
function filled(
  shape: Shape,
  element: Element | boolean,
  dtype: string,
  library: Library,
  runtime: Runtime,
): NdArray {
  const size = sizeOf(shape);
  const value = element instanceof Unknown ? null : numericValue(element as Value);
  if (value !== null && !(element instanceof Sum) && size <= MAX_ELEMENTS) {
    runtime.allocate(ARRAY_UNITS);
    const pay = () => pays(size, runtime);
    const even = { size, value: cast(value, dtype), pay };
    return new NdArray(shape, dtype, even, null, 'plain', library);
  }
  const hidden = element instanceof Unknown ? element : tooLarge(size, runtime);
  if (hidden !== null) return NdArray.unknown(shape, dtype, hidden, library);
  return NdArray.of(new Array<Element | boolean>(size).fill(element), shape, dtype, library);
}

/** `zeros`, `ones`, `empty`: sizes one by one or in a tuple; numpy has the type in second place. */
function constant(value: number, library: Library): Operation {
  return (args, keywords, runtime) => {
    const tuple = args[0] !== undefined && runtime.sequence(args[0]) !== null;
    const numpy = library !== 'torch' || tuple;
    const sizes = sizesOf(numpy ? args.slice(0, 1) : args, keywords, runtime);
    if (sizes === null) return unknownOf(...args) ?? runtime.unknown('a shape that is not known');
    const named = dtypeOf(keywords.get('dtype') ?? (numpy ? args[1] : undefined), library);
    return filled(sizes, value, named ?? defaultFloat(library), library, runtime);
  };
}

function full(library: Library): Operation {
  return (args, keywords, runtime) => {
    const [shape, value, type] = bind(args, keywords, ['size|shape', 'fill_value|vals', 'dtype']);
    const sizes = shape === undefined ? null : sizesOf([shape], new Map(), runtime);
    if (sizes === null) return unknownOf(shape) ?? runtime.unknown('a shape that is not known');
    const array = asArray(value ?? 0, library, runtime);
    const element = array?.size === 1 ? array.element(0) : runtime.unknown('a fill value');
    const dtype = dtypeOf(type, library) ?? array?.dtype ?? defaultFloat(library);
    return filled(sizes, typeof value === 'boolean' ? value : element, dtype, library, runtime);
  };
}

function like(value: number | null, library: Library): Operation {
  return onArray(library, (array, rest, keywords, runtime) => {
    const named = value === null ? rest[1] : rest[0];
    const dtype = dtypeOf(keywords.get('dtype') ?? named, library) ?? array.dtype;
    const given = value ?? rest[0] ?? keywords.get('fill_value') ?? 0;
    const element = isElement(given) ? given : (asArray(given, library, runtime)?.element(0) ?? 0);
    return filled(array.shape, element, dtype, library, runtime);
  });
}

function arange(library: Library): Operation {
  return (args, keywords, runtime) => {
    const typed = args.filter(
      (each) => dtypeOf(each, library) === null || typeof each === 'number',
    );
    const [a, b, c] = bind(typed, keywords, ['start', 'end|stop', 'step']);
    const values = [a, b, c].map((each) =>
      each === undefined || each === null ? undefined : numberOf(each),
    );
    if (values.includes(null))
      return unknownOf(a, b, c) ?? runtime.unknown('bounds that are not known');
    const [first, second, third] = values as (number | undefined)[];
    const [start, stop] = second === undefined ? [0, first ?? 0] : [first ?? 0, second];
    const step = third ?? 1;
    const size = Math.max(0, Math.ceil((stop - start) / step));
    const whole = [start, stop, step].every(Number.isInteger);
    const dtype =
      dtypeOf(keywords.get('dtype') ?? args.at(-1), library) ??
      (whole ? defaultInteger(library) : defaultFloat(library));
    const hidden = tooLarge(size, runtime);
    if (hidden !== null) return NdArray.unknown([size], dtype, hidden, library);
    const data = Float64Array.from({ length: size }, (_, i) => cast(start + i * step, dtype));
    return new NdArray([size], dtype, data, null, 'plain', library);
  };
}

function linspace(library: Library): Operation {
  return (args, keywords, runtime) => {
    const [a, b, n] = bind(args, keywords, ['start', 'end|stop', 'steps|num']).map(numberOf);
    const count = n ?? 50;
    if (typeof a !== 'number' || typeof b !== 'number')
      return runtime.unknown('bounds that are not known');
    const dtype = dtypeOf(keywords.get('dtype'), library) ?? defaultFloat(library);
    const hidden = tooLarge(count, runtime);
    if (hidden !== null) return NdArray.unknown([count], dtype, hidden, library);
    const data = Float64Array.from({ length: count }, (_, i) =>
      cast(count === 1 ? a : a + ((b - a) * i) / (count - 1), dtype),
    );
    return new NdArray([count], dtype, data, null, 'plain', library);
  };
}

/** `tensor`, `array`, `asarray`, `from_numpy`: of numbers, sequences and arrays of either library. */
function made(library: Library, copies: boolean): Operation {
  return (args, keywords, runtime) => {
    const [data, type] = bind(args, keywords, ['data|object|a|obj', 'dtype']);
    if (data === undefined) return runtime.raise('TypeError', 'missing the data');
    if (data instanceof Unknown) return data;
    const dtype = dtypeOf(type, library);
    if (data instanceof PyBytes) return fromBytes(data, dtype ?? 'uint8', 0, -1, library, runtime);
    const array = asArray(data, library, runtime);
    if (array === null) {
      const texts = runtime.sequence(data)?.every((each) => typeof each === 'string');
      return texts ? data : runtime.unknown('an array of such elements');
    }
    if (dtype === null && !copies && array.library === library) return array;
    if (dtype !== null && dtype !== array.dtype) return converted(array, dtype, library, runtime);
    const from = array === data ? array : null;
    return from === null || copies ? array.copy(library) : sharing(array, library);
  };
}

/** Another library's array of the same elements. */
function sharing(array: NdArray, library: Library): NdArray {
  const view = { storage: array.storage, map: null };
  return array.contiguous
    ? new NdArray(array.shape, '', new Float64Array(0), null, 'plain', library, view).like(array)
    : array.copy(library);
}

type Read = (view: DataView, at: number) => number;

const READERS: Readonly<Record<string, Read>> = {
  bool: (view, at) => view.getUint8(at),
  uint8: (view, at) => view.getUint8(at),
  int8: (view, at) => view.getInt8(at),
  uint16: (view, at) => view.getUint16(at, true),
  int16: (view, at) => view.getInt16(at, true),
  uint32: (view, at) => view.getUint32(at, true),
  int32: (view, at) => view.getInt32(at, true),
  uint64: (view, at) => Number(view.getBigUint64(at, true)),
  int64: (view, at) => Number(view.getBigInt64(at, true)),
  float32: (view, at) => view.getFloat32(at, true),
  float64: (view, at) => view.getFloat64(at, true),
};

/**
 * Little-endian elements of bytes, each with the tag of its first byte.
 *
 * @param offset bytes before the first element
 * @param count elements; −1 for all
 */
function fromBytes(
  { data, tags }: Pick<PyBytes, 'data' | 'tags'>,
  dtype: string,
  offset: number,
  count: number,
  library: Library,
  runtime: Runtime,
): Value {
  const read = READERS[dtype];
  if (read === undefined) return runtime.unknown(`bytes as ${dtype}`);
  const width = itemsize(dtype);
  const room = Math.max(0, Math.floor((data.length - offset) / width));
  const size = count < 0 ? room : count;
  if (size > room) return runtime.raise('ValueError', 'buffer is smaller than requested size');
  const hidden = tooLarge(size, runtime);
  if (hidden !== null) return NdArray.unknown([size], dtype, hidden, library);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const values = Float64Array.from({ length: size }, (_, i) => read(view, offset + i * width));
  const own =
    tags === null ? null : Int32Array.from(values, (_, i) => tags[offset + i * width] ?? NO_TAG);
  return new NdArray([size], dtype, values, own, 'plain', library);
}

function frombuffer(library: Library): Operation {
  return (args, keywords, runtime) => {
    const [buffer, type, count, offset] = bind(args, keywords, [
      'buffer',
      'dtype',
      'count',
      'offset',
    ]);
    const unknown = unknownOf(buffer, type, count, offset);
    if (unknown !== null) return unknown;
    const dtype = dtypeOf(type, library) ?? defaultFloat(library);
    if (buffer instanceof NdArray) return converted(buffer, dtype, library, runtime);
    if (!(buffer instanceof PyBytes)) return runtime.unknown('a buffer that is no bytes');
    return fromBytes(
      buffer,
      dtype,
      integerOf(offset) ?? 0,
      integerOf(count) ?? -1,
      library,
      runtime,
    );
  };
}

function fromiter(library: Library): Operation {
  return (args, keywords, runtime) => {
    const [items, type] = bind(args, keywords, ['iter|iterable', 'dtype']);
    if (items instanceof Unknown || items === undefined) return items ?? null;
    const elements = [...runtime.iterate(items)].map((each) =>
      isElement(each)
        ? each
        : (asArray(each, library, runtime)?.element(0) ?? runtime.unknown('an element')),
    );
    const dtype = dtypeOf(type, library) ?? literalType(elements[0] ?? 0, library);
    return NdArray.of(elements, [elements.length], dtype, library);
  };
}

/** Shapes of random arrays are known. */
function random(library: Library): Operation {
  return (args, keywords, runtime) => {
    const reason = runtime.unknown('random numbers');
    const sizes = sizesOf(args, keywords, runtime);
    return sizes === null ? reason : NdArray.unknown(sizes, defaultFloat(library), reason, library);
  };
}

function eye(library: Library): Operation {
  return (args, keywords, runtime) => {
    const n = integerOf(args[0]);
    if (n === null) return runtime.unknown('a size that is not known');
    const dtype = dtypeOf(keywords.get('dtype'), library) ?? defaultFloat(library);
    const array = filled([n, n], 0, dtype, library, runtime);
    if (array.unknown === null) for (let i = 0; i < n; i += 1) array.write(i * n + i, 1);
    return array;
  };
}

/** Only the kept triangle of a matrix; the others are 0. */
function triangle(library: Library, lower: boolean): Operation {
  return onArray(library, (array, rest, keywords) => {
    if (array.unknown !== null) return array;
    const shift = integerOf(rest[0] ?? keywords.get('diagonal') ?? keywords.get('k')) ?? 0;
    const columns = array.shape.at(-1) ?? 1;
    const rows = array.shape.at(-2) ?? 1;
    const result = array.copy();
    for (let i = 0; i < array.size; i += 1) {
      const [row, column] = [Math.floor(i / columns) % rows, i % columns];
      const kept = lower ? column <= row + shift : column >= row + shift;
      if (!kept) result.write(i, 0);
    }
    return result;
  });
}

export function creating(library: Library): Operations {
  const shared = made(library, false);
  return {
    zeros: constant(0, library),
    ones: constant(1, library),
    empty: constant(0, library),
    full: full(library),
    zeros_like: like(0, library),
    ones_like: like(1, library),
    empty_like: like(0, library),
    full_like: like(null, library),
    arange: arange(library),
    linspace: linspace(library),
    tensor: made(library, true),
    array: made(library, true),
    asarray: shared,
    as_tensor: shared,
    from_numpy: shared,
    ascontiguousarray: shared,
    frombuffer: frombuffer(library),
    fromiter: fromiter(library),
    eye: eye(library),
    tril: triangle(library, true),
    triu: triangle(library, false),
    ...(library === 'torch' ? { rand: random(library), randn: random(library) } : {}),
  };
}
