/**
 * Operators of values, with the protocol of both sides.
 */
import { PyBytes } from './bytes.js';
import { compareTexts, repeated } from './code-points.js';
import { arithmetic } from './numbers.js';
import { PyDict, PySet } from './object-mappings.js';
import { PyList, PyRange, PyTuple } from './object-sequences.js';
import { percentFormat } from './percent-format.js';
import type { Runtime } from './runtime.js';
import { PyObject, stopOfOperation, Unknown, type Value } from './values.js';

/** Containers nested deeper than this are not compared. */
const NESTING_MAX = 40;

export function binaryOf(operator: string, left: Value, right: Value, runtime: Runtime): Value {
  if (typeof left === 'number' && typeof right === 'number') {
    const result = arithmetic(operator, left, right, runtime);
    if (result !== undefined) return result;
  } else if (left instanceof PyObject || right instanceof PyObject) {
    const result = byObjects(operator, left, right, runtime);
    if (result !== undefined) return result;
  } else if (typeof left === 'string') {
    const result = textOperation(operator, left, right, runtime);
    if (result !== undefined) return result;
  } else if (typeof right === 'string' && operator === '*' && typeof left === 'number') {
    return repeated(right, left, runtime);
  } else if (typeof left === 'boolean' || typeof right === 'boolean') {
    if (typeof left === 'boolean' && typeof right === 'boolean') {
      if (operator === '&') return left && right;
      if (operator === '|') return left || right;
      if (operator === '^') return left !== right;
    }
    const [a, b] = [numeric(left), numeric(right)];
    if (a !== left || b !== right) return binaryOf(operator, a, b, runtime);
  }
  return runtime.raise(
    'TypeError',
    `unsupported operand type(s) for ${operator}: '${typeName(left)}' and '${typeName(right)}'`,
  );
}

function byObjects(
  operator: string,
  left: Value,
  right: Value,
  runtime: Runtime,
): Value | undefined {
  const first = left instanceof PyObject ? left.binary(operator, right, false, runtime) : undefined;
  if (first !== undefined) return first;
  if (typeof left === 'string' && operator === '%') return percentFormat(left, right, runtime);
  const second =
    right instanceof PyObject ? right.binary(operator, left, true, runtime) : undefined;
  if (second !== undefined) return second;
  if (left instanceof Unknown) return combined(operator, left, right);
  return right instanceof Unknown ? combined(operator, right, left) : undefined;
}

function again(unknown: Unknown): Unknown {
  return new Unknown(unknown.stop);
}

function combined(operator: string, { stop }: Unknown, other: Value): Value {
  // What is computed from ids is a number of a model, whatever it is.
  if (operator === '*' && other === 0 && stop.ids !== undefined) return 0;
  return new Unknown(stopOfOperation(operator, stop, other));
}

function textOperation(
  operator: string,
  left: string,
  right: Value,
  runtime: Runtime,
): Value | undefined {
  if (operator === '+' && typeof right === 'string') {
    const length = left.length + right.length;
    if (length > 2 ** 24) return runtime.unknown('a text that is too long');
    runtime.spend(length / 64);
    runtime.allocate(length / 16 + 2);
    return left + right;
  }
  const times = numeric(right);
  if (operator === '*' && typeof times === 'number') return repeated(left, times, runtime);
  return operator === '%' ? percentFormat(left, right, runtime) : undefined;
}

export function unaryOf(operator: string, value: Value, runtime: Runtime): Value {
  const plain = numeric(value);
  if (typeof plain === 'number') {
    if (operator === '-') return plain === 0 ? 0 : -plain;
    if (operator === '+') return plain;
    if (Number.isInteger(plain)) return -plain - 1;
  }
  const result = plain instanceof PyObject ? plain.unary(operator, runtime) : undefined;
  if (result !== undefined) return result;
  return runtime.raise('TypeError', `bad operand type for unary ${operator}: '${typeName(value)}'`);
}

/** A boolean as the number that it is. */
function numeric(value: Value): Value {
  return typeof value === 'boolean' ? Number(value) : value;
}

/** As `type(x).__name__` has it. */
export function typeName(value: Value): string {
  switch (typeof value) {
    case 'string':
      return 'str';
    case 'boolean':
      return 'bool';
    case 'number':
      return Number.isInteger(value) ? 'int' : 'float';
    default:
      return value === null ? 'NoneType' : value.typeName;
  }
}

export function truthOf(value: Value, runtime: Runtime): boolean | null {
  return value instanceof PyObject ? value.truth(runtime) : Boolean(value);
}

/** `left operator right`; of arrays and the like an array. */
export function comparison(operator: string, left: Value, right: Value, runtime: Runtime): Value {
  if (typeof left === 'number' && typeof right === 'number') return ordered(operator, left - right);
  switch (operator) {
    case 'is':
    case 'is not':
      return identity(operator === 'is', left, right);
    case 'in':
    case 'not in': {
      const result = membership(left, right, runtime);
      return typeof result === 'boolean' ? result === (operator === 'in') : result;
    }
    case '==':
    case '!=':
      return equality(operator, left, right, runtime, 0);
    default:
      return ordering(operator, left, right, runtime);
  }
}

function ordered(operator: string, difference: number): boolean {
  switch (operator) {
    case '<':
      return difference < 0;
    case '<=':
      return difference <= 0;
    case '>':
      return difference > 0;
    case '>=':
      return difference >= 0;
    case '==':
    case 'is':
      return difference === 0;
    default:
      return difference !== 0;
  }
}

function identity(positive: boolean, left: Value, right: Value): Value {
  if (left === right) return positive;
  if (left instanceof Unknown) return again(left);
  return right instanceof Unknown ? again(right) : !positive;
}

