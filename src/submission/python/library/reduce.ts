/**
 * Sums, extremes and other reductions of arrays.
 */
import { greatest, least } from '../extremes.js';
import type { Runtime } from '../runtime.js';
import { numericValue, Sum, scalarBinary } from '../sums.js';
import { Unknown, type Value } from '../values.js';
import { NdArray, type Operation } from './array.js';
import { asArray, axesOf, bind, dtypeOf } from './convert.js';
import { cast, defaultFloat, defaultInteger, isFloat, type Library } from './dtypes.js';
import { named, type Operations, onArray } from './operation.js';
import { positions, type Shape, sizeOf, stridesOf } from './shapes.js';
import { type Element, isElement, NO_TAG, type Tallies } from './storage.js';
import { summedTallies } from './tallies.js';

/** Where each element goes, and the shape of what comes out. */
interface Groups {
  readonly shape: Shape;
  readonly of: Int32Array;
  readonly members: number;
}

function groupsOf(array: NdArray, axes: readonly number[], keep: boolean): Groups {
  const reduced = new Set(axes);
  const kept = array.shape.map((size, axis) => (reduced.has(axis) ? 1 : size));
  const strides = stridesOf(kept).map((stride, axis) => (reduced.has(axis) ? 0 : stride));
  const shape = keep ? kept : array.shape.filter((_, axis) => !reduced.has(axis));
  const members = sizeOf(array.shape.filter((_, axis) => reduced.has(axis)));
  return { shape, of: positions(array.shape, strides, 0), members };
}

export const sumType = (dtype: string, library: Library): string => {
  if (isFloat(dtype)) return dtype;
  if (library === 'mlx') return dtype === 'bool' ? 'int32' : dtype;
  return library === 'numpy' && dtype.startsWith('u') ? 'uint64' : defaultInteger(library);
};

function talliedSum(array: NdArray, tallies: Tallies, dtype: string): Sum {
  const terms = new Map<number, number>();
  let constant = 0;
  array.data.forEach((value, i) => {
    const tags = tallies.get(i);
    if (tags === undefined) constant += value;
    for (const tag of tags ?? []) terms.set(tag, (terms.get(tag) ?? 0) + value / tags!.length);
  });
  return new Sum('count', terms, constant, { dtype, running: null });
}

/** The sums of the groups, by target where the elements belong to targets. */
function sumGroups(array: NdArray, groups: Groups, dtype: string, runtime: Runtime): NdArray {
  const size = sizeOf(groups.shape);
  if (array.unknown !== null) {
    return NdArray.unknown(groups.shape, dtype, array.unknown, array.library);
  }
  runtime.spend(1 + (array.size >> 2));
  const { tallies } = array;
  // How many targets a row of counts has says itself which, where they are counted by more than themselves.
  if (tallies !== null && size === 1 && (array.shape.length > 1 || array.tagged)) {
    return NdArray.of([talliedSum(array, tallies, dtype)], groups.shape, dtype, array.library);
  }
  if (!array.symbolic && !array.tagged) {
    const sums = new Float64Array(size);
    array.data.forEach((value, i) => {
      sums[groups.of[i]!]! += value;
    });
    const result = new NdArray(
      groups.shape,
      dtype,
      sums.map((sum) => cast(sum, dtype)),
      null,
      'plain',
      array.library,
    );
    if (tallies !== null && size > 1) {
      result.tallies = summedTallies(tallies, (i) => groups.of[i]!);
    }
    return result;
  }
  const type = { dtype, running: dtype === 'float16' || dtype === 'bfloat16' ? dtype : null };
  const terms = Array.from({ length: size }, () => new Map<number, number>());
  const constants = new Float64Array(size);
  const { data, tags, cells } = array;
  const loss = array.kind === 'loss';
  data.forEach((value, i) => {
    if (cells?.has(i) || (loss && value === 0)) return;
    const [group, tag] = [groups.of[i]!, tags?.[i] ?? NO_TAG];
    if (tag === NO_TAG && !loss) constants[group]! += value;
    else terms[group]!.set(tag, (terms[group]!.get(tag) ?? 0) + value);
  });
  const totals: Element[] = terms.map((each, group) => {
    const sum = new Sum(loss ? 'loss' : 'count', each, loss ? 0 : constants[group]!, type);
    return each.size === 0 ? (numericValue(sum) ?? 0) : sum;
  });
  // Elements of one array are not added up one after another, so that float32 loses little.
  for (const [i, cell] of cells ?? []) {
    const group = groups.of[i]!;
    totals[group] = plus(totals[group]!, cell, dtype === 'float32' ? 'float64' : dtype, runtime);
  }
  const result = NdArray.of(totals, groups.shape, dtype, array.library);
  result.normalised = array.gathered;
  return result;
}

