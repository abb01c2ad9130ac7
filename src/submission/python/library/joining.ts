/**
 * Operations that put arrays together, repeat them and cut them.
 */
import { greatest } from '../extremes.js';
import type { Runtime } from '../runtime.js';
import { Unknown, type Value } from '../values.js';
import { NdArray, type Operation } from './array.js';
import { asArray, bind, checkedAxis, integerOf, integersOf, tooLarge } from './convert.js';
import { type Library, promote } from './dtypes.js';
import { type Operations, onArray } from './operation.js';
import { fitShape, positions, type Shape, sizeOf, stridesOf } from './shapes.js';
import { type Element, NO_TAG } from './storage.js';

/** Arrays of a list; an `Unknown` where one of them is. */
function arraysOf(
  value: Value | undefined,
  library: Library,
  runtime: Runtime,
): NdArray[] | Unknown {
  if (value instanceof Unknown) return value;
  const items =
    value instanceof NdArray ? [...runtime.iterate(value)] : runtime.sequence(value ?? null);
  const given = items ?? [...runtime.iterate(value ?? null)];
  const arrays: NdArray[] = [];
  for (const item of given) {
    if (item instanceof Unknown) return item;
    const array = asArray(item, library, runtime);
    if (array === null) return runtime.raise('TypeError', 'expected arrays');
    arrays.push(array);
  }
  return arrays;
}

function joined(
  arrays: readonly NdArray[],
  axis: number,
  library: Library,
  runtime: Runtime,
): NdArray {
  const [first] = arrays;
  if (first === undefined)
    return runtime.raise('RuntimeError', 'expected a non-empty list of arrays');
  const filled = arrays.filter(
    ({ size, shape }) => size > 0 || shape.length === first.shape.length,
  );
  const length = filled.reduce((sum, { shape }) => sum + (shape[axis] ?? 0), 0);
  const rest =
    first.shape.length === 1 && first.size === 0 ? (filled.at(-1) ?? first).shape : first.shape;
  for (const { shape } of filled) {
    if (shape.length !== rest.length || shape.some((each, i) => i !== axis && each !== rest[i])) {
      return runtime.raise('RuntimeError', `sizes of arrays must match: (${rest}) and (${shape})`);
    }
  }
  const shape = rest.map((each, i) => (i === axis ? length : each));
  const dtype = arrays.map((each) => each.dtype).reduce((a, b) => promote(a, b, library));
  const unknown =
    filled.find((each) => each.unknown !== null)?.unknown ?? tooLarge(sizeOf(shape), runtime);
  if (unknown !== null) return NdArray.unknown(shape, dtype, unknown, library);
  const outer = sizeOf(shape.slice(0, axis));
  return placedSideBySide(filled, shape, outer, dtype, library);
}

function placedSideBySide(
  arrays: readonly NdArray[],
  shape: Shape,
  outer: number,
  dtype: string,
  library: Library,
): NdArray {
  const size = sizeOf(shape);
  const width = outer === 0 ? 0 : size / outer;
  const plain = arrays.every((each) => !each.symbolic);
  const data = new Float64Array(plain ? size : 0);
  const tags =
    plain && arrays.some((each) => each.tags !== null) ? new Int32Array(size).fill(NO_TAG) : null;
  const elements: Element[] = plain ? [] : new Array<Element>(size).fill(0);
  let before = 0;
  for (const array of arrays) {
    const own = outer === 0 ? 0 : array.size / outer;
    const [source, marks] = [array.data, array.tags];
    for (let i = 0; i < array.size; i += 1) {
      const at = Math.floor(i / own) * width + before + (i % own);
      if (!plain) elements[at] = array.element(i);
      else data[at] = source[i]!;
      if (tags !== null && marks !== null) tags[at] = marks[i]!;
    }
    before += own;
  }
  return plain
    ? new NdArray(shape, dtype, data, tags, 'plain', library)
    : NdArray.of(elements, shape, dtype, library);
}

