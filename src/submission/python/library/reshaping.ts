/**
 * Operations that give the elements of an array another shape or order.
 */
import type { Runtime } from '../runtime.js';
import { Unknown, type Value } from '../values.js';
import type { NdArray } from './array.js';
import { bind, checkedAxis, integerOf, integersOf, unknownOf } from './convert.js';
import type { Library } from './dtypes.js';
import { type Operations, onArray } from './operation.js';
import { fitShape, positions, type Shape, sizeOf, spread, stridesOf } from './shapes.js';

/** Sizes given one by one or in a tuple; null where one is not known. */
export function sizesOf(
  rest: readonly Value[],
  keywords: ReadonlyMap<string, Value>,
  runtime: Runtime,
): number[] | null {
  const given =
    rest[0] ?? keywords.get('shape') ?? keywords.get('size') ?? keywords.get('newshape');
  const items = given !== undefined ? (runtime.sequence(given) ?? null) : null;
  if (items !== null) return integersOf(given, runtime);
  if (rest.length === 0) return given === undefined ? [] : integersOf(given, runtime);
  const sizes = rest.filter((each) => typeof each !== 'string').map(integerOf);
  return sizes.some((each) => each === null) ? null : (sizes as number[]);
}

/** Sizes that only a model knows give back the shape that was flattened before. */
function reshaped(array: NdArray, sizes: number[] | null, ranks: number, runtime: Runtime): Value {
  const { perTarget } = array;
  if (perTarget !== null && (sizes === null || sizeOf(sizes) !== 1)) {
    return reshaped(perTarget, sizes, ranks, runtime);
  }
  if (sizes === null) {
    // A single size is that of all elements, whoever knows it.
    if (ranks === 1) return withShape(array, [array.size]);
    const { flatFrom } = array;
    const fits = flatFrom !== null && flatFrom.length === ranks && sizeOf(flatFrom) === array.size;
    return fits ? withShape(array, flatFrom) : runtime.unknown('a shape that is not known');
  }
  const shape = fitShape(sizes, array.size);
  if (shape === null) {
    return runtime.raise('RuntimeError', `shape (${sizes}) is invalid for ${array.size} elements`);
  }
  return withShape(array, shape);
}

/** All elements in order; a flat one remembers what it was. */
function withShape(array: NdArray, shape: Shape): NdArray {
  const view = array.view(shape, null).like(array);
  if (shape.length === 1 && array.shape.length > 1) view.flatFrom = array.shape;
  return view;
}

function reordered(array: NdArray, axes: readonly number[]): NdArray {
  const strides = stridesOf(array.shape);
  const shape = axes.map((axis) => array.shape[axis]!);
  const order = axes.map((axis) => strides[axis]!);
  return array.unknown !== null
    ? array.view(shape, null)
    : array.view(shape, positions(shape, order, 0)).like(array);
}

function swapped(array: NdArray, a: number, b: number): NdArray {
  const axes = array.shape.map((_, axis) => axis);
  axes[a] = b;
  axes[b] = a;
  return reordered(array, axes);
}

function expanded(array: NdArray, sizes: readonly number[], runtime: Runtime): NdArray {
  const extra = sizes.length - array.shape.length;
  const shape = sizes.map((size, axis) => (size === -1 ? (array.shape[axis - extra] ?? 1) : size));
  const fits = array.shape.every((size, axis) => size === 1 || size === shape[axis + extra]);
  if (extra < 0 || !fits)
    return runtime.raise('RuntimeError', `cannot expand (${array.shape}) to (${sizes})`);
  return array.unknown !== null
    ? array.view(shape, null)
    : array.view(shape, spread(array.shape, shape));
}

function squeezed(array: NdArray, axes: readonly number[] | null): NdArray {
  const shape = array.shape.filter(
    (size, axis) => size !== 1 || (axes !== null && !axes.includes(axis)),
  );
  return array.view(shape, null).like(array);
}

/** Elements in the order of the axes reversed by `axes`. */
function flipped(array: NdArray, axes: readonly number[]): NdArray {
  const strides = stridesOf(array.shape);
  const steps = strides.map((stride, axis) => (axes.includes(axis) ? -stride : stride));
  const offset = axes.reduce((sum, axis) => sum + strides[axis]! * (array.shape[axis]! - 1), 0);
  return array.view(array.shape, positions(array.shape, steps, Math.max(0, offset)));
}

/** Windows of `size` every `step` along an axis, in a new last axis. */
function unfolded(
  array: NdArray,
  axis: number,
  size: number,
  step: number,
  runtime: Runtime,
): NdArray {
  const length = array.shape[axis] ?? 0;
  if (size > length || step <= 0) {
    return runtime.raise(
      'RuntimeError',
      `cannot unfold ${length} elements into ${size} every ${step}`,
    );
  }
  const strides = stridesOf(array.shape);
  const count = Math.floor((length - size) / step) + 1;
  const shape = [...array.shape.map((each, i) => (i === axis ? count : each)), size];
  const steps = [
    ...strides.map((each, i) => (i === axis ? each * step : each)),
    strides[axis] ?? 1,
  ];
  runtime.spend(sizeOf(shape) >> 4);
  return array.view(shape, positions(shape, steps, 0));
}

const transposeAll = (array: NdArray): NdArray =>
  reordered(array, array.shape.map((_, axis) => axis).reverse());

