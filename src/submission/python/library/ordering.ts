/**
 * Operations that order, search, count and accumulate elements of arrays.
 */
import type { Runtime } from '../runtime.js';
import { Sum, scalarBinary } from '../sums.js';
import { Unknown, type Value } from '../values.js';
import { NdArray, type Operation } from './array.js';
import {
  asArray,
  bind,
  checkedAxis,
  dtypeOf,
  integerOf,
  numberOf,
  tooLarge,
  unknownOf,
} from './convert.js';
import { converted } from './converting.js';
import { isFloat, type Library } from './dtypes.js';
import { joining } from './joining.js';
import { named, type Operations, onArray } from './operation.js';
import { sumType } from './reduce.js';
import { gatherAlong } from './selecting.js';
import { sizeOf } from './shapes.js';
import { type Element, isElement } from './storage.js';
import { talliedProduct, talliesOf } from './tallies.js';

/** Of losses the order is not known. */
const hiddenBy = (array: NdArray, what: string, runtime: Runtime): Unknown | null =>
  array.unknown ?? (array.symbolic ? runtime.unknown(`${what} of losses`) : null);

/** Places along an axis in ascending order, equal ones as they come. */
function orderOf(array: NdArray, axis: number, descending: boolean, runtime: Runtime): NdArray {
  const { shape, data, library } = array;
  const length = shape[axis] ?? 1;
  const inner = sizeOf(shape.slice(axis + 1));
  runtime.spend(1 + array.size);
  const order = new Float64Array(array.size);
  for (let start = 0; start < array.size; start += 1) {
    if (Math.floor(start / inner) % length !== 0) continue;
    const at = (place: number): number => data[start + place * inner]!;
    const places = Array.from({ length }, (_, i) => i);
    places.sort((a, b) => (descending ? at(b) - at(a) : at(a) - at(b)) || a - b);
    places.forEach((place, i) => {
      order[start + i * inner] = place;
    });
  }
  return new NdArray(shape, 'int64', order, null, 'plain', library);
}

function sortOptions(
  array: NdArray,
  rest: readonly Value[],
  keywords: ReadonlyMap<string, Value>,
  runtime: Runtime,
) {
  const [dim, descending] = bind(rest, keywords, ['dim|axis', 'descending']);
  const axis = checkedAxis(integerOf(dim) ?? -1, array.shape.length, runtime);
  return { axis, descending: descending === true };
}

function sort(library: Library): Operation {
  return onArray(library, (array, rest, keywords, runtime) => {
    const hidden = hiddenBy(array, 'order', runtime);
    if (hidden !== null || array.shape.length === 0) return hidden ?? array;
    const { axis, descending } = sortOptions(array, rest, keywords, runtime);
    const order = orderOf(array, axis, descending, runtime);
    const values = gatherAlong(array, order, axis, runtime);
    return library === 'torch' ? named({ values, indices: order }) : values;
  });
}

function argsort(library: Library): Operation {
  return onArray(library, (array, rest, keywords, runtime) => {
    const hidden = hiddenBy(array, 'order', runtime);
    if (hidden !== null) return hidden;
    const { axis, descending } = sortOptions(array, rest, keywords, runtime);
    return orderOf(array, axis, descending, runtime);
  });
}

/** How many elements of a sorted array are below each value, or not above it. */
function searchsorted(library: Library): Operation {
  return (args, keywords, runtime) => {
    const [sorted, values, side] = bind(args, keywords, ['sorted_sequence|a', 'input|v', 'side']);
    const unknown = unknownOf(sorted, values);
    if (unknown !== null) return unknown;
    const [a, v] = [sorted, values].map((each) => asArray(each ?? null, library, runtime));
    if (!a || !v || a.symbolic || v.symbolic)
      return runtime.unknown('a search in what is not known');
    const right = side === 'right' || keywords.get('right') === true;
    runtime.spend(1 + v.size * 4);
    const data = v.data.map((value) => bisect(a.data, value, right));
    return new NdArray(v.shape, 'int64', data, null, 'plain', library);
  };
}

