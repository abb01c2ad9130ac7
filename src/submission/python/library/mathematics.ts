/**
 * Functions of arrays element by element, by name.
 */
import type { Runtime } from '../runtime.js';
import { numericValue, Ratio, Sum } from '../sums.js';
import { Unknown, type Value } from '../values.js';
import { NdArray, type Operation } from './array.js';
import { asArray, bind, unknownOf } from './convert.js';
import { CAST, defaultFloat, isFloat, itemsize, type Library } from './dtypes.js';
import { arrayBinary, bounded } from './elementwise.js';
import { logOfNumbers, pairNumbers } from './losses.js';
import { type Operations, onArray } from './operation.js';
import { broadcastShapes, type Shape, sizeOf, spread } from './shapes.js';
import { type Element, NO_TAG } from './storage.js';

/** Names of the operators as functions, with torch's, numpy's and those of the module `operator`. */
const OPERATORS: Readonly<Record<string, readonly string[]>> = {
  '+': ['add', '__add__', '__iadd__'],
  '-': ['sub', 'subtract'],
  '*': ['mul', 'multiply'],
  '/': ['div', 'divide', 'true_divide'],
  '//': ['floor_divide'],
  '%': ['remainder', 'mod', 'fmod'],
  '**': ['pow', 'power', 'float_power'],
  '&': ['bitwise_and', '__and__'],
  '|': ['bitwise_or', '__or__'],
  '^': ['bitwise_xor'],
  '<<': ['bitwise_left_shift', 'left_shift'],
  '>>': ['bitwise_right_shift', 'right_shift'],
  '==': ['eq'],
  '!=': ['ne', 'not_equal'],
  '<': ['lt', 'less'],
  '<=': ['le', 'less_equal'],
  '>': ['gt', 'greater'],
  '>=': ['ge', 'greater_equal'],
};

function operatorFunction(operator: string, library: Library): Operation {
  return (args, keywords, runtime) => {
    const [left, right] = bind(args, keywords, ['input|a|x1', 'other|b|x2']);
    if (left === undefined || right === undefined)
      return runtime.raise('TypeError', 'missing an argument');
    const factor = keywords.get('alpha');
    const other = factor === undefined ? right : runtime.binary('*', right, factor);
    const first = asArray(left, library, runtime) ?? left;
    const result = runtime.binary(operator, first, other);
    if (keywords.get('rounding_mode') !== 'floor') return result;
    return runtime.binary('//', first, other);
  };
}

const LN2 = Math.LN2;

const rint = (x: number): number =>
  Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x);

/** Of one number; those in `FLOATS` give floats. */
const FUNCTIONS: Readonly<Record<string, (x: number) => number>> = {
  abs: Math.abs,
  absolute: Math.abs,
  sign: Math.sign,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  fix: Math.trunc,
  round: rint,
  rint,
  square: (x) => x * x,
  relu: (x) => Math.max(x, 0),
  neg: (x) => -x,
  negative: (x) => -x,
};

const FLOATS: Readonly<Record<string, (x: number) => number>> = {
  exp: Math.exp,
  exp2: (x) => 2 ** x,
  expm1: Math.expm1,
  log: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  log1p: Math.log1p,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  reciprocal: (x) => 1 / x,
};

/** What only models compute: of the numbers nothing is followed. */
const OF_MODELS = [
  'sin',
  'cos',
  'tan',
  'tanh',
  'sigmoid',
  'erf',
  'gelu',
  'silu',
  'softmax',
  'log_softmax',
];

const CHECKS: Readonly<Record<string, (x: number) => boolean>> = {
  logical_not: (x) => x === 0,
  isfinite: Number.isFinite,
  isnan: Number.isNaN,
  isinf: (x) => Math.abs(x) === Number.POSITIVE_INFINITY,
};

const FINITE: Readonly<Record<string, number>> = { isfinite: 1, isnan: 0, isinf: 0 };

const OF_A_MODEL = 'numbers of a model';

/** The logarithm of a probability taken at the targets is minus the nats. */
const LOGS: Readonly<Record<string, number>> = { log: 1, log2: 1 / LN2, log10: 1 / Math.LN10 };