function plus(a: Element, b: Element, dtype: string, runtime: Runtime): Element {
  if (a instanceof Unknown) return a;
  if (b instanceof Unknown) return b;
  const own = (x: Exclude<Element, Unknown>) => (x instanceof Sum ? x.as(dtype) : x);
  const sum = scalarBinary('+', own(a), own(b), runtime);
  return sum !== undefined && isElement(sum) && typeof sum !== 'boolean'
    ? sum
    : runtime.unknown('a sum');
}

const NAMES = ['dim|axis', 'keepdim|keepdims', 'dtype'] as const;

function sum(library: Library) {
  return onArray(library, (given, rest, keywords, runtime) => {
    const array = given.perTarget ?? given;
    const { axes, keep, dtype } = options(array, rest, keywords, runtime);
    return sumGroups(
      array,
      groupsOf(array, axes, keep),
      dtype ?? sumType(array.dtype, library),
      runtime,
    );
  });
}

/** numpy has the type before `keepdims`. */
function options(
  array: NdArray,
  rest: readonly Value[],
  keywords: ReadonlyMap<string, Value>,
  runtime: Runtime,
) {
  const [dim, keep, dtype] = bind(rest, keywords, NAMES);
  const second = rest[1];
  const typed = second !== undefined ? dtypeOf(second, array.library) : null;
  return {
    axes: axesOf(typeof dim === 'boolean' ? undefined : dim, array.shape, runtime),
    keep: keep === true,
    dtype: typed ?? dtypeOf(dtype, array.library),
  };
}

/** Also told to the host: a mean over a whole set is a score. */
function mean(library: Library) {
  return onArray(library, (given, rest, keywords, runtime) => {
    const array = rest.length > 0 || keywords.size > 0 ? (given.perTarget ?? given) : given;
    if (array.perTarget !== null) return array;
    const { axes, keep, dtype } = options(array, rest, keywords, runtime);
    const groups = groupsOf(array, axes, keep);
    const type = dtype ?? (isFloat(array.dtype) ? array.dtype : defaultFloat(library));
    const sums = sumGroups(array, groups, type, runtime);
    const means = overCount(sums, groups.members, type, runtime);
    if (means instanceof NdArray) means.normalised = array.gathered;
    return means;
  });
}

/** With `weights`, Σ weight · x / Σ weight. */
function average(library: Library): Operation {
  const plain = mean(library);
  return (args, keywords, runtime) => {
    const weights = keywords.get('weights') ?? args[2];
    const rest = new Map([...keywords].filter(([name]) => name !== 'weights'));
    if (weights === undefined || weights === null) return plain(args.slice(0, 2), rest, runtime);
    const [values, own] = [args[0] ?? null, weights].map((each) => asArray(each, library, runtime));
    if (!values || !own) return runtime.unknown('an average of such values');
    const sums = [runtime.binary('*', values, own), own].map((each) =>
      runtime.call(runtime.attribute(each, 'sum'), args.slice(1, 2), rest),
    );
    return runtime.binary('/', sums[0]!, sums[1]!);
  };
}

function overCount(sums: NdArray, count: number, type: string, runtime: Runtime): Value {
  if (sums.unknown !== null) return sums;
  const elements = Array.from({ length: sums.size }, (_, i) => {
    const element = sums.element(i);
    if (typeof element === 'number') return element / count;
    if (element instanceof Sum) {
      const share = element.scaled(1 / count);
      if (sums.size === 1 && share.kind === 'loss') runtime.host.quotient(share, runtime);
      return share;
    }
    if (element instanceof Unknown) return element;
    return scalarBinary('/', element, count, runtime) as Element;
  });
  return NdArray.of(elements, sums.shape, type, sums.library);
}

type Pick = (candidate: number, best: number) => boolean;

/** Index of the chosen element of each group, and within its group. */
function picked(
  array: NdArray,
  groups: Groups,
  better: Pick,
): { at: Int32Array; inner: Float64Array } {
  const size = sizeOf(groups.shape);
  const at = new Int32Array(size).fill(-1);
  const seen = new Int32Array(size);
  const inner = new Float64Array(size);
  const { data } = array;
  for (let i = 0; i < data.length; i += 1) {
    const group = groups.of[i]!;
    if (at[group] === -1 || better(data[i]!, data[at[group]!]!)) {
      at[group] = i;
      inner[group] = seen[group]!;
    }
    seen[group]! += 1;
  }
  return { at, inner };
}

