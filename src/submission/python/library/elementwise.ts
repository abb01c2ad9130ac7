/**
 * Operations on arrays element by element, with broadcasting.
 */
import { withAddition } from '../added.js';
import { ARITHMETIC, COMPARISONS } from '../number-operators.js';
import type { Runtime } from '../runtime.js';
import { numericValue, Sum, scalarBinary, scalarUnary } from '../sums.js';
import { stopOfOperation, stopWith, Unknown, type Value } from '../values.js';
import { NdArray } from './array.js';
import { assign, widen } from './assigning.js';
import { asArray, tooLarge } from './convert.js';
import {
  CAST,
  defaultFloat,
  isFloat,
  isInteger,
  type Library,
  type Operand,
  resultType,
} from './dtypes.js';
import { broadcastShapes, type Shape, sameShape, sizeOf, spread } from './shapes.js';
import { type Element, isElement, NO_TAG } from './storage.js';
import { isHistogram, keepTallies, talliedProduct } from './tallies.js';

const operand = (array: NdArray, value: Value): Operand => ({
  dtype: array.dtype,
  weight: isElement(value) ? 'number' : array.shape.length > 0 ? 'array' : 'scalar',
});

/** The type in which two operands meet, and that of the result. */
function typesOf(
  operator: string,
  a: Operand,
  b: Operand,
  library: Library,
): { meet: string; result: string } {
  const meet = resultType(a, b, library);
  if (operator in COMPARISONS) return { meet, result: 'bool' };
  if (isFloat(meet)) return { meet, result: meet };
  if (operator === '/') return { meet, result: defaultFloat(library) };
  const small = meet === 'bool' && library === 'numpy' && NO_BOOL.has(operator);
  return { meet, result: small ? 'int8' : meet };
}

/** Of two booleans numpy makes integers here. */
const NO_BOOL = new Set(['//', '%', '**', '<<', '>>']);

/** `left operator right`, where at least one is an array; undefined where the other is nothing like a number. */
export function arrayBinary(
  operator: string,
  left: Value,
  right: Value,
  runtime: Runtime,
): Value | undefined {
  const array = left instanceof NdArray ? left : right;
  if (!(array instanceof NdArray)) return undefined;
  if (isHistogram(left) && (operator === '*' || operator === '/') && right instanceof NdArray) {
    const number = right.size === 1 && right.symbolic ? numericValue(right.element(0)) : null;
    if (number !== null) return arrayBinary(operator, left, number, runtime);
  }
  const tallied = talliedProduct(operator, left, right, runtime);
  if (tallied !== null) return tallied;
  const other = array === left ? right : left;
  if (other instanceof Unknown) return withUnknown(operator, array, other, array === left, runtime);
  const { library } = array;
  const [first, second] = [inFull(left, library, runtime), inFull(right, library, runtime)];
  const a = first === null || second === null ? first : forTargets(first, second);
  const b = first === null || second === null ? second : forTargets(second, first);
  if (a === null || b === null) {
    return operator === '==' ? false : operator === '!=' ? true : undefined;
  }
  const shape = broadcastShapes(a.shape, b.shape);
  if (shape === null) {
    return runtime.raise('ValueError', `shapes (${a.shape}) and (${b.shape}) do not broadcast`);
  }
  const types = typesOf(operator, operand(a, left), operand(b, right), library);
  const dtype = types.result;
  const size = sizeOf(shape);
  // Of elements that are not known nothing is allocated.
  const lost = a.unknown ?? b.unknown;
  const unknown = lost ?? ofModel(a, b, size, dtype, runtime) ?? tooLarge(size, runtime);
  if (unknown !== null) {
    const known = a.unknown === null ? a : b;
    const result = withUnknown(operator, known, unknown, known === a, runtime);
    if (result instanceof NdArray && sameShape(known.shape, shape)) return result;
    const model = operator === '*' && other === 0 && unknown.stop.ids !== undefined;
    if (model) return NdArray.zeros(shape, dtype, library);
    const stop = stopOfOperation(operator, stopWith(unknown.stop, [a, b]), other);
    return NdArray.unknown(shape, dtype, new Unknown(stop), library);
  }
  const met = (array: NdArray): NdArray =>
    isInteger(types.meet) && array.dtype !== types.meet && !array.symbolic
      ? inType(array, types.meet)
      : array;
  const result = marked(combine(operator, met(a), met(b), shape, dtype, runtime), a, b);
  return keepTallies(operator, result, a, b);
}