function cat(library: Library): Operation {
  return (args, keywords, runtime) => {
    const [items, dim] = bind(args, keywords, ['tensors|arrays|tup', 'dim|axis']);
    const arrays = arraysOf(items, library, runtime);
    if (arrays instanceof Unknown) return arrays;
    if (dim === null)
      return joined(
        arrays.map((each) => each.view([each.size], null)),
        0,
        library,
        runtime,
      );
    const rank = Math.max(greatest(arrays.map(({ shape }) => shape.length)), 1);
    return joined(arrays, checkedAxis(integerOf(dim) ?? 0, rank, runtime), library, runtime);
  };
}

function stack(
  library: Library,
  axisOf: (given: number | null, rank: number) => number,
): Operation {
  return (args, keywords, runtime) => {
    const [items, dim] = bind(args, keywords, ['tensors|arrays|tup', 'dim|axis']);
    const arrays = arraysOf(items, library, runtime);
    if (arrays instanceof Unknown) return arrays;
    const rank = (arrays[0]?.shape.length ?? 0) + 1;
    const axis = checkedAxis(axisOf(integerOf(dim), rank), rank, runtime);
    return joined(
      arrays.map((each) => each.view(each.shape.toSpliced(axis, 0, 1), null)),
      axis,
      library,
      runtime,
    );
  };
}

/** `hstack` and `vstack`: rank 1 joins along its axis, or becomes rows. */
function sideBySide(library: Library, rows: boolean): Operation {
  return (args, _, runtime) => {
    const arrays = arraysOf(args[0], library, runtime);
    if (arrays instanceof Unknown) return arrays;
    const flat = arrays.every(({ shape }) => shape.length < 2);
    const own = rows && flat ? arrays.map((each) => each.view([1, each.size], null)) : arrays;
    return joined(own, rows || flat ? 0 : 1, library, runtime);
  };
}

/** Parts of an axis that end at `ends`. */
function cut(array: NdArray, axis: number, ends: readonly number[], runtime: Runtime): Value {
  const strides = stridesOf(array.shape);
  let start = 0;
  const parts = ends.map((end) => {
    const to = Math.min(Math.max(end, start), array.shape[axis] ?? 0);
    const shape = array.shape.map((each, i) => (i === axis ? to - start : each));
    const offset = start * (strides[axis] ?? 1);
    start = to;
    if (array.unknown !== null)
      return NdArray.unknown(shape, array.dtype, array.unknown, array.library);
    return array.view(shape, positions(shape, strides, offset));
  });
  return array.library === 'torch' ? runtime.tuple(parts) : runtime.list(parts);
}

function split(library: Library, by: 'size' | 'sections' | 'chunks'): Operation {
  return onArray(library, (array, rest, keywords, runtime) => {
    const [given, dim] = bind(rest, keywords, [
      'split_size_or_sections|split_size|indices_or_sections|chunks|sections',
      'dim|axis',
    ]);
    const axis = checkedAxis(integerOf(dim) ?? 0, array.shape.length, runtime);
    const length = array.shape[axis] ?? 0;
    const listed = given !== undefined && integerOf(given) === null;
    const numbers = integersOf(given, runtime);
    if (numbers === null) return runtime.unknown('sizes of parts that are not known');
    if (listed && by === 'size') {
      let end = 0;
      return cut(
        array,
        axis,
        numbers.map((size) => (end += size)),
        runtime,
      );
    }
    if (listed) return cut(array, axis, [...numbers, length], runtime);
    const size = numbers[0] ?? 1;
    if (by === 'size' && size > length) runtime.host.limited?.(size, length, false, runtime);
    return cut(array, axis, endsOf(length, size, by), runtime);
  });
}

/** `split` by a size, torch's `chunk` into at most n, numpy's `array_split` into exactly n. */
function endsOf(length: number, n: number, by: 'size' | 'sections' | 'chunks'): number[] {
  if (by === 'sections') {
    const [small, larger] = [Math.floor(length / n), length % n];
    return Array.from({ length: n }, (_, i) => (i + 1) * small + Math.min(i + 1, larger));
  }
  const size = Math.max(1, by === 'size' ? n : Math.ceil(length / n));
  const count = Math.max(1, Math.ceil(length / size));
  return Array.from({ length: count }, (_, i) => Math.min(length, (i + 1) * size));
}