/** `max` and `min`: with an axis torch gives values and indices. */
function extreme(library: Library, name: 'max' | 'min', result: 'values' | 'both' | 'index') {
  const better: Pick = name === 'max' ? (x, best) => x > best : (x, best) => x < best;
  return onArray(library, (array, rest, keywords, runtime) => {
    const { axes, keep } = options(array, rest, keywords, runtime);
    const whole = axes.length === array.shape.length && rest.length === 0;
    const groups = groupsOf(array, axes, keep);
    const all = whole && !keywords.has('dim') && !keywords.has('axis');
    const index = (values: Float64Array) =>
      new NdArray(groups.shape, 'int64', values, null, 'plain', library);
    const lost = array.unknown ?? (array.symbolic ? runtime.unknown(`${name} of losses`) : null);
    if (lost !== null) {
      const hidden = NdArray.unknown(groups.shape, array.dtype, lost, library);
      return result === 'both' && !all ? named({ values: hidden, indices: hidden }) : hidden;
    }
    if (array.size === 0) return runtime.raise('ValueError', `${name} of an empty array`);
    runtime.spend(1 + (array.size >> 3));
    const { at, inner } = picked(array, groups, better);
    if (result === 'index') return index(inner);
    const values = array.view(groups.shape, at).copy();
    return result === 'both' && !all ? named({ values, indices: index(inner) }) : values;
  });
}

/** A reduction of the numbers of each group; of losses it is not known. */
function numeric(
  library: Library,
  name: string,
  type: (dtype: string) => string,
  reduce: (values: number[], keywords: ReadonlyMap<string, Value>) => number,
) {
  return onArray(library, (array, rest, keywords, runtime) => {
    const { axes, keep } = options(array, rest, keywords, runtime);
    const groups = groupsOf(array, axes, keep);
    const dtype = type(array.dtype);
    const lost = array.unknown ?? (array.symbolic ? runtime.unknown(`${name} of losses`) : null);
    if (lost !== null) return NdArray.unknown(groups.shape, dtype, lost, library);
    runtime.spend(1 + (array.size >> 2));
    const values = Array.from({ length: sizeOf(groups.shape) }, () => [] as number[]);
    array.data.forEach((value, i) => {
      values[groups.of[i]!]!.push(value);
    });
    const data = Float64Array.from(values, (each) => cast(reduce(each, keywords), dtype));
    return new NdArray(groups.shape, dtype, data, null, 'plain', library);
  });
}

/** torch keeps uint8, which was its boolean once. */
const flag = (library: Library) => (dtype: string) =>
  library === 'torch' && dtype === 'uint8' ? dtype : 'bool';
const center = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

function variance(values: readonly number[], correction: number): number {
  const middle = center(values);
  return values.reduce((sum, x) => sum + (x - middle) ** 2, 0) / (values.length - correction);
}

function median(values: readonly number[], library: Library): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [low, high] = [
    sorted[Math.floor(middle)] ?? Number.NaN,
    sorted[Math.ceil(middle)] ?? Number.NaN,
  ];
  return library === 'torch' ? low : (low + high) / 2;
}

export function reductions(library: Library): Operations {
  const float = (dtype: string) => (isFloat(dtype) ? dtype : defaultFloat(library));
  const same = (dtype: string) => dtype;
  const both = library === 'torch' ? 'both' : 'values';
  const correction = library === 'torch' ? 1 : 0;
  return {
    sum: sum(library),
    nansum: sum(library),
    mean: mean(library),
    average: average(library),
    nanmean: mean(library),
    max: extreme(library, 'max', both),
    min: extreme(library, 'min', both),
    amax: extreme(library, 'max', 'values'),
    amin: extreme(library, 'min', 'values'),
    argmax: extreme(library, 'max', 'index'),
    argmin: extreme(library, 'min', 'index'),
    any: numeric(library, 'any', flag(library), (values) => Number(values.some((x) => x !== 0))),
    all: numeric(library, 'all', flag(library), (values) => Number(values.every((x) => x !== 0))),
    prod: numeric(
      library,
      'prod',
      (dtype) => sumType(dtype, library),
      (values) => values.reduce((a, b) => a * b, 1),
    ),
    count_nonzero: (args, keywords, runtime) => {
      const [given, ...rest] = args;
      // Of targets it is a sum, to which each of them adds one or nothing.
      const holds = runtime.binary('!=', asArray(given ?? null, library, runtime) ?? null, 0);
      return sum(library)([holds, ...rest], keywords, runtime);
    },
    var: numeric(library, 'var', float, (values) => variance(values, correction)),
    std: numeric(library, 'std', float, (values) => Math.sqrt(variance(values, correction))),
    median: numeric(library, 'median', library === 'torch' ? same : float, (values) =>
      median(values, library),
    ),
    ptp: numeric(
      library,
      'ptp',
      (dtype) => dtype,
      (values) => greatest(values) - least(values),
    ),
  };
}