/** A number that the script states is not rounded to the type that it would have as an array. */
function inFull(value: Value, library: Library, runtime: Runtime): NdArray | null {
  if (typeof value !== 'number' || Number.isInteger(value)) return asArray(value, library, runtime);
  return new NdArray([], 'float64', Float64Array.of(value), null, 'plain', library);
}

/** Floats for each pair of a token and an id are logits: no count of bytes is made of such. */
const PAIRS_MIN = 4096;

function ofModel(
  a: NdArray,
  b: NdArray,
  size: number,
  dtype: string,
  runtime: Runtime,
): Unknown | null {
  if (size < PAIRS_MIN || size <= a.size || size <= b.size || !isFloat(dtype)) return null;
  if (!a.tagged && !b.tagged) return null;
  return new Unknown({ ...runtime.here(), reason: 'numbers of a model' });
}

function inType(array: NdArray, dtype: string): NdArray {
  const { shape, data, tags, library } = array;
  return new NdArray(shape, dtype, data.map(CAST[dtype]!), tags, 'plain', library);
}

/** A model's loss beside an array for the targets is theirs one by one. */
function forTargets(array: NdArray, other: NdArray): NdArray {
  const { perTarget } = array;
  return perTarget !== null && other.size > 1 && other.size === perTarget.size ? perTarget : array;
}

function marked(result: NdArray, a: NdArray, b: NdArray): NdArray {
  const source = sameShape(a.shape, result.shape) ? a : b;
  result.flatFrom = source.flatFrom ?? a.flatFrom ?? b.flatFrom;
  result.gathered = a.gathered || b.gathered;
  return result;
}

/** What was taken from logits at the targets is a loss once the normaliser, which is unknown, is added. */
function withUnknown(
  operator: string,
  array: NdArray,
  unknown: Unknown,
  first: boolean,
  runtime: Runtime,
): Value {
  const sum = operator === '+' || operator === '-';
  if (array.gathered && sum) {
    const result = ofTargets(array, operator === '-' && !first ? -1 : 1);
    result.flatFrom = array.flatFrom;
    result.gathered = false;
    result.normalised = true;
    return result;
  }
  const adds = operator === '+' || (operator === '-' && first);
  const added = adds ? withAdded(array, unknown, runtime) : null;
  return added ?? new Unknown(stopWith(unknown.stop, [array]));
}

/** Losses, and something of the model that is no loss; null where it may be one, or a part of the normaliser. */
function withAdded(array: NdArray, unknown: Unknown, runtime: Runtime): NdArray | null {
  if (array.unknown !== null || !array.symbolic) return null;
  if (array.normalised && unknown.stop.scaled === undefined) return null;
  const last = array.lastId();
  const { added } = runtime.host;
  if (last === undefined || added === undefined || unknown.stop.ids !== last - 1) return null;
  if (array.size === 1) {
    const element = array.element(0);
    const sum = element instanceof Sum ? element.withAdded(unknown, runtime) : null;
    return sum === null ? null : NdArray.of([sum], array.shape, array.dtype, array.library);
  }
  const { shape, dtype, data, tags, library, cells } = array;
  if (array.kind !== 'loss' || cells !== null || data.some((each) => each < 0)) return null;
  const number = added.call(runtime.host, { at: runtime.here(), smoothing: null });
  const own = tags!.map((tag) => withAddition(tag, number));
  return new NdArray(shape, dtype, data.slice(), own, 'loss', library).like(array);
}

/** Whatever the logits were multiplied by, such as the inverse of a temperature: with the normaliser they are nats. */
function ofTargets(array: NdArray, sign: 1 | -1): NdArray {
  const result = array.copy();
  const { storage } = result;
  storage.data.forEach((value, i) => {
    storage.data[i] = value === 0 ? 0 : sign * Math.sign(value);
  });
  return result;
}

