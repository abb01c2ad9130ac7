/**
 * Types of array elements: their names, widths, rounding, and which type two of them make.
 */

import type { Runtime } from '../runtime.js';
import { type Keywords, type Native, PyObject, type Value } from '../values.js';

/** Whose rules an array follows. `mlx` stands for jax.numpy too: 32 bits where numpy has 64. */
export type Library = 'torch' | 'numpy' | 'mlx';

const BYTES: Readonly<Record<string, number>> = {
  bool: 1,
  uint8: 1,
  int8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  uint64: 8,
  float16: 2,
  bfloat16: 2,
  float32: 4,
  float64: 8,
};

export const DTYPE_NAMES: readonly string[] = Object.keys(BYTES);

export const itemsize = (dtype: string): number => BYTES[dtype] ?? 8;
export const isFloat = (dtype: string): boolean => dtype.includes('float');
export const isInteger = (dtype: string): boolean => dtype.includes('int');

const category = (dtype: string): number => (isFloat(dtype) ? 2 : isInteger(dtype) ? 1 : 0);

/** Other names, by module. */
const ALIASES: Readonly<Record<string, string>> = {
  bool_: 'bool',
  '?': 'bool',
  long: 'int64',
  int: 'int64',
  int_: 'int64',
  intp: 'int64',
  short: 'int16',
  ushort: 'uint16',
  half: 'float16',
  float: 'float64',
  float_: 'float64',
  single: 'float32',
  double: 'float64',
  uint: 'uint64',
  byte: 'int8',
  ubyte: 'uint8',
  intc: 'int32',
  b: 'int8',
  B: 'uint8',
  h: 'int16',
  H: 'uint16',
  i: 'int32',
  I: 'uint32',
  l: 'int64',
  L: 'uint64',
  q: 'int64',
  Q: 'uint64',
  e: 'float16',
  f: 'float32',
  d: 'float64',
};

/** The type by a name such as `int16`, `torch.int16`, `<u2` or `H`; null where it is none of ours. */
export function dtypeByName(text: string): string | null {
  const name = text.replace(/^(torch|np|numpy)\./, '').replace(/^[<=|>]/, '');
  if (name in BYTES) return name;
  const coded = /^([uif])([1248])$/.exec(name);
  if (coded?.[1] !== undefined && coded[2] !== undefined) {
    const kind = { u: 'uint', i: 'int', f: 'float' }[coded[1]] ?? '';
    const full = `${kind}${Number(coded[2]) * 8}`;
    return full in BYTES ? full : null;
  }
  if (name === 'b1') return 'bool';
  return ALIASES[name] ?? null;
}

/** A type as a value of the script: `torch.int16`, `np.uint16`, `np.dtype("<u2")`. */
export class DType extends PyObject {
  readonly typeName = 'dtype';
  constructor(
    readonly name: string,
    /** What `np.float64(x)` does. */
    private readonly convert: Native | null = null,
  ) {
    super();
  }
  override attribute(name: string): Value | undefined {
    if (name === 'itemsize') return itemsize(this.name);
    if (name === 'name' || name === '__name__') return this.name;
    if (name === 'is_floating_point') return isFloat(this.name);
    if (name === 'kind')
      return (
        { 0: 'b', 1: this.name.startsWith('u') ? 'u' : 'i', 2: 'f' }[category(this.name)] ?? 'V'
      );
    if (name === 'type') return this;
    return undefined;
  }
  override binary(operator: string, other: Value): Value | undefined {
    const same = other instanceof DType && other.name === this.name;
    const named = typeof other === 'string' && dtypeByName(other) === this.name;
    if (operator === '==') return same || named;
    if (operator === '!=') return !(same || named);
    return undefined;
  }
  override call(args: readonly Value[], keywords: Keywords, runtime: Runtime): Value | undefined {
    return this.convert?.(args, keywords, runtime);
  }
}

/** To the nearest, halves to even. */
function rint(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}

function shortFloat(x: number, digits: number, minExponent: number, max: number): number {
  if (x === 0 || !Number.isFinite(x)) return x;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(x))), minExponent);
  const unit = 2 ** (exponent - digits);
  const rounded = rint(x / unit) * unit;
  return Math.abs(rounded) > max ? Math.sign(x) * Number.POSITIVE_INFINITY : rounded;
}

