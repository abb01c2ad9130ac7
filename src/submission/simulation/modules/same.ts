/**
 * Whether two values of two runs are the same.
 */
import { NdArray } from '../../python/library/array.js';
import { PyDict, PyList, PyTuple } from '../../python/objects.js';
import { Ratio, Sum } from '../../python/sums.js';
import { PyObject, Unknown, type Value } from '../../python/values.js';

/** Deeper values count as different. */
const DEPTH_MAX = 8;

export function sameValue(left: Value, right: Value, depth = 0): boolean {
  if (!(left instanceof PyObject) || !(right instanceof PyObject)) return Object.is(left, right);
  if (left instanceof Unknown || right instanceof Unknown) {
    return left instanceof Unknown && right instanceof Unknown;
  }
  if (depth >= DEPTH_MAX || left.typeName !== right.typeName) return false;
  if (left instanceof Sum || left instanceof Ratio) return sameSums(left, right);
  const [a, b] = [itemsOf(left), itemsOf(right)];
  if (a !== null && b !== null) {
    return a.length === b.length && a.every((each, i) => sameValue(each, b[i]!, depth + 1));
  }
  return left instanceof NdArray && right instanceof NdArray && sameArrays(left, right);
}

/** Numbers, sums and the places that they belong to. */
function sameArrays(left: NdArray, right: NdArray): boolean {
  if (left.unknown !== null || right.unknown !== null) {
    return left.unknown !== null && right.unknown !== null;
  }
  if (left.size !== right.size || left.kind !== right.kind) return false;
  const [one, other] = [left.storage.even, right.storage.even];
  // Elements that no run has made are not made here, where nobody pays for them.
  if (one !== null || other !== null) return one === other;
  if (!left.symbolic && !right.symbolic) {
    const [a, b] = [left.data, right.data];
    return a.every((value, i) => Object.is(value, b[i]));
  }
  for (let i = 0; i < left.size; i++) {
    if (!sameValue(left.element(i), right.element(i))) return false;
  }
  return true;
}

function sameSums(left: Sum | Ratio, right: PyObject): boolean {
  if (left instanceof Ratio) {
    if (!(right instanceof Ratio)) return false;
    return (
      sameParts(left.numerator, right.numerator) && sameParts(left.denominator, right.denominator)
    );
  }
  return right instanceof Sum && sameParts(left, right);
}

function sameParts(left: Sum | number, right: Sum | number): boolean {
  if (typeof left === 'number' || typeof right === 'number') return left === right;
  if (left.kind !== right.kind || left.constant !== right.constant) return false;
  if (left.terms.size !== right.terms.size) return false;
  for (const [at, value] of left.terms) if (right.terms.get(at) !== value) return false;
  return true;
}

function itemsOf(value: PyObject): readonly Value[] | null {
  if (value instanceof PyList || value instanceof PyTuple) return value.items;
  return value instanceof PyDict ? [...value.entries.values()].flat() : null;
}