function bisect(sorted: Float64Array, value: number, right: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const before = right ? sorted[middle]! <= value : sorted[middle]! < value;
    if (before) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Sorted distinct elements, with what else was asked for. */
function unique(library: Library): Operation {
  return onArray(library, (array, _, keywords, runtime) => {
    const hidden = hiddenBy(array, 'order', runtime);
    if (hidden !== null) return hidden;
    runtime.spend(1 + 4 * array.size);
    const { data, dtype } = array;
    const values = [...new Set(data)].sort((a, b) => a - b);
    const place = new Map(values.map((value, i) => [value, i]));
    const counts = new Float64Array(values.length);
    const firsts = new Float64Array(values.length).fill(-1);
    const inverse = data.map((value, i) => {
      const at = place.get(value)!;
      counts[at]! += 1;
      if (firsts[at] === -1) firsts[at] = i;
      return at;
    });
    const make = (from: ArrayLike<number>, type: string) =>
      new NdArray([from.length], type, Float64Array.from(from), null, 'plain', library);
    const found: Value[] = [make(values, dtype)];
    if (keywords.get('return_index') === true) found.push(make(firsts, 'int64'));
    if (keywords.get('return_inverse') === true) {
      found.push(new NdArray(array.shape, 'int64', inverse, null, 'plain', library));
    }
    if (keywords.get('return_counts') === true) {
      const counted = make(counts, 'int64');
      counted.tallies = talliesOf(inverse, array.tags);
      found.push(counted);
    }
    return found.length === 1 ? found[0]! : runtime.tuple(found);
  });
}

/** Counts are added up one by one, each with what it belongs to. */
const COUNT_STEPS = 4;

function bincount(library: Library): Operation {
  return onArray(library, (array, rest, keywords, runtime) => {
    const [weights, least] = bind(rest, keywords, ['weights', 'minlength']);
    const unknown = unknownOf(array, weights) ?? hiddenBy(array, 'counts', runtime);
    if (unknown !== null) return unknown;
    const own =
      weights === undefined || weights === null ? null : asArray(weights, library, runtime);
    const length = array.data.reduce(
      (max, value) => Math.max(max, value + 1),
      integerOf(least) ?? 0,
    );
    const dtype = own === null ? 'int64' : isFloat(own.dtype) ? own.dtype : 'float64';
    const hidden = tooLarge(length, runtime);
    if (hidden !== null) return NdArray.unknown([length], dtype, hidden, library);
    const result = NdArray.zeros([length], dtype, library);
    runtime.spend(1 + array.size * COUNT_STEPS);
    array.data.forEach((value, i) => {
      result.write(value, plus(result.element(value), own?.element(i) ?? 1, runtime));
    });
    if (own === null) result.tallies = talliesOf(array.data, array.tags);
    return result;
  });
}

function plus(a: Element, b: Element, runtime: Runtime): Element {
  if (a instanceof Unknown) return a;
  if (b instanceof Unknown) return b;
  const sum = scalarBinary('+', a, b, runtime);
  return sum !== undefined && isElement(sum) && typeof sum !== 'boolean'
    ? sum
    : runtime.unknown('a sum');
}

/** Sums of all elements so far along an axis; of targets, by target. */
function cumsum(library: Library): Operation {
  return onArray(library, (array, rest, keywords, runtime) => {
    const [dim, dtype] = bind(rest, keywords, ['dim|axis', 'dtype']);
    if (array.unknown !== null) return array;
    const flat = dim === undefined || dim === null ? array.view([array.size], null) : array;
    const axis = checkedAxis(integerOf(dim) ?? 0, flat.shape.length, runtime);
    const type = dtypeOf(dtype, library) ?? sumType(array.dtype, library);
    const inner = sizeOf(flat.shape.slice(axis + 1));
    const length = flat.shape[axis] ?? 1;
    runtime.spend(1 + flat.size);
    const sums: Element[] = [];
    for (let i = 0; i < flat.size; i += 1) {
      const element = flat.element(i);
      const own = element instanceof Sum ? element.as(type) : element;
      const first = Math.floor(i / inner) % length === 0;
      sums.push(first ? own : plus(sums[i - inner]!, own, runtime));
    }
    return NdArray.of(sums, flat.shape, type, library);
  });
}

/** Differences of neighbours along an axis, or of all elements in order. */
function diff(library: Library, flat: boolean): Operation {
  return onArray(library, (given, rest, keywords, runtime) => {
    const array = flat ? given.view([given.size], null) : given;
    const [n, dim] = bind(rest, keywords, ['n', 'dim|axis']);
    const hidden = hiddenBy(array, 'differences', runtime);
    if (hidden !== null || (integerOf(n) ?? 1) !== 1) {
      return hidden ?? runtime.unknown('differences of differences');
    }
    const axis = checkedAxis(integerOf(dim) ?? -1, array.shape.length, runtime);
    const ends = ['prepend', 'append'].map((name) => keywords.get(name));
    const parts = [ends[0], array, ends[1]].filter((each) => each !== undefined && each !== null);
    const sides = parts.map((each) => {
      const own = asArray(each ?? null, library, runtime);
      return own?.shape.length === 0 ? own.view([1], null) : (own ?? runtime.unknown('an end'));
    });
    const all =
      sides.length === 1 ? array : concatenated(sides, array.dtype, axis, library, runtime);
    if (!(all instanceof NdArray)) return all;
    const length = (all.shape[axis] ?? 1) - 1;
    const part = (from: number) =>
      runtime.call(runtime.attribute(all, 'narrow'), [axis, from, length]);
    if (array.dtype === 'bool') return runtime.binary('^', part(1), part(0));
    return runtime.binary('-', part(1), part(0));
  });
}

function concatenated(
  parts: Value[],
  dtype: string,
  axis: number,
  library: Library,
  runtime: Runtime,
): Value {
  const joined = joining(library)['cat']!([runtime.list(parts), axis], new Map(), runtime);
  return joined instanceof NdArray ? converted(joined, dtype, library, runtime) : joined;
}

function isin(library: Library): Operation {
  return (args, keywords, runtime) => {
    const [elements, tests] = bind(args, keywords, ['elements|element|ar1', 'test_elements|ar2']);
    const unknown = unknownOf(elements, tests);
    if (unknown !== null) return unknown;
    const array = asArray(elements ?? null, library, runtime);
    const wanted = tests === undefined ? null : asArray(asList(tests, runtime), library, runtime);
    if (array === null || wanted === null || array.symbolic || wanted.symbolic) {
      return runtime.unknown('membership of what is not known');
    }
    runtime.spend(1 + array.size);
    const set = new Set(wanted.data);
    const inverted = keywords.get('invert') === true;
    const data = array.data.map((value) => Number(set.has(value) !== inverted));
    return new NdArray(array.shape, 'bool', data, array.tags?.slice() ?? null, 'plain', library);
  };
}

const asList = (value: Value, runtime: Runtime): Value =>
  value instanceof NdArray || typeof value === 'number'
    ? value
    : runtime.list([...runtime.iterate(value)]);

/** The `k` largest along the last axis. */
function topk(library: Library): Operation {
  return onArray(library, (array, rest, keywords, runtime) => {
    const [k] = bind(rest, keywords, ['k']);
    const count = integerOf(k);
    const hidden = hiddenBy(array, 'order', runtime);
    if (hidden !== null || count === null || array.shape.length !== 1) {
      return hidden ?? runtime.unknown('the largest of what is not known');
    }
    const descending = keywords.get('largest') !== false;
    const order = orderOf(array, 0, descending, runtime);
    const indices = order
      .view(
        [count],
        Int32Array.from({ length: count }, (_, i) => i),
      )
      .copy();
    return named({ values: gatherAlong(array, indices, 0, runtime), indices });
  });
}

function dot(library: Library): Operation {
  return (args, _, runtime) => {
    const [a, b] = [args[0] ?? null, args[1] ?? null];
    const unknown = unknownOf(a, b);
    const counted = unknown === null ? null : talliedProduct('*', a, b, runtime);
    if (counted !== null) return runtime.call(runtime.attribute(counted, 'sum'), []);
    if (unknown !== null) return new Unknown(unknown.stop);
    const [left, right] = [a, b].map((each) => asArray(each, library, runtime));
    if (!left || !right) return runtime.raise('TypeError', 'expected arrays');
    if (left.shape.length !== 1 || right.shape.length !== 1)
      return new Unknown({ ...runtime.here(), reason: 'a product of matrices' });
    if (numberOf(left.size) !== right.size)
      return runtime.raise('ValueError', 'arrays of different length');
    const products = runtime.binary('*', left, right);
    return runtime.call(runtime.attribute(products, 'sum'), []);
  };
}

export function ordering(library: Library): Operations {
  const product = dot(library);
  return {
    sort: sort(library),
    argsort: argsort(library),
    searchsorted: searchsorted(library),
    bucketize: (args, keywords, runtime) =>
      searchsorted(library)(
        [args[1] ?? null, args[0] ?? null, ...args.slice(2)],
        keywords,
        runtime,
      ),
    unique: unique(library),
    bincount: bincount(library),
    cumsum: cumsum(library),
    diff: diff(library, false),
    ediff1d: diff(library, true),
    isin: isin(library),
    in1d: isin(library),
    topk: topk(library),
    dot: product,
    vdot: product,
    inner: product,
    matmul: product,
  };
}
