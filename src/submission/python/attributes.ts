/**
 * Attributes and methods of any value.
 */
import { PyBytes } from './bytes.js';
import type { Method, MethodTable } from './methods.js';
import { BYTES_METHODS } from './methods-bytes.js';
import { DICT_METHODS, SET_METHODS } from './methods-mappings.js';
import { ITERATOR_METHODS, LIST_METHODS, TUPLE_METHODS } from './methods-sequences.js';
import { TEXT_METHODS } from './methods-texts.js';
import { PyClass, PyInstance } from './object-classes.js';
import { PyFunction, PyIterator } from './object-functions.js';
import { PyDict, PySet } from './object-mappings.js';
import { PyList, PyTuple } from './object-sequences.js';
import { typeName } from './operators.js';
import type { Runtime } from './runtime.js';
import { NativeFunction, PyObject, Unknown, type Value } from './values.js';

function tableOf(value: Value): MethodTable | undefined {
  if (typeof value === 'string') return TEXT_METHODS;
  if (!(value instanceof PyObject)) return NUMBER_METHODS;
  if (value instanceof PyList) return LIST_METHODS;
  if (value instanceof PyDict) return DICT_METHODS;
  if (value instanceof PyTuple) return TUPLE_METHODS;
  if (value instanceof PySet) return SET_METHODS;
  if (value instanceof PyBytes) return BYTES_METHODS;
  if (value instanceof PyIterator) return ITERATOR_METHODS;
  return undefined;
}

const NUMBER_METHODS: MethodTable = new Map<string, Method>([
  ['is_integer', (self) => Number.isInteger(Number(self))],
  [
    'bit_length',
    (self) => Math.abs(Number(self)).toString(2).length - (Number(self) === 0 ? 1 : 0),
  ],
  ['bit_count', (self) => Math.abs(Number(self)).toString(2).replaceAll('0', '').length],
  ['conjugate', (self) => self],
  // What the model of a library gives as a plain number may be one of its scalars.
  ['item', (self) => self],
  [
    'to_bytes',
    (self, [length, order], keywords, runtime) =>
      toBytes(self, length, order ?? keywords.get('byteorder'), runtime),
  ],
]);

function toBytes(
  self: Value,
  length: Value | undefined,
  order: Value | undefined,
  runtime: Runtime,
): Value {
  const count = typeof length === 'number' ? length : 1;
  if (count > 1_000) return runtime.unknown('bytes that are too long');
  const data = new Uint8Array(count);
  let rest = BigInt.asUintN(count * 8, BigInt(Math.trunc(Number(self))));
  for (let i = 0; i < count; i++, rest >>= 8n) data[i] = Number(rest & 255n);
  return new PyBytes(order === 'little' ? data : data.reverse());
}

/** A method of a built-in type, before it is bound. */
export function methodOf(value: Value, name: string): Method | undefined {
  return tableOf(value)?.get(name);
}

/** Undefined where there is none. */
export function attributeOf(value: Value, name: string, runtime: Runtime): Value | undefined {
  const own = value instanceof PyObject ? value.attribute(name, runtime) : undefined;
  if (own !== undefined) return own;
  const method = methodOf(value, name);
  if (method !== undefined) {
    return new NativeFunction(name, (args, keywords) => method(value, args, keywords, runtime));
  }
  if (name === '__class__') return typeOf(value, runtime);
  if (name === '__name__' && value instanceof NativeFunction) return value.name;
  if (name === '__doc__') return null;
  if (name === '__module__' && (value instanceof PyClass || value instanceof PyFunction)) {
    return '__main__';
  }
  if (!(value instanceof PyObject) && /^(?:real|imag|numerator|denominator)$/.test(name)) {
    return name === 'imag' ? 0 : name === 'denominator' ? 1 : value;
  }
  return undefined;
}

/** As `type(x)` has it. */
export function typeOf(value: Value, runtime: Runtime): Value {
  if (value instanceof Unknown) return new Unknown(value.stop);
  if (value instanceof PyInstance) return value.cls;
  const named = runtime.builtinType(typeName(value));
  return named ?? runtime.unknown(`the type of a ${typeName(value)}`);
}