function combine(
  operator: string,
  a: NdArray,
  b: NdArray,
  shape: Shape,
  dtype: string,
  runtime: Runtime,
): NdArray {
  const [at, bt] = [indexes(a, shape), indexes(b, shape)];
  if (!a.symbolic && !b.symbolic) return plain(operator, a, b, at, bt, shape, dtype, runtime);
  return (
    scaledLoss(operator, a, b, at, bt, shape) ?? each(operator, a, b, at, bt, shape, dtype, runtime)
  );
}

/** Null where the elements are in order. */
const indexes = (array: NdArray, shape: Shape): Int32Array | null =>
  sameShape(array.shape, shape) ? null : spread(array.shape, shape);

function numberFunction(operator: string, runtime: Runtime): (a: number, b: number) => number {
  const compare = COMPARISONS[operator];
  if (compare !== undefined) return (x, y) => (compare(x, y) ? 1 : 0);
  return (
    ARITHMETIC[operator] ??
    runtime.raise('TypeError', `unsupported operand type(s) for ${operator}`)
  );
}

/** `position < 3_000_000` and `minimum(rows, 500)` of smaller numbers. */
export function bounded(a: NdArray, b: NdArray, runtime: Runtime): void {
  const [one, other] = b.size === 1 ? [b, a] : [a, b];
  const limit = one.data[0]!;
  if (one.size !== 1 || !(limit >= BOUND_MIN) || other.size === 0) return;
  const most = other.data.reduce((max, value) => Math.max(max, value), 0);
  if (most < limit) runtime.host.limited?.(limit, most, false, runtime);
}

/** Smaller numbers limit nothing of a set. */
const BOUND_MIN = 64;

type Positions = Int32Array | null;

function plain(
  operator: string,
  a: NdArray,
  b: NdArray,
  at: Positions,
  bt: Positions,
  shape: Shape,
  dtype: string,
  runtime: Runtime,
): NdArray {
  const size = sizeOf(shape);
  const data = new Float64Array(size);
  const operate = numberFunction(operator, runtime);
  const round = operator in COMPARISONS || dtype === 'float64' ? null : CAST[dtype];
  const [x, y] = [a.data, b.data];
  if (operator.includes('<') || operator.includes('>')) bounded(a, b, runtime);
  for (let i = 0; i < size; i += 1) {
    const value = operate(x[at === null ? i : at[i]!]!, y[bt === null ? i : bt[i]!]!);
    data[i] = round ? round(value) : value;
  }
  return new NdArray(
    shape,
    dtype,
    data,
    laterTags(a.tags, b.tags, at, bt, size),
    'plain',
    a.library,
  );
}

/** An element made of two tokens belongs to the later one. */
function laterTags(
  a: Int32Array | null,
  b: Int32Array | null,
  at: Positions,
  bt: Positions,
  size: number,
) {
  if (a === null && b === null) return null;
  const tags = new Int32Array(size).fill(NO_TAG);
  for (let i = 0; i < size; i += 1) {
    const own = a?.[at === null ? i : at[i]!] ?? NO_TAG;
    const other = b?.[bt === null ? i : bt[i]!] ?? NO_TAG;
    tags[i] = own > other ? own : other;
  }
  return tags;
}

/** Losses times or by numbers, and sums and differences of losses of the same targets; null for all else. */
function scaledLoss(
  operator: string,
  a: NdArray,
  b: NdArray,
  at: Positions,
  bt: Positions,
  shape: Shape,
): NdArray | null {
  if ((a.cells?.size ?? 0) > 0 || (b.cells?.size ?? 0) > 0) return null;
  const [x, y] = [a.data, b.data];
  const size = sizeOf(shape);
  // A single number is a sum, whose quotients the host is told of.
  if (size === 1) return null;
  const scale = operator === '*' || (operator === '/' && b.kind === 'plain');
  const sum = operator === '+' || operator === '-';
  if (!(scale && a.kind !== b.kind) && !sum) return null;
  const [ta, tb] = [a.kind === 'loss' ? a.tags : null, b.kind === 'loss' ? b.tags : null];
  const data = new Float64Array(size);
  const tags = new Int32Array(size).fill(NO_TAG);
  const operate = ARITHMETIC[operator]!;
  for (let i = 0; i < size; i += 1) {
    const [p, q] = [at === null ? i : at[i]!, bt === null ? i : bt[i]!];
    const [u, v] = [x[p]!, y[q]!];
    const own = ta === null || u === 0 ? null : ta[p]!;
    const other = tb === null || v === 0 ? null : tb[q]!;
    if (sum && own !== other) {
      const lone = own === null ? u : other === null ? v : 1;
      if (lone !== 0) return null;
    }
    data[i] = operate(u, v);
    tags[i] = own ?? other ?? NO_TAG;
    if (!Number.isFinite(data[i]!)) return null;
  }
  const dtype = a.kind === 'loss' ? a.dtype : b.dtype;
  return new NdArray(shape, wideLoss(dtype, a, b), data, tags, 'loss', a.library);
}