/** The whole array again and again along each axis: torch's `repeat`, numpy's `tile`. */
function tile(library: Library): Operation {
  return onArray(library, (array, rest, keywords, runtime) => {
    const given = rest.length === 1 ? rest[0] : runtime.tuple([...rest]);
    const times = integersOf(
      rest.length > 0 ? given : (keywords.get('reps') ?? keywords.get('dims')),
      runtime,
    );
    if (times === null) return runtime.unknown('a number of repeats that is not known');
    const rank = Math.max(times.length, array.shape.length);
    const inner = [...new Array<number>(rank - array.shape.length).fill(1), ...array.shape];
    const outer = [...new Array<number>(rank - times.length).fill(1), ...times];
    const strides = stridesOf(inner);
    const shape = inner.map((each, i) => each * outer[i]!);
    const hidden = array.unknown ?? tooLarge(sizeOf(shape), runtime);
    if (hidden !== null) return NdArray.unknown(shape, array.dtype, hidden, library);
    const pairs = inner.flatMap((each, i) => [outer[i]!, each]);
    const steps = inner.flatMap((_, i) => [0, strides[i]!]);
    return array.view(shape, positions(pairs, steps, 0)).copy();
  });
}

/** Each element again and again: numpy's `repeat`, torch's `repeat_interleave`. */
function repeatEach(library: Library): Operation {
  return onArray(library, (given, rest, keywords, runtime) => {
    const [repeats, dim] = bind(rest, keywords, ['repeats', 'dim|axis']);
    const array = dim === undefined || dim === null ? given.view([given.size], null) : given;
    const axis = checkedAxis(integerOf(dim) ?? 0, array.shape.length, runtime);
    const length = array.shape[axis] ?? 0;
    const times = integersOf(repeats, runtime);
    if (times === null || array.unknown !== null)
      return runtime.unknown('repeats that are not known');
    const source = Array.from({ length }, (_, i) =>
      new Array<number>(times[times.length === 1 ? 0 : i] ?? 0).fill(i),
    ).flat();
    return taken(array, axis, source, runtime);
  });
}

/** Elements of an axis at `places`. */
export function taken(
  array: NdArray,
  axis: number,
  places: readonly number[],
  runtime: Runtime,
): NdArray {
  const strides = stridesOf(array.shape);
  const shape = array.shape.map((each, i) => (i === axis ? places.length : each));
  const hidden = array.unknown ?? tooLarge(sizeOf(shape), runtime);
  if (hidden !== null) return NdArray.unknown(shape, array.dtype, hidden, array.library);
  const own = positions(
    shape,
    strides.map((stride, i) => (i === axis ? 0 : stride)),
    0,
  );
  const inner = sizeOf(shape.slice(axis + 1));
  for (let i = 0; i < own.length; i += 1) {
    own[i]! += places[Math.floor(i / inner) % Math.max(1, places.length)]! * strides[axis]!;
  }
  return array.view(shape, own).copy();
}

function roll(library: Library): Operation {
  return onArray(library, (given, rest, keywords, runtime) => {
    const [shifts, dims] = bind(rest, keywords, ['shifts|shift', 'dims|axis']);
    const [by, along] = [integersOf(shifts, runtime), integersOf(dims, runtime)];
    if (by === null) return runtime.unknown('a shift that is not known');
    if (given.unknown !== null) return given;
    const flat = along === null;
    let array = flat ? given.view([given.size], null) : given;
    for (const [i, shift] of by.entries()) {
      const axis = checkedAxis(along?.[i] ?? 0, array.shape.length, runtime);
      const n = array.shape[axis] ?? 1;
      const places = Array.from({ length: n }, (_, k) => (((k - shift) % n) + n) % n);
      array = taken(array, axis, places, runtime);
    }
    return flat ? array.view(given.shape, null) : array;
  });
}