const MAX_HALF = 65504;
const MAX_BFLOAT16 = 3.3895313892515355e38;

const whole = (x: number): number => (Number.isFinite(x) ? Math.trunc(x) : 0);
const modulo = (x: number, n: number): number => {
  const rest = whole(x) % n;
  return rest < 0 ? rest + n : rest;
};

/** `x` as an element of the type: rounded, or wrapped around. */
export const CAST: Readonly<Record<string, (x: number) => number>> = {
  bool: (x) => (x !== 0 ? 1 : 0),
  uint8: (x) => modulo(x, 256),
  int8: (x) => (modulo(x, 256) << 24) >> 24,
  uint16: (x) => modulo(x, 65536),
  int16: (x) => (modulo(x, 65536) << 16) >> 16,
  uint32: (x) => modulo(x, 2 ** 32),
  int32: (x) => modulo(x, 2 ** 32) | 0,
  int64: whole,
  uint64: (x) => (whole(x) < 0 ? whole(x) + 2 ** 64 : whole(x)),
  float16: (x) => shortFloat(Math.fround(x), 10, -14, MAX_HALF),
  bfloat16: (x) => shortFloat(Math.fround(x), 7, -126, MAX_BFLOAT16),
  float32: Math.fround,
  float64: (x) => x,
};

export function cast(x: number, dtype: string): number {
  return CAST[dtype]?.(x) ?? x;
}

const INTEGERS = ['uint8', 'int8', 'uint16', 'int16', 'uint32', 'int32', 'uint64', 'int64'];

/** The type that holds both, for tensors of one category. */
function wider(a: string, b: string, library: Library): string {
  if (a === b) return a;
  if (isFloat(a)) {
    const halves = itemsize(a) === 2 && itemsize(b) === 2;
    return halves ? 'float32' : itemsize(a) >= itemsize(b) ? a : b;
  }
  const [unsigned, signed] = a.startsWith('u') ? [a, b] : [b, a];
  if (a.startsWith('u') === b.startsWith('u')) return itemsize(a) > itemsize(b) ? a : b;
  if (itemsize(signed) > itemsize(unsigned)) return signed;
  if (itemsize(unsigned) === 8) return library === 'numpy' ? 'float64' : 'int64';
  return INTEGERS[INTEGERS.indexOf(unsigned) + 3] ?? 'int64';
}

/** Of an integer and a float array in numpy: the float that holds the integers. */
function numpyMixed(integer: string, float: string): string {
  const needed =
    itemsize(integer) >= 4 ? 'float64' : itemsize(integer) === 2 ? 'float32' : 'float16';
  return wider(needed, float, 'numpy');
}

/** The type of an operation on two arrays of equal rank among operands. */
export function promote(a: string, b: string, library: Library): string {
  const [low, high] = category(a) <= category(b) ? [a, b] : [b, a];
  if (category(low) === category(high)) return low === 'bool' ? 'bool' : wider(low, high, library);
  if (low === 'bool') return high;
  return library === 'numpy' ? numpyMixed(low, high) : high;
}

export const defaultFloat = (library: Library): string =>
  library === 'numpy' ? 'float64' : 'float32';
export const defaultInteger = (library: Library): string => (library === 'mlx' ? 'int32' : 'int64');

/** An operand of an operation: an array, a tensor of no dimension, or a Python number. */
export interface Operand {
  readonly dtype: string;
  readonly weight: 'array' | 'scalar' | 'number';
}

const WEIGHTS = { array: 2, scalar: 1, number: 0 };

/** The type of an operation, by torch's categories or numpy's weak Python numbers. */
export function resultType(a: Operand, b: Operand, library: Library): string {
  const weight = (each: Operand): number =>
    library === 'numpy' && each.weight === 'scalar' ? WEIGHTS.array : WEIGHTS[each.weight];
  if (weight(a) === weight(b)) return promote(a.dtype, b.dtype, library);
  const [strong, weak] = weight(a) > weight(b) ? [a, b] : [b, a];
  if (category(weak.dtype) <= category(strong.dtype)) return strong.dtype;
  if (weak.weight !== 'number') return weak.dtype;
  if (category(weak.dtype) === 1) return defaultInteger(library);
  if (library !== 'numpy') return 'float32';
  return 'float64';
}