function membership(value: Value, container: Value, runtime: Runtime): Value {
  if (container instanceof Unknown) return again(container);
  if (typeof container === 'string') {
    if (value instanceof Unknown) return again(value);
    if (typeof value !== 'string') runtime.raise('TypeError', 'a text has texts in it alone');
    runtime.spend(container.length / 64);
    return container.includes(value as string);
  }
  if (!(container instanceof PyObject)) {
    return runtime.raise('TypeError', `argument of type '${typeName(container)}' is not iterable`);
  }
  const found = container.contains(value, runtime);
  if (found !== undefined) return found;
  if (value instanceof Unknown) return again(value);
  const items = container.length(runtime) === undefined ? container.iterate(runtime) : undefined;
  if (items === undefined) return runtime.unknown(`members of a ${container.typeName}`);
  for (const item of items) {
    runtime.spend(1);
    if (runtime.equal(item, value)) return true;
  }
  return false;
}

function equality(
  operator: string,
  left: Value,
  right: Value,
  runtime: Runtime,
  depth: number,
): Value {
  if (!(left instanceof PyObject) && !(right instanceof PyObject)) {
    return (numeric(left) === numeric(right)) === (operator === '==');
  }
  const direct = byObjects(operator, left, right, runtime);
  if (direct !== undefined) return direct;
  if (left === right) return operator === '==';
  if (operator === '!=') {
    const equal = equality('==', left, right, runtime, depth);
    return typeof equal === 'boolean' ? !equal : equal;
  }
  if (depth > NESTING_MAX) return runtime.unknown('a comparison nested too deep');
  const same = deepEqual(left, right, runtime, depth);
  return same ?? runtime.unknown('a comparison of what is not known');
}

/** Null where it is not known. */
function deepEqual(left: Value, right: Value, runtime: Runtime, depth: number): boolean | null {
  const each = (a: Value, b: Value) => {
    if (a === b) return true;
    return truthOf(equality('==', a, b, runtime, depth + 1), runtime);
  };
  if (bothOf(PyList, left, right) || bothOf(PyTuple, left, right)) {
    return allEqual((left as PyList).items, (right as PyList).items, each, runtime);
  }
  if (left instanceof PyRange && right instanceof PyRange) {
    if (left.count !== right.count || left.count === 0) return left.count === right.count;
    return left.start === right.start && (left.count === 1 || left.step === right.step);
  }
  if (left instanceof PyBytes && right instanceof PyBytes) {
    runtime.spend(left.data.length / 8);
    return Buffer.compare(left.data, right.data) === 0;
  }
  if (left instanceof PySet && right instanceof PySet) {
    if (left.blurred !== null || right.blurred !== null) return null;
    runtime.spend(left.members.size);
    if (left.members.size !== right.members.size) return false;
    return [...left.members.keys()].every((key) => right.members.has(key));
  }
  if (left instanceof PyDict && right instanceof PyDict) {
    if (left.blurred !== null || right.blurred !== null) return null;
    if (left.entries.size !== right.entries.size) return false;
    let known = true;
    for (const [key, [, value]] of left.entries) {
      runtime.spend(1);
      const other = right.entries.get(key);
      const same = other === undefined ? false : each(value, other[1]);
      if (same === false) return false;
      known &&= same !== null;
    }
    return known ? true : null;
  }
  return left === right;
}

function bothOf(type: typeof PyList | typeof PyTuple, left: Value, right: Value): boolean {
  return left instanceof type && right instanceof type;
}

function allEqual(
  left: readonly Value[],
  right: readonly Value[],
  each: (a: Value, b: Value) => boolean | null,
  runtime: Runtime,
): boolean | null {
  if (left.length !== right.length) return false;
  let known = true;
  for (const [i, item] of left.entries()) {
    runtime.spend(4);
    const same = each(item, right[i]!);
    if (same === false) return false;
    known &&= same !== null;
  }
  return known ? true : null;
}

function ordering(operator: string, left: Value, right: Value, runtime: Runtime): Value {
  const [a, b] = [numeric(left), numeric(right)];
  if (typeof a === 'number' && typeof b === 'number') return ordered(operator, a - b);
  if (typeof a === 'string' && typeof b === 'string') return ordered(operator, compareTexts(a, b));
  const direct = byObjects(operator, left, right, runtime);
  if (direct !== undefined) return direct;
  if (left instanceof PyBytes && right instanceof PyBytes) {
    return ordered(operator, Buffer.compare(left.data, right.data));
  }
  if (left instanceof PySet && right instanceof PySet) return subset(operator, left, right);
  if (bothOf(PyList, left, right) || bothOf(PyTuple, left, right)) {
    return lexical(operator, (left as PyList).items, (right as PyList).items, runtime);
  }
  return runtime.raise(
    'TypeError',
    `'${operator}' not supported between instances of '${typeName(left)}' and '${typeName(right)}'`,
  );
}

function subset(operator: string, left: PySet, right: PySet): boolean {
  const below = operator.startsWith('<');
  const [small, large] = below ? [left, right] : [right, left];
  const proper = operator.length === 1 && small.members.size === large.members.size;
  return !proper && [...small.members.keys()].every((key) => large.members.has(key));
}

function lexical(
  operator: string,
  left: readonly Value[],
  right: readonly Value[],
  runtime: Runtime,
): Value {
  for (let i = 0; i < left.length && i < right.length; i++) {
    runtime.spend(1);
    const same = runtime.equal(left[i]!, right[i]!);
    if (same === null) return runtime.unknown('a comparison of what is not known');
    if (!same) return ordering(operator, left[i]!, right[i]!, runtime);
  }
  return ordered(operator, left.length - right.length);
}
