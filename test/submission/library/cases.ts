/** Operations on arrays as data that the referee of Python reads too. */

import { NdArray } from '#bpb/submission/python/library/array';
import { PyBytes } from '#bpb/submission/python/objects';
import { numericValue } from '#bpb/submission/python/sums';
import { PyObject, Unknown, type Value } from '#bpb/submission/python/values';
import { slice, type TestRuntime } from './runtime.js';

export interface ArrayData {
  readonly array: readonly number[];
  readonly shape: readonly number[];
  readonly dtype: string;
}

export type Datum =
  | number
  | boolean
  | null
  | string
  | ArrayData
  | { readonly slice: readonly (number | null)[] }
  | { readonly tuple: readonly Datum[] }
  | { readonly list: readonly Datum[] }
  | { readonly bytes: readonly number[] }
  | { readonly type: string }
  | 'Ellipsis';

export interface Step {
  readonly kind: 'item' | 'method' | 'function' | 'binary' | 'reflected' | 'update' | 'set';
  readonly name?: string;
  readonly args?: readonly Datum[];
  readonly keywords?: Readonly<Record<string, Datum>>;
}

export interface Case {
  readonly library: 'torch' | 'numpy';
  readonly start: Datum;
  readonly steps: readonly Step[];
}

export interface Outcome {
  readonly error?: string;
  readonly unknown?: string;
  /** One for each array or number of the result. */
  readonly parts?: readonly {
    shape: readonly number[];
    dtype: string | null;
    data: readonly number[];
  }[];
}

class Dots extends PyObject {
  readonly typeName = 'ellipsis';
}

export function inRuntime(datum: Datum, library: 'torch' | 'numpy', runtime: TestRuntime): Value {
  if (datum === 'Ellipsis') return new Dots();
  if (datum === null || typeof datum !== 'object') return datum;
  if ('array' in datum) {
    return new NdArray(
      datum.shape,
      datum.dtype,
      Float64Array.from(datum.array),
      null,
      'plain',
      library,
    );
  }
  if ('slice' in datum) return slice(...datum.slice);
  if ('bytes' in datum) return new PyBytes(Uint8Array.from(datum.bytes));
  if ('type' in datum) return runtime.attribute(runtime.host.module(library, runtime)!, datum.type);
  const items = 'tuple' in datum ? datum.tuple : datum.list;
  const values = items.map((each) => inRuntime(each, library, runtime));
  return 'tuple' in datum ? runtime.tuple(values) : runtime.list(values);
}

export function outcomeOf({ library, start, steps }: Case, runtime: TestRuntime): Outcome {
  const value = (datum: Datum) => inRuntime(datum, library, runtime);
  let current: Value = value(start);
  try {
    for (const { kind, name = '', args = [], keywords = {} } of steps) {
      const values = args.map(value);
      const named = Object.fromEntries(
        Object.entries(keywords).map(([key, each]) => [key, value(each)]),
      );
      if (kind === 'item') current = runtime.item(current, values[0]!);
      else if (kind === 'set') runtime.setItem(current, values[0]!, values[1]!);
      else if (kind === 'method') current = runtime.method(current, name, values, named);
      else if (kind === 'function')
        current = runtime.of(library, name, [current, ...values], named);
      else if (kind === 'binary') current = runtime.binary(name, current, values[0]!);
      else if (kind === 'reflected') current = runtime.binary(name, values[0]!, current);
      else {
        const changed = (current as PyObject).update(name, values[0]!, runtime);
        current = changed ?? runtime.binary(name, current, values[0]!);
      }
    }
    return { parts: partsOf(current, runtime) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function partsOf(value: Value, runtime: TestRuntime): NonNullable<Outcome['parts']> {
  if (value instanceof Unknown) throw new Error(`unknown: ${value.stop.reason}`);
  if (value instanceof NdArray) {
    if (value.unknown !== null) throw new Error(`unknown: ${value.unknown.stop.reason}`);
    const data = Array.from(
      { length: value.size },
      (_, i) => numericValue(value.element(i) as Value) ?? Number.NaN,
    );
    return [{ shape: value.shape, dtype: value.dtype, data }];
  }
  const number = numericValue(value);
  if (number !== null) return [{ shape: [], dtype: null, data: [number] }];
  if (value === null) return [];
  return [...runtime.iterate(value)].flatMap((each) => partsOf(each, runtime));
}