/** Elements of the same targets; of a loss the value is not known. */
function mapped(
  array: NdArray,
  dtype: string,
  name: string,
  apply: (x: number) => number,
  runtime: Runtime,
): Value {
  if (array.unknown !== null)
    return NdArray.unknown(array.shape, dtype, array.unknown, array.library);
  runtime.spend(1 + (array.size >> 3));
  const scale = LOGS[name];
  const own = scale === undefined ? null : array.gathered ? array : logOfNumbers(array);
  if (own !== null) {
    const logs = runtime.binary('*', own, scale!);
    if (logs instanceof NdArray) logs.gathered = false;
    return logs;
  }
  if (name === 'neg' || name === 'negative') return runtime.unary('-', array);
  const round = CAST[dtype] ?? ((x: number) => x);
  if (!array.symbolic) {
    const data = array.data.map((x) => round(apply(x)));
    return new NdArray(
      array.shape,
      dtype,
      data,
      array.tags?.slice() ?? null,
      'plain',
      array.library,
    );
  }
  const elements = Array.from({ length: array.size }, (_, i): Element => {
    const element = array.element(i);
    // A loss is a finite number.
    if (name in FINITE && (element instanceof Sum || element instanceof Ratio)) {
      const { value } = element;
      return value === null ? FINITE[name]! : round(apply(value));
    }
    const value = element instanceof Unknown ? null : numericValue(element);
    return value === null ? runtime.unknown(`${name} of a loss`) : round(apply(value));
  });
  return NdArray.of(elements, array.shape, dtype, array.library);
}

/** The float type for what is computed of a type: numpy's is as narrow as the integers are. */
function floatType(dtype: string, library: Library): string {
  if (isFloat(dtype)) return dtype;
  if (library !== 'numpy') return defaultFloat(library);
  return ['float16', 'float32'][itemsize(dtype) - 1] ?? 'float64';
}

function ownType(dtype: string, name: string, library: Library): string {
  if (dtype !== 'bool' || library !== 'numpy') return dtype;
  if (name === 'square') return 'int8';
  return /^(round|rint)$/.test(name) ? 'float16' : dtype;
}

/** `abs` of losses and rounding of their sums leave them. */
const LEAVES_LOSS = new Set(['abs', 'absolute', 'relu']);

function unary(library: Library): Operations {
  const made: Record<string, Operation> = {};
  for (const [name, apply] of Object.entries(FUNCTIONS)) {
    made[name] = onArray(library, (array, _, __, runtime) =>
      array.kind === 'loss' && LEAVES_LOSS.has(name)
        ? array
        : mapped(array, ownType(array.dtype, name, library), name, apply, runtime),
    );
  }
  for (const [name, apply] of Object.entries(FLOATS)) {
    made[name] = onArray(library, (array, _, __, runtime) =>
      mapped(array, floatType(array.dtype, library), name, apply, runtime),
    );
  }
  for (const name of OF_MODELS) {
    made[name] = onArray(library, (array, _, __, runtime) => {
      const ofPairs = pairNumbers(array);
      if (ofPairs !== null) return ofPairs;
      const reason = array.unknown ?? new Unknown({ ...runtime.here(), reason: OF_A_MODEL });
      return NdArray.unknown(array.shape, floatType(array.dtype, library), reason, library);
    });
  }
  made['logsumexp'] = onArray(library, (array, _, __, runtime) => {
    return new Unknown(array.unknown?.stop ?? { ...runtime.here(), reason: OF_A_MODEL });
  });
  for (const [name, check] of Object.entries(CHECKS)) {
    made[name] = onArray(library, (array, _, __, runtime) =>
      mapped(array, 'bool', name, (x) => Number(check(x)), runtime),
    );
  }
  return made;
}

/** The larger or smaller of two; of losses it is not known. */
function between(library: Library, choose: (x: number, y: number) => number): Operation {
  return (args, keywords, runtime) => {
    const [left, right] = bind(args, keywords, ['input|a|x1', 'other|b|x2']);
    const unknown = unknownOf(left, right);
    const [a, b] = [left, right].map((each) => asArray(each ?? null, library, runtime));
    if (!a || !b) return unknown ?? runtime.raise('TypeError', 'expected two arrays');
    const typed = left instanceof NdArray || right instanceof NdArray ? left : a;
    const sum = arrayBinary('+', typed ?? null, right ?? null, runtime);
    if (!(sum instanceof NdArray) || sum.unknown !== null) return sum ?? null;
    if (a.symbolic || b.symbolic)
      return NdArray.unknown(sum.shape, sum.dtype, runtime.unknown('extremes of losses'), library);
    if (choose === Math.min) bounded(a, b, runtime);
    return zipped(a, b, sum.shape, sum.dtype, choose);
  };
}

function zipped(
  a: NdArray,
  b: NdArray,
  shape: Shape,
  dtype: string,
  choose: (x: number, y: number) => number,
): NdArray {
  const [at, bt] = [spread(a.shape, shape), spread(b.shape, shape)];
  const size = sizeOf(shape);
  const data = new Float64Array(size);
  const tags = a.tags === null && b.tags === null ? null : new Int32Array(size).fill(NO_TAG);
  const round = CAST[dtype] ?? ((x: number) => x);
  for (let i = 0; i < size; i += 1) {
    data[i] = round(choose(a.data[at[i]!]!, b.data[bt[i]!]!));
    if (tags !== null) tags[i] = Math.max(a.tags?.[at[i]!] ?? NO_TAG, b.tags?.[bt[i]!] ?? NO_TAG);
  }
  return new NdArray(shape, dtype, data, tags, 'plain', a.library);
}

