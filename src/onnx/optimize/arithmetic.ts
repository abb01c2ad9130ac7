/**
 * Constant folding, elementwise operators: masks, position tables, shape arithmetic.
 *
 * Results are rounded to their type as a runtime's are; only libm's last bit of sin and cos may differ.
 */

import { isFloat, TYPE } from '../element-types.js';
import { roundToHalves } from '../float16.js';
import { count, indexer, storage, Tensor } from '../tensor.js';

type Binary = (a: number, b: number) => number;

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  Equal: (a, b) => a === b,
  Less: (a, b) => a < b,
  LessOrEqual: (a, b) => a <= b,
  Greater: (a, b) => a > b,
  GreaterOrEqual: (a, b) => a >= b,
  And: (a, b) => a !== 0 && b !== 0,
  Or: (a, b) => a !== 0 || b !== 0,
  Xor: (a, b) => (a !== 0) !== (b !== 0),
};

const BINARY: Readonly<Record<string, Binary>> = {
  Add: (a, b) => a + b,
  Sub: (a, b) => a - b,
  Mul: (a, b) => a * b,
  Div: (a, b) => a / b,
  Pow: (a, b) => a ** b,
  Min: (a, b) => Math.min(a, b),
  Max: (a, b) => Math.max(a, b),
};

const UNARY: Readonly<Record<string, (a: number) => number>> = {
  Identity: (a) => a,
  Neg: (a) => -a,
  Abs: Math.abs,
  Sqrt: Math.sqrt,
  Reciprocal: (a) => 1 / a,
  Exp: Math.exp,
  Log: Math.log,
  Cos: Math.cos,
  Sin: Math.sin,
  Floor: Math.floor,
  Ceil: Math.ceil,
};

/** Dimensions of two shapes broadcast against each other; null where they do not fit. */
function broadcast(a: readonly number[], b: readonly number[]): number[] | null {
  const rank = Math.max(a.length, b.length);
  const dims: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const one = a[axis - rank + a.length] ?? 1;
    const two = b[axis - rank + b.length] ?? 1;
    if (one !== two && one !== 1 && two !== 1) return null;
    dims.push(one === 1 ? two : one);
  }
  return dims;
}

/** Applies a function to inputs broadcast against each other. */
function map(
  type: number,
  inputs: readonly Tensor[],
  compute: (a: number, b: number, c: number) => number,
): Tensor | null {
  let dims: number[] | null = [];
  let stored: number[] | null = [];
  for (const input of inputs) {
    dims = dims && broadcast(dims, input.dims);
    stored = stored && broadcast(stored, input.stored);
  }
  if (dims === null || stored === null || !inputs.every(isHeld)) return null;
  const values = storage(type, count(stored));
  const at = inputs.map((input) => indexer(stored, input.stored));
  const read = (k: number, i: number): number => inputs[k]?.values[at[k]!(i)] ?? Number.NaN;
  for (let i = 0; i < values.length; i++) values[i] = compute(read(0, i), read(1, i), read(2, i));
  return settled(new Tensor(type, dims, values, stored));
}

/** Integers that each type holds, as far as float64 does too. */
const LIMITS: Readonly<Record<number, readonly [number, number]>> = {
  [TYPE.bool]: [0, 1],
  [TYPE.uint8]: [0, 2 ** 8 - 1],
  [TYPE.int8]: [-(2 ** 7), 2 ** 7 - 1],
  [TYPE.int32]: [-(2 ** 31), 2 ** 31 - 1],
  [TYPE.int64]: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

/** As the type holds it: halves rounded; null where integers would wrap around, which is not computed here. */
function settled(tensor: Tensor): Tensor | null {
  const { type, dims, values, stored } = tensor;
  if (type === TYPE.float16) return new Tensor(type, dims, roundToHalves(values), stored);
  return isHeld(tensor) ? tensor : null;
}

/** Whether the values are exactly those of the type: integers beyond 2^53 are not. */
function isHeld({ type, values }: Tensor): boolean {
  if (isFloat(type)) return true;
  const [least, most] = LIMITS[type] ?? [0, -1];
  return values.every((value) => Number.isInteger(value) && value >= least && value <= most);
}

function cast(input: Tensor, to: number): Tensor | null {
  const known = [TYPE.int32, TYPE.int64, TYPE.bool] as number[];
  if (isFloat(to)) return map(to, [input], (a) => a);
  if (!known.includes(to)) return null;
  return map(to, [input], to === TYPE.bool ? (a) => (a === 0 ? 0 : 1) : (a) => Math.trunc(a) + 0);
}

/** The operator's result, or null where it is not one of these or its inputs do not suit it. */
export function arithmetic(
  op: string,
  inputs: readonly Tensor[],
  to: number | null,
): Tensor | null {
  const [a, b, c] = inputs;
  if (a === undefined) return null;
  if (op === 'Cast') return to === null ? null : cast(a, to);
  const unary = UNARY[op];
  if (unary !== undefined && b === undefined) return map(a.type, [a], unary);
  if (op === 'Not') return map(TYPE.bool, [a], (x) => (x === 0 ? 1 : 0));
  if (op === 'IsNaN') return map(TYPE.bool, [a], (x) => (Number.isNaN(x) ? 1 : 0));
  if (b === undefined) return null;
  if (op === 'Where') {
    return c === undefined ? null : map(b.type, [a, b, c], (x, y, z) => (x === 0 ? z : y));
  }
  if (c !== undefined) return null;
  const comparison = COMPARISONS[op];
  if (comparison !== undefined) return map(TYPE.bool, [a, b], (x, y) => +comparison(x, y));
  const binary = BINARY[op];
  if (binary === undefined) return null;
  // Integers divide towards zero, and a remainder is not asked for here.
  const whole = !isFloat(a.type) && op === 'Div';
  return map(a.type, [a, b], whole ? (x, y) => Math.trunc(x / y) : binary);
}