/** numpy's `pad(a, ((1, 2), …), constant_values=…)` and torch's `F.pad(x, (left, right, …), value=…)`. */
function pad(library: Library): Operation {
  return onArray(library, (array, rest, keywords, runtime) => {
    const width = rest[0] ?? keywords.get('pad') ?? keywords.get('pad_width');
    const mode = rest[1] ?? keywords.get('mode') ?? 'constant';
    if (width === undefined || width instanceof Unknown || mode !== 'constant') {
      return runtime.unknown('padding that is not constant');
    }
    const value = rest[2] ?? keywords.get('value') ?? keywords.get('constant_values') ?? 0;
    const sides =
      library === 'torch' ? torchSides(width, array, runtime) : numpySides(width, array, runtime);
    if (sides === null) return runtime.unknown('a padding that is not known');
    let result = array;
    for (const [axis, [left, right]] of sides.entries()) {
      const block = (size: number) => {
        const shape = result.shape.map((each, i) => (i === axis ? size : each));
        const fill = asArray(value, library, runtime)?.element(0) ?? 0;
        return NdArray.of(
          new Array<Element>(sizeOf(shape)).fill(fill),
          shape,
          array.dtype,
          library,
        );
      };
      if (left < 0 || right < 0) return runtime.unknown('a padding that is negative');
      if (left + right > 0)
        result = joined([block(left), result, block(right)], axis, library, runtime);
    }
    return result;
  });
}

/** Sequences of different lengths as rows: `torch.nn.utils.rnn.pad_sequence`. */
function padSequence(library: Library): Operation {
  return (args, keywords, runtime) => {
    const [items, first, value] = bind(args, keywords, [
      'sequences',
      'batch_first',
      'padding_value',
    ]);
    const arrays = arraysOf(items, library, runtime);
    if (arrays instanceof Unknown) return arrays;
    const longest = Math.max(0, ...arrays.map(({ shape }) => shape[0] ?? 0));
    const rows = arrays.map((array) => {
      const sides = runtime.tuple([
        ...array.shape.slice(1).flatMap(() => [0, 0]),
        0,
        longest - (array.shape[0] ?? 0),
      ]);
      return pad(library)([array, sides, 'constant', value ?? 0], new Map(), runtime);
    });
    const axis = first === true ? 0 : 1;
    return stack(library, () => axis)([runtime.list(rows)], new Map(), runtime);
  };
}

type Sides = [number, number][];

function torchSides(width: Value, array: NdArray, runtime: Runtime): Sides | null {
  const flat = integersOf(width, runtime);
  if (flat === null) return null;
  return array.shape.map((_, axis) => {
    const at = 2 * (array.shape.length - 1 - axis);
    return [flat[at] ?? 0, flat[at + 1] ?? 0];
  });
}

function numpySides(width: Value, array: NdArray, runtime: Runtime): Sides | null {
  const rows = asArray(width, 'numpy', runtime);
  if (rows === null || rows.symbolic) return null;
  const { data, size } = rows;
  const shape = fitShape([-1, 2], size === 1 ? 2 : size);
  if (shape === null) return null;
  return array.shape.map((_, axis) => {
    if (size === 1) return [data[0]!, data[0]!];
    const at = size === 2 ? 0 : 2 * axis;
    return [data[at] ?? 0, data[at + 1] ?? 0];
  });
}

export function joining(library: Library): Operations {
  const concatenate = cat(library);
  return {
    cat: concatenate,
    concat: concatenate,
    concatenate,
    stack: stack(library, (given) => given ?? 0),
    hstack: sideBySide(library, false),
    vstack: sideBySide(library, true),
    column_stack: stack(library, (_, rank) => rank - 1),
    append: (args, keywords, runtime) =>
      concatenate(
        [runtime.list([args[0] ?? null, args[1] ?? null])],
        keywords.has('axis') ? keywords : new Map([['axis', null]]),
        runtime,
      ),
    split: split(library, library === 'torch' ? 'size' : 'sections'),
    array_split: split(library, 'sections'),
    tensor_split: split(library, 'sections'),
    chunk: split(library, 'chunks'),
    tile: tile(library),
    repeat: library === 'torch' ? tile(library) : repeatEach(library),
    repeat_interleave: repeatEach(library),
    roll: roll(library),
    unbind: onArray(library, (array, rest, keywords, runtime) => {
      const axis = checkedAxis(
        integerOf(rest[0] ?? keywords.get('dim')) ?? 0,
        array.shape.length,
        runtime,
      );
      const ends = Array.from({ length: array.shape[axis] ?? 0 }, (_, i) => i + 1);
      const shape = array.shape.filter((_, i) => i !== axis);
      const parts = runtime.sequence(cut(array, axis, ends, runtime)) ?? [];
      return runtime.tuple(parts.map((part) => (part as NdArray).view(shape, null)));
    }),
    pad_sequence: padSequence(library),
    pad: pad(library),
  };
}
