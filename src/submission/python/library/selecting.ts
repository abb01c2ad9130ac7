/**
 * Operations that pick, order and scatter elements of arrays.
 */
import { PySlice } from '../object-sequences.js';
import type { Runtime } from '../runtime.js';
import { Sum } from '../sums.js';
import { Unknown, type Value } from '../values.js';
import { addAt } from './adding-at.js';
import { NdArray, type Operation } from './array.js';
import { assign } from './assigning.js';
import { asArray, bind, checkedAxis, integerOf, unknownOf } from './convert.js';
import { type Library, promote } from './dtypes.js';
import { arrayItem, nonzeroAxes, tagged } from './indexing.js';
import { taken } from './joining.js';
import { gatheredAt } from './losses.js';
import { type OnArray, type Operations, onArray } from './operation.js';
import { broadcastShapes, positions, type Shape, sizeOf, spread, stridesOf } from './shapes.js';

/** `where(condition, x, y)`; with the condition alone, the indices where it holds. */
function where(library: Library): Operation {
  const alone = nonzero(library);
  return (args, keywords, runtime) => {
    const [condition, x, y] = bind(args, keywords, ['condition', 'input|x', 'other|y']);
    if (x === undefined || y === undefined)
      return alone([condition ?? null, true], new Map(), runtime);
    return chosen([condition ?? null, x, y], library, runtime);
  };
}

function chosen(args: readonly [Value, Value, Value], library: Library, runtime: Runtime): Value {
  const unknown = args[0] instanceof Unknown ? args[0] : null;
  const arrays = args.map((each) =>
    each instanceof Unknown ? each : asArray(each, library, runtime),
  );
  const [condition, x, y] = arrays;
  if (unknown !== null || !(condition instanceof NdArray))
    return unknown ?? runtime.unknown('a condition');
  const known = [x, y].filter((each): each is NdArray => each instanceof NdArray);
  const shape = broadcastShapes(condition.shape, ...known.map((each) => each.shape));
  if (shape === null) return runtime.raise('ValueError', 'operands do not broadcast');
  const numbers = known.filter((each) => each.shape.length > 0);
  const types = (numbers.length > 0 ? numbers : known).map((each) => each.dtype);
  const dtype = types.length > 0 ? types.reduce((a, b) => promote(a, b, library)) : 'float32';
  const hidden =
    condition.unknown ?? (condition.symbolic ? runtime.unknown('a condition of losses') : null);
  if (hidden !== null) return NdArray.unknown(shape, dtype, hidden, library);
  runtime.spend(1 + (sizeOf(shape) >> 2));
  const from = spread(condition.shape, shape);
  const picks = [x, y].map((each) => (each instanceof NdArray ? spread(each.shape, shape) : null));
  const result = NdArray.zeros(shape, dtype, library);
  for (let i = 0; i < from.length; i += 1) {
    const side = condition.data[from[i]!] !== 0 ? 0 : 1;
    const source = side === 0 ? x : y;
    if (source instanceof NdArray) result.write(i, source.element(picks[side]![i]!));
    else result.write(i, source ?? runtime.unknown('an operand'));
  }
  const shaped = known.find((each) => each.flatFrom !== null);
  result.flatFrom = shaped?.flatFrom ?? null;
  result.gathered = known.some((each) => each.gathered);
  return result;
}

/** torch gives rows of indices, or with `as_tuple` what numpy gives: an array for each axis. */
function nonzero(library: Library): Operation {
  return onArray(library, (array, rest, keywords, runtime) => {
    const unknown = array.unknown ?? (array.symbolic ? runtime.unknown('zeros of losses') : null);
    if (unknown !== null) return new Unknown(unknown.stop);
    runtime.spend(1 + (array.size >> 3));
    const axes = nonzeroAxes(array);
    const tuple = library !== 'torch' || rest[0] === true || keywords.get('as_tuple') === true;
    return tuple ? runtime.tuple(axes) : rows(axes, library);
  });
}

function rows(axes: readonly NdArray[], library: Library): NdArray {
  const count = axes[0]?.size ?? 0;
  const data = new Float64Array(count * axes.length);
  axes.forEach((axis, i) => {
    axis.data.forEach((value, row) => {
      data[row * axes.length + i] = value;
    });
  });
  return new NdArray([count, axes.length], 'int64', data, null, 'plain', library);
}

/** `gather(x, dim, index)`: for each element of the index, the element of the array at it along one axis. */
export function gatherAlong(array: NdArray, index: NdArray, axis: number, runtime: Runtime): Value {
  const unknown = unknownOf(array, index);
  if (unknown !== null) return NdArray.unknown(index.shape, array.dtype, unknown, array.library);
  const own = along(array.shape, index, axis, runtime);
  const picked = array.view(index.shape, own).copy();
  picked.gathered = array.gathered;
  return index.tags === null ? picked : tagged(picked, index.tags);
}