const wideLoss = (dtype: string, a: NdArray, b: NdArray): string =>
  a.shape.length === 0 || b.shape.length === 0
    ? dtype
    : a.dtype === 'float64' || b.dtype === 'float64'
      ? 'float64'
      : dtype;

function each(
  operator: string,
  a: NdArray,
  b: NdArray,
  at: Positions,
  bt: Positions,
  shape: Shape,
  dtype: string,
  runtime: Runtime,
): NdArray {
  const size = sizeOf(shape);
  runtime.spend(size);
  const elements: (Element | boolean)[] = [];
  for (let i = 0; i < size; i += 1) {
    const x = a.element(at === null ? i : at[i]!);
    const y = b.element(bt === null ? i : bt[i]!);
    elements.push(elementBinary(operator, typed(x, dtype), typed(y, dtype), runtime));
  }
  return NdArray.of(elements, shape, dtype, a.library);
}

const typed = (element: Element, dtype: string): Element =>
  element instanceof Sum && dtype !== 'bool' ? element.as(dtype) : element;

function elementBinary(
  operator: string,
  x: Element,
  y: Element,
  runtime: Runtime,
): Element | boolean {
  if (x instanceof Unknown) return x;
  if (y instanceof Unknown) return y;
  if (operator === '/' && y === 0) return Number.NaN;
  const result = scalarBinary(operator, x, y, runtime);
  return result !== undefined && isElement(result)
    ? result
    : runtime.raise('TypeError', `unsupported operand type(s) for ${operator}`);
}

/** `target operator= other`, into the target's own elements and type. */
export function arrayUpdate(
  target: NdArray,
  operator: string,
  other: Value,
  runtime: Runtime,
): Value | undefined {
  const array = other instanceof Unknown ? other : asArray(other, target.library, runtime);
  if (array === null) return undefined;
  // The sum is rounded to the target's type, however it was computed.
  const alone =
    array instanceof NdArray && target.size === 1 && array.size === 1 && target.unknown === null;
  if (alone && (operator === '+' || operator === '-')) {
    const [x, y] = [
      target.element(0),
      typeof other === 'number' ? other : (array as NdArray).element(0),
    ];
    const type = isFloat(target.dtype) ? target.dtype : (array as NdArray).dtype;
    const sum = elementBinary(operator, typed(x, type), typed(y, type), runtime);
    widen(target, type);
    target.write(0, sum);
    return target;
  }
  const result = arrayBinary(operator, target, other, runtime);
  if (result === undefined) return undefined;
  assign(target, result, runtime);
  return target;
}

export function arrayUnary(array: NdArray, operator: string, runtime: Runtime): Value | undefined {
  if (operator === '+' || array.unknown !== null) return array;
  const result = NdArray.zeros(array.shape, array.dtype, array.library).like(array);
  runtime.spend(1 + (array.size >> 3));
  for (let i = 0; i < array.size; i += 1) {
    const element = array.element(i);
    if (element instanceof Unknown) result.write(i, element);
    else if (operator === '~' && array.dtype === 'bool' && !array.symbolic) {
      const flipped = array.data[i] === 0 ? 1 : 0;
      const tag = array.tags?.[i] ?? NO_TAG;
      result.write(i, tag === NO_TAG ? flipped : new Sum('count', new Map([[tag, flipped]]), 0));
    } else {
      const value = scalarUnary(operator, element, runtime);
      if (value === undefined || !isElement(value)) return undefined;
      result.write(i, value);
    }
  }
  return result;
}
