/**
 * What torch's, numpy's and mlx's modules have in common: operations, types, constants.
 */
import { NativeType } from '../object-descriptors.js';
import type { Runtime } from '../runtime.js';
import {
  type Keywords,
  type Native,
  NativeFunction,
  PyObject,
  Unknown,
  type Value,
} from '../values.js';
import { addAt } from './adding-at.js';
import { NdArray } from './array.js';
import { dtypeOf } from './convert.js';
import { typeValue } from './converting.js';
import { DTYPE_NAMES, itemsize, type Library } from './dtypes.js';
import { operationsOf } from './operations.js';

/** A function of two arrays that has the methods of numpy's ufuncs. */
class UniversalFunction extends NativeFunction {
  override attribute(name: string, runtime: Runtime): Value | undefined {
    if (name === 'at') return new NativeFunction(name, (args) => this.into(args, runtime));
    if (name === 'reduceat')
      return new NativeFunction(name, (args) => this.stretches(args, runtime));
    const other = {
      reduce: { add: 'sum', multiply: 'prod', maximum: 'max', minimum: 'min' },
      accumulate: { add: 'cumsum' },
    }[name];
    const operation = operationsOf('numpy').get(
      (other as Record<string, string> | undefined)?.[this.name] ?? '',
    );
    return operation === undefined ? undefined : new NativeFunction(name, operation);
  }
  /** `np.add.at(array, indices, values)` */
  private into(args: readonly Value[], runtime: Runtime): Value {
    const [array, index, values] = args;
    if (!(array instanceof NdArray) || this.name !== 'add')
      return runtime.unknown(`np.${this.name}.at`);
    addAt(array, index ?? null, values ?? 1, runtime);
    return null;
  }
  /** Sums of the stretches that begin at each index. */
  private stretches(args: readonly Value[], runtime: Runtime): Value {
    const [array, starts] = args;
    const known = array instanceof NdArray && starts instanceof NdArray && !starts.symbolic;
    if (!known || this.name !== 'add') return runtime.unknown(`np.${this.name}.reduceat`);
    const operations = operationsOf('numpy');
    const ends = [...starts.data.slice(1), array.shape[0] ?? 0];
    const sums = ends.map((end, i) => {
      const start = starts.data[i]!;
      const stop = end > start ? end : start + 1;
      const part = operations.get('narrow')!([array, 0, start, stop - start], new Map(), runtime);
      return operations.get('sum')!([part], new Map<string, Value>([['axis', 0]]), runtime);
    });
    return operations.get('stack')!([runtime.list(sums)], new Map(), runtime);
  }
}

const UNIVERSAL = ['add', 'multiply', 'maximum', 'minimum', 'subtract'];

/** Limits of a type: `torch.finfo(torch.float32).max`, `np.iinfo(np.uint16)`. */
class Limits extends PyObject {
  readonly typeName = 'info';
  constructor(private readonly dtype: string) {
    super();
  }
  override attribute(name: string): Value | undefined {
    const bits = itemsize(this.dtype) * 8;
    if (name === 'bits') return bits;
    if (this.dtype.includes('float')) return FLOATS[this.dtype]?.[name];
    const unsigned = this.dtype.startsWith('u');
    if (name === 'max') return 2 ** (unsigned ? bits : bits - 1) - 1;
    return name === 'min' ? (unsigned ? 0 : -(2 ** (bits - 1))) : undefined;
  }
}

const FLOATS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  float16: { max: 65504, min: -65504, eps: 2 ** -10, tiny: 2 ** -14 },
  bfloat16: {
    max: 3.3895313892515355e38,
    min: -3.3895313892515355e38,
    eps: 2 ** -7,
    tiny: 2 ** -126,
  },
  float32: {
    max: 3.4028234663852886e38,
    min: -3.4028234663852886e38,
    eps: 2 ** -23,
    tiny: 2 ** -126,
  },
  float64: { max: Number.MAX_VALUE, min: -Number.MAX_VALUE, eps: Number.EPSILON, tiny: 2 ** -1022 },
};

const limits =
  (library: Library): Native =>
  (args, keywords, runtime) => {
    const dtype = dtypeOf(args[0] ?? keywords.get('type') ?? keywords.get('dtype'), library);
    return dtype === null ? runtime.unknown('a type that is not known') : new Limits(dtype);
  };

/** The types of a module, by the names that it has for them. */
function types(library: Library): [string, Value][] {
  const names: [string, string][] = DTYPE_NAMES.map((name) => [name, name]);
  if (library === 'torch') {
    names.push(['long', 'int64'], ['int', 'int32'], ['short', 'int16'], ['half', 'float16']);
    names.push(['float', 'float32'], ['double', 'float64']);
  } else {
    names.push(['bool_', 'bool'], ['intp', 'int64'], ['int_', 'int64'], ['half', 'float16']);
    names.push(
      ['single', 'float32'],
      ['double', 'float64'],
      ['ushort', 'uint16'],
      ['ubyte', 'uint8'],
    );
    names.push(
      ['float_', 'float64'],
      ['longlong', 'int64'],
      ['short', 'int16'],
      ['uint', 'uint64'],
    );
  }
  return names.map(([name, dtype]) => [name, typeValue(dtype, library)]);
}

/** Whether a value is an array of the library, as `isinstance` has it. */
export function arrayType(name: string, library: Library): NativeType {
  const make: Native = (args: readonly Value[], keywords: Keywords, runtime: Runtime) =>
    operationsOf(library).get('array')!(args, keywords, runtime);
  const has = (value: Value) =>
    value instanceof Unknown ? null : value instanceof NdArray && value.library === library;
  return new NativeType(name, make, has);
}

export function commonMembers(library: Library): Map<string, Value> {
  const members = new Map<string, Value>();
  for (const [name, operation] of operationsOf(library)) {
    if (name.startsWith('__')) continue;
    const universal = library === 'numpy' && UNIVERSAL.includes(name);
    members.set(
      name,
      universal ? new UniversalFunction(name, operation) : new NativeFunction(name, operation),
    );
  }
  for (const [name, type] of types(library)) members.set(name, type);
  members.set('finfo', new NativeFunction('finfo', limits(library)));
  members.set('iinfo', new NativeFunction('iinfo', limits(library)));
  members.set('inf', Number.POSITIVE_INFINITY);
  members.set('nan', Number.NaN);
  members.set('pi', Math.PI);
  members.set('e', Math.E);
  return members;
}