export function reshaping(library: Library): Operations {
  const own = (operate: Parameters<typeof onArray>[1]) => onArray(library, operate);
  const axis = (value: Value | undefined, array: NdArray, runtime: Runtime, extra = 0) =>
    checkedAxis(integerOf(value) ?? 0, array.shape.length + extra, runtime);
  const reshape = own((array, rest, keywords, runtime) => {
    const first = rest[0] ?? keywords.get('shape');
    const items = first === undefined ? null : runtime.sequence(first);
    if (rest.length === 1 && first instanceof Unknown) {
      // Rows become one, by a product of sizes that the model knows, or what was one becomes rows again.
      if (array.flatFrom === null && array.shape.length > 1) {
        return reshaped(array, [array.size], 0, runtime);
      }
      return array.flatFrom === null ? first : reshaped(array, [...array.flatFrom], 0, runtime);
    }
    return reshaped(array, sizesOf(rest, keywords, runtime), items?.length ?? rest.length, runtime);
  });
  const like = own((array, [other], _, runtime) => {
    if (other instanceof Unknown || other === undefined)
      return runtime.unknown('a shape that is not known');
    return reshaped(array, [...(other as NdArray).shape], 0, runtime);
  });
  const permute = own((array, rest, keywords, runtime) => {
    const dims = sizesOf(rest.length > 0 ? rest : [...keywords.values()], keywords, runtime);
    if (dims === null) return runtime.unknown('axes that are not known');
    if (dims.length === 0) return transposeAll(array);
    return reordered(
      array,
      dims.map((dim) => checkedAxis(dim, array.shape.length, runtime)),
    );
  });
  const swap = own((array, [a, b], keywords, runtime) => {
    const [first, second] = [a ?? keywords.get('dim0'), b ?? keywords.get('dim1')];
    return swapped(array, axis(first, array, runtime), axis(second, array, runtime));
  });
  const unsqueeze = own((array, rest, keywords, runtime) => {
    const [dim] = bind(rest, keywords, ['dim|axis']);
    const at = axis(dim, array, runtime, 1);
    return array.view(array.shape.toSpliced(at, 0, 1), null).like(array);
  });
  const squeeze = own((array, rest, keywords, runtime) => {
    const [dim] = bind(rest, keywords, ['dim|axis']);
    const axes = dim === undefined || dim === null ? null : integersOf(dim, runtime);
    return squeezed(
      array,
      axes?.map((each) => checkedAxis(each, array.shape.length, runtime)) ?? null,
    );
  });
  const flatten = own((array, rest, keywords, runtime) => {
    const [start, end] = bind(rest, keywords, ['start_dim', 'end_dim']);
    const rank = array.shape.length;
    if (library !== 'torch' || rank === 0) return withShape(array, [array.size]);
    const from = checkedAxis(integerOf(start) ?? 0, rank, runtime);
    const to = checkedAxis(integerOf(end) ?? -1, rank, runtime);
    const middle = sizeOf(array.shape.slice(from, to + 1));
    return withShape(array, [...array.shape.slice(0, from), middle, ...array.shape.slice(to + 1)]);
  });
  const expand = own((array, rest, keywords, runtime) => {
    const sizes = sizesOf(rest, keywords, runtime);
    return sizes === null
      ? runtime.unknown('a shape that is not known')
      : expanded(array, sizes, runtime);
  });
  const flip = own((array, rest, keywords, runtime) => {
    const given = integersOf(
      rest.length > 1
        ? runtime.tuple([...rest])
        : (rest[0] ?? keywords.get('dims') ?? keywords.get('axis')),
      runtime,
    );
    const axes = given ?? array.shape.map((_, i) => i);
    return flipped(
      array,
      axes.map((each) => checkedAxis(each, array.shape.length, runtime)),
    ).copy();
  });
  const unfold = own((array, rest, keywords, runtime) => {
    const [dim, size, step] = bind(rest, keywords, ['dimension|dim', 'size', 'step']);
    const [width, hop] = [integerOf(size), integerOf(step)];
    if (width === null || hop === null || array.unknown !== null) {
      return unknownOf(array, size, step) ?? runtime.unknown('windows whose size is not known');
    }
    return unfolded(array, axis(dim, array, runtime), width, hop, runtime);
  });
  const windows = own((array, rest, keywords, runtime) => {
    const width = integersOf(rest[0] ?? keywords.get('window_shape'), runtime)?.[0];
    if (width === undefined || array.shape.length !== 1)
      return runtime.unknown('windows of many axes');
    return unfolded(array, 0, width, 1, runtime);
  });
  return {
    reshape,
    view: reshape,
    reshape_as: like,
    view_as: like,
    expand,
    broadcast_to: expand,
    expand_as: own((array, [other], _, runtime) =>
      other instanceof Unknown ? other : expanded(array, (other as NdArray).shape, runtime),
    ),
    permute,
    transpose: library === 'torch' ? swap : permute,
    swapaxes: swap,
    swapdims: swap,
    t: own((array) => transposeAll(array)),
    moveaxis: own((array, [from, to], _, runtime) => {
      const [a, b] = [axis(from, array, runtime), axis(to, array, runtime)];
      const axes = array.shape.map((_, i) => i).toSpliced(a, 1);
      return reordered(array, axes.toSpliced(b, 0, a));
    }),
    unsqueeze,
    expand_dims: unsqueeze,
    squeeze,
    flatten,
    ravel: own((array) => withShape(array, [array.size])),
    flip,
    fliplr: own((array) => flipped(array, [1]).copy()),
    flipud: own((array) => flipped(array, [0]).copy()),
    unfold,
    sliding_window_view: windows,
    atleast_1d: own((array) => (array.shape.length > 0 ? array : array.view([1], null))),
    atleast_2d: own((array) =>
      array.shape.length > 1 ? array : array.view([1, array.size], null),
    ),
  };
}