/** Positions in an array of this shape, for each element of the index. */
function along(shape: Shape, index: NdArray, axis: number, runtime: Runtime): Int32Array {
  const strides = stridesOf(shape);
  runtime.spend(1 + (index.size >> 2));
  const base = positions(
    index.shape,
    strides.map((stride, i) => (i === axis ? 0 : stride)),
    0,
  );
  const length = shape[axis] ?? 0;
  return base.map((position, i) => {
    const value = index.data[i]!;
    const at = value < 0 ? value + length : value;
    if (at < 0 || at >= length)
      return runtime.raise('IndexError', `index ${value} is out of bounds`);
    return position + at * strides[axis]!;
  });
}

function gather(
  library: Library,
  names: readonly ['dim|axis', 'index'] | readonly ['indices', 'dim|axis'],
): Operation {
  const known = onArray(library, (array, rest, keywords, runtime) => {
    const bound = bind(rest, keywords, names);
    const [dim, indices] = names[0] === 'indices' ? [bound[1], bound[0]] : bound;
    const picked = array.unknown === null ? undefined : gatheredAt(indices, dim, array);
    if (picked !== undefined) return picked;
    const index = asArray(indices ?? null, library, runtime);
    if (index === null)
      return unknownOf(indices) ?? runtime.raise('TypeError', 'expected an index');
    const flat = dim === null || (dim === undefined && library === 'torch');
    if (flat) return gatherAlong(array.view([array.size], null), index, 0, runtime);
    const axis = checkedAxis(integerOf(dim) ?? -1, array.shape.length, runtime);
    return gatherAlong(array, spreadIndex(index, array.shape, axis), axis, runtime);
  });
  return (args, keywords, runtime) => {
    const bound = bind(args.slice(1), keywords, names);
    const [dim, indices] = names[0] === 'indices' ? [bound[1], bound[0]] : bound;
    const picked = args[0] instanceof Unknown ? gatheredAt(indices, dim) : undefined;
    return picked ?? known(args, keywords, runtime);
  };
}

/** `take_along_axis` spreads the index over the other axes. */
function spreadIndex(index: NdArray, shape: Shape, axis: number): NdArray {
  if (index.shape.length !== shape.length) return index;
  const wanted = shape.map((size, i) =>
    i === axis || index.shape[i] !== 1 ? index.shape[i]! : size,
  );
  const from = spread(index.shape, wanted);
  return index.view(wanted, from);
}

/** Elements of one axis by a list of places: `index_select`, `take`. */
function take(library: Library, order: 'axis-first' | 'index-first'): Operation {
  return onArray(library, (array, rest, keywords, runtime) => {
    const [first, second] = bind(
      rest,
      keywords,
      order === 'axis-first' ? ['dim', 'index'] : ['indices|index', 'axis|dim'],
    );
    const [dim, indices] = order === 'axis-first' ? [first, second] : [second, first];
    const index = asArray(indices ?? null, library, runtime);
    if (index === null || index.unknown !== null)
      return unknownOf(indices) ?? runtime.unknown('an index');
    if (dim === undefined || dim === null)
      return arrayItem(array.view([array.size], null), index, runtime);
    const axis = checkedAxis(integerOf(dim) ?? 0, array.shape.length, runtime);
    if (axis === 0) return arrayItem(array, index, runtime);
    const length = array.shape[axis] ?? 0;
    return taken(
      array,
      axis,
      Array.from(index.data, (value) => (value < 0 ? value + length : value)),
      runtime,
    );
  });
}

/** `index_add_`, `scatter_add_`, `scatter_`, `np.add.at`: writes into the array itself. */
function scatter(library: Library, adds: boolean, whole: boolean): Operation {
  return onArray(library, (array, rest, keywords, runtime) => {
    const [dim, indices, source] = bind(rest, keywords, ['dim', 'index', 'src|source|value']);
    const index = asArray(indices ?? null, library, runtime);
    const values = source instanceof Unknown ? null : asArray(source ?? 0, library, runtime);
    const unknown = unknownOf(array, indices, source);
    if (index === null || values === null || unknown !== null) {
      array.storage.forget(unknown ?? runtime.unknown('a scatter'));
      return array;
    }
    const axis = checkedAxis(integerOf(dim) ?? 0, array.shape.length, runtime);
    const own = whole ? wholeRows(array, axis, index) : along(array.shape, index, axis, runtime);
    own.forEach((position, i) => {
      const element = values.element(values.size === 1 ? 0 : i);
      if (!adds) array.write(position, element);
      else {
        const sum = runtime.binary('+', array.element(position), element);
        array.write(
          position,
          typeof sum === 'number' || sum instanceof Sum || sum instanceof Unknown
            ? sum
            : runtime.unknown('a sum'),
        );
      }
    });
    return array;
  });
}

/** Positions of the slices of an axis at the places of a list. */
function wholeRows(array: NdArray, axis: number, index: NdArray): Int32Array {
  const strides = stridesOf(array.shape);
  const shape = array.shape.map((size, i) => (i === axis ? index.size : size));
  const base = positions(
    shape,
    strides.map((stride, i) => (i === axis ? 0 : stride)),
    0,
  );
  const inner = sizeOf(shape.slice(axis + 1));
  return base.map(
    (position, i) => position + index.data[Math.floor(i / inner) % index.size]! * strides[axis]!,
  );
}