const logical = (library: Library, operate: (x: boolean, y: boolean) => boolean): Operation => {
  const apply = between(library, (x, y) => Number(operate(x !== 0, y !== 0)));
  return (args, keywords, runtime) => {
    const result = apply(args, keywords, runtime);
    if (!(result instanceof NdArray) || result.unknown !== null) return result;
    return new NdArray(result.shape, 'bool', result.data, result.tags, 'plain', library);
  };
};

/** Nats of a target are below it: a bound that is further away is meant for safety. */
const SAFE_BOUND = 100;

/** Losses are taken to be between bounds that are meant for safety: from 0 or from far below to far above. */
function isSafe(bound: Value | undefined): boolean {
  const size = Math.abs(numericValue(bound ?? null) ?? Number.NaN);
  return bound == null || size <= 1e-3 || size >= SAFE_BOUND;
}

/** A number that is known is compared; what would change is not known, and neither is whether losses do. */
function staysBetween(value: Element, low: Value | undefined, high: Value | undefined): boolean {
  const known = value instanceof Unknown ? null : numericValue(value);
  if (known === null) return isSafe(low) && isSafe(high);
  const [least, most] = [low, high].map((bound) => numericValue(bound ?? null));
  return known >= (least ?? Number.NEGATIVE_INFINITY) && known <= (most ?? Infinity);
}

/** Between two bounds, which may be arrays. */
function clamp(library: Library): Operation {
  const [larger, smaller] = [between(library, Math.max), between(library, Math.min)];
  return (args, keywords, runtime) => {
    const [given, low, high] = bind(args, keywords, ['input|a', 'min|a_min', 'max|a_max']);
    const value = given ?? null;
    if (value instanceof Unknown) return value;
    if (value instanceof Sum || value instanceof Ratio) {
      return staysBetween(value, low, high) ? value : runtime.unknown('sums between bounds');
    }
    const array = asArray(value, library, runtime);
    if (array === null) return runtime.raise('TypeError', 'expected an array');
    if (array.unknown !== null) return array;
    if (array.symbolic) {
      runtime.spend(1 + array.size);
      const stays = (i: number) => staysBetween(array.element(i), low, high);
      const all = Array.from({ length: array.size }, (_, i) => stays(i)).every(Boolean);
      return all ? array : runtime.unknown('losses between bounds');
    }
    const none = new Map<string, Value>();
    const raised = low === undefined || low === null ? array : larger([array, low], none, runtime);
    const result =
      high === undefined || high === null ? raised : smaller([raised, high], none, runtime);
    return result;
  };
}

/** The script's `torch.equal(a, b)`. */
function equal(library: Library): Operation {
  return (args, _, runtime) => {
    const unknown = unknownOf(args[0], args[1]);
    if (unknown !== null) return unknown;
    const [a, b] = [args[0], args[1]].map((each) => asArray(each ?? null, library, runtime));
    if (!a || !b || a.shape.join() !== b.shape.join()) return false;
    if (a.symbolic || b.symbolic) return runtime.unknown('equality of losses');
    return a.data.every((x, i) => x === b.data[i]);
  };
}

export function mathematics(library: Library): Operations {
  const made: Record<string, Operation> = { ...unary(library) };
  for (const [operator, names] of Object.entries(OPERATORS)) {
    for (const name of names) made[name] = operatorFunction(operator, library);
  }
  const same = equal(library);
  return {
    ...made,
    maximum: between(library, Math.max),
    minimum: between(library, Math.min),
    fmax: between(library, Math.max),
    fmin: between(library, Math.min),
    logical_and: logical(library, (x, y) => x && y),
    logical_or: logical(library, (x, y) => x || y),
    logical_xor: logical(library, (x, y) => x !== y),
    clamp: clamp(library),
    clip: clamp(library),
    clamp_min: (args, _, runtime) =>
      clamp(library)([args[0] ?? null, args[1] ?? null], new Map(), runtime),
    clamp_max: (args, _, runtime) =>
      clamp(library)([args[0] ?? null, null, args[1] ?? null], new Map(), runtime),
    addcmul: (args, _, runtime) =>
      runtime.binary('+', args[0] ?? null, runtime.binary('*', args[1] ?? null, args[2] ?? null)),
    array_equal: same,
    ...(library === 'torch' ? { equal: same } : { equal: operatorFunction('==', library) }),
    invert: onArray(library, (array, _, __, runtime) => runtime.unary('~', array)),
    bitwise_not: onArray(library, (array, _, __, runtime) => runtime.unary('~', array)),
    broadcast_shapes: (args, _, runtime) => {
      const shapes = args.map((each) => (runtime.sequence(each) ?? [each]).map(Number));
      return runtime.tuple(broadcastShapes(...shapes) ?? []);
    },
  };
}
