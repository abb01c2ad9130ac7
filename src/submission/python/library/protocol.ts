/**
 * What arrays answer the interpreter.
 */
import type { Runtime } from '../runtime.js';
import { numericValue } from '../sums.js';
import { Unknown, type Value } from '../values.js';
import { type NdArray, setArrayProtocol } from './array.js';
import { assign } from './assigning.js';
import { arrayAttribute } from './attributes.js';
import { asArray, unknownOf } from './convert.js';
import { arrayBinary, arrayUnary, arrayUpdate } from './elementwise.js';
import { arrayItem, select } from './indexing.js';
import { operationsOf } from './operations.js';

/** Fewer elements are kept apart where some of them are not known. */
const WEIGHTS_MIN = 4096;

function setItem(self: NdArray, index: Value, value: Value, runtime: Runtime): boolean {
  if (self.unknown !== null) return true;
  // Of weights that are copied one layer after the other, nothing is known in the end.
  const reason = unknownOf(value);
  if (reason !== null && self.storage.even !== null && self.storage.length >= WEIGHTS_MIN) {
    self.storage.forget(reason);
    return true;
  }
  const selection = select(self, index, runtime);
  if (selection === null) {
    self.storage.forget(
      value instanceof Unknown ? value : runtime.unknown('an index that is not known'),
    );
    return true;
  }
  assign(self.view(selection.shape, selection.positions), value, runtime);
  return true;
}

/** Numpy's scalars and mlx's arrays are replaced, torch's tensors are changed. */
function update(
  self: NdArray,
  operator: string,
  other: Value,
  runtime: Runtime,
): Value | undefined {
  if (operator === '') {
    assign(self, other, runtime);
    return self;
  }
  if (self.library === 'mlx' || (self.library === 'numpy' && self.shape.length === 0))
    return undefined;
  return arrayUpdate(self, operator, other, runtime);
}

function truth(self: NdArray, runtime: Runtime): boolean | null {
  if (self.size === 0) return false;
  if (self.size > 1) {
    return runtime.raise(
      'ValueError',
      'the truth value of an array of more than one element is ambiguous',
    );
  }
  const element = self.element(0);
  const value = numericValue(element);
  return value === null ? null : value !== 0;
}

function* iterate(self: NdArray, runtime: Runtime): Iterable<Value> {
  if (self.shape.length === 0) runtime.raise('TypeError', 'iteration over a 0-d array');
  const length = self.shape[0] ?? 0;
  for (let i = 0; i < length; i += 1) yield arrayItem(self, i, runtime);
}

function contains(self: NdArray, value: Value, runtime: Runtime): boolean | undefined {
  const other = asArray(value, self.library, runtime);
  const wanted = other?.size === 1 ? numericValue(other.element(0)) : null;
  if (wanted === null || self.symbolic) return undefined;
  return self.data.includes(wanted);
}

/** Of vectors; products of matrices are of models. */
function product(self: NdArray, other: Value, reflected: boolean, runtime: Runtime): Value {
  const operands = reflected ? [other, self] : [self, other];
  return operationsOf(self.library).get('matmul')!(operands, new Map(), runtime);
}

setArrayProtocol({
  attribute: arrayAttribute,
  item: arrayItem,
  setItem,
  binary: (self, operator, other, reflected, runtime) =>
    operator === '@'
      ? product(self, other, reflected, runtime)
      : reflected
        ? arrayBinary(operator, other, self, runtime)
        : arrayBinary(operator, self, other, runtime),
  update,
  unary: arrayUnary,
  truth,
  iterate,
  contains,
});