/** A copy that the in-place operation is done on. */
const onCopy = (operate: Operation, library: Library): Operation =>
  onArray(library, (array, rest, keywords, runtime) =>
    operate([array.copy(), ...rest], keywords, runtime),
  );

function maskedFill(library: Library): Operation {
  return onArray(library, (array, rest, keywords, runtime) => {
    const [mask, value] = bind(rest, keywords, ['mask', 'value']);
    const result = chosen([mask ?? null, value ?? 0, array], library, runtime);
    if (!(result instanceof NdArray)) return result;
    if (result.dtype !== array.dtype && result.unknown === null) result.storage.dtype = array.dtype;
    result.flatFrom = array.flatFrom;
    return result;
  });
}

const maskedSelect: OnArray = (array, rest, keywords, runtime) => {
  const [mask] = bind(rest, keywords, ['mask']);
  if (!(mask instanceof NdArray))
    return unknownOf(mask) ?? runtime.raise('TypeError', 'expected a mask');
  const shape = broadcastShapes(array.shape, mask.shape);
  if (shape === null) return runtime.raise('RuntimeError', 'the mask does not broadcast');
  const over = array.view(shape, spread(array.shape, shape));
  return arrayItem(over, mask.view(shape, spread(mask.shape, shape)), runtime);
};

/** `np.compress(mask, a)`, `np.extract(mask, a)` */
const compress =
  (library: Library): Operation =>
  (args, _, runtime) => {
    const array = asArray(args[1] ?? null, library, runtime);
    if (array === null)
      return unknownOf(args[1]) ?? runtime.raise('TypeError', 'expected an array');
    return runtime.item(array, args[0] ?? null);
  };

/** `x.index_put_((rows, columns), values, accumulate=True)` */
const put: Operation = (args, keywords, runtime) => {
  const [array, index, values, adds] = bind(args, keywords, [
    'self',
    'indices',
    'values',
    'accumulate',
  ]);
  if (!(array instanceof NdArray)) return unknownOf(array) ?? runtime.unknown('index_put_');
  const places = runtime.sequence(index ?? null);
  const at = places === null ? (index ?? null) : runtime.tuple([...places]);
  if (adds === undefined || runtime.truth(adds) === false) {
    runtime.setItem(array, at, values ?? null);
  } else addAt(array, at, values ?? null, runtime);
  return array;
};

export function selecting(library: Library): Operations {
  const fill = maskedFill(library);
  const add = scatter(library, true, true);
  const scatterAdd = scatter(library, true, false);
  const scatterSet = scatter(library, false, false);
  const inPlace = (operate: Operation) =>
    onArray(library, (array, rest, keywords, runtime) => {
      assign(array, operate([array, ...rest], keywords, runtime), runtime);
      return array;
    });
  return {
    where: where(library),
    nonzero: nonzero(library),
    flatnonzero: onArray(library, (array, _, __, runtime) =>
      array.symbolic
        ? (array.unknown ?? runtime.unknown('zeros of losses'))
        : nonzeroAxes(array.view([array.size], null))[0]!,
    ),
    argwhere: onArray(library, (array, _, __, runtime) =>
      array.symbolic
        ? (array.unknown ?? runtime.unknown('zeros of losses'))
        : rows(nonzeroAxes(array), library),
    ),
    gather: gather(library, ['dim|axis', 'index']),
    take_along_dim: gather(library, ['indices', 'dim|axis']),
    take_along_axis: gather(library, ['indices', 'dim|axis']),
    index_select: take(library, 'axis-first'),
    take: take(library, 'index-first'),
    masked_select: onArray(library, maskedSelect),
    masked_fill: fill,
    masked_fill_: inPlace(fill),
    compress: compress(library),
    extract: compress(library),
    index_add_: add,
    index_add: onCopy(add, library),
    index_put_: put,
    scatter_add_: scatterAdd,
    scatter_add: onCopy(scatterAdd, library),
    scatter_: scatterSet,
    scatter: onCopy(scatterSet, library),
    narrow: onArray(library, (array, rest, keywords, runtime) => {
      const [dim, start, length] = bind(rest, keywords, ['dim', 'start', 'length']);
      const [from, count] = [integerOf(start), integerOf(length)];
      if (from === null || count === null) return runtime.unknown('bounds that are not known');
      const axis = checkedAxis(integerOf(dim) ?? 0, array.shape.length, runtime);
      const shape = array.shape.map((size, i) =>
        i === axis ? Math.min(count, size - from) : size,
      );
      const strides = stridesOf(array.shape);
      return array.view(shape, positions(shape, strides, from * strides[axis]!));
    }),
    select: onArray(library, (array, [dim, at], _, runtime) => {
      const axis = checkedAxis(integerOf(dim) ?? 0, array.shape.length, runtime);
      const before = array.shape.slice(0, axis).map(() => new PySlice(null, null, null));
      return arrayItem(array, runtime.tuple([...before, integerOf(at) ?? 0]), runtime);
    }),
  };
}
