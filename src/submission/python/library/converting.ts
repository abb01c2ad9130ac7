/**
 * Operations that give an array another type, library or Python value.
 */
import type { Runtime } from '../runtime.js';
import { Ratio, Sum } from '../sums.js';
import { Unknown, type Value } from '../values.js';
import { NdArray, type Operation } from './array.js';
import { assign } from './assigning.js';
import { asArray, bind, dtypeOf } from './convert.js';
import { CAST, DType, dtypeByName, itemsize, type Library } from './dtypes.js';
import { type Operations, onArray } from './operation.js';

/** The elements in another type; the array itself where it has that type already. */
export function converted(
  array: NdArray,
  dtype: string,
  library: Library,
  runtime: Runtime,
): NdArray {
  if (array.dtype === dtype && array.library === library) return array;
  if (array.unknown !== null) return NdArray.unknown(array.shape, dtype, array.unknown, library);
  runtime.spend(1 + (array.size >> 4));
  const { shape, tags } = array;
  if (!array.symbolic || (array.kind === 'loss' && (array.cells?.size ?? 0) === 0)) {
    const round = array.kind === 'loss' ? undefined : CAST[dtype];
    const data = round === undefined ? array.data.slice() : array.data.map(round);
    return new NdArray(shape, dtype, data, tags?.slice() ?? null, array.kind, library).like(array);
  }
  const elements = Array.from({ length: array.size }, (_, i) => {
    const element = array.element(i);
    return element instanceof Sum ? element.as(dtype) : element;
  });
  return NdArray.of(elements, shape, dtype, library).like(array);
}

/** `x.to(device, torch.int64, non_blocking=True)`, `x.to(other)`, `x.type(torch.int16)` */
function to(library: Library): Operation {
  return onArray(library, (array, rest, keywords, runtime) => {
    for (const each of [keywords.get('dtype'), ...rest]) {
      if (each instanceof NdArray) return converted(array, each.dtype, library, runtime);
      const dtype = typeof each === 'string' ? dtypeByName(each) : dtypeOf(each, library);
      if (dtype !== null && !isDevice(each)) return converted(array, dtype, library, runtime);
    }
    return array;
  });
}

const isDevice = (value: Value | undefined): boolean =>
  typeof value === 'string' && /^(cuda|cpu|mps|meta)/.test(value);

const astype = (library: Library): Operation =>
  onArray(library, (array, rest, keywords, runtime) => {
    const [type, copy] = bind(rest, keywords, ['dtype', 'copy']);
    const dtype = dtypeOf(type, library);
    if (dtype === null) return runtime.unknown('a type that is not known');
    const result = converted(array, dtype, library, runtime);
    return result === array && copy !== false ? array.copy() : result;
  });

const cast = (library: Library, dtype: string): Operation =>
  onArray(library, (array, _, __, runtime) => converted(array, dtype, library, runtime));

/** An element as a Python number. */
function pythonValue(array: NdArray, i: number): Value {
  const element = array.element(i);
  if (element instanceof Sum) return element.as(null);
  if (element instanceof Ratio || element instanceof Unknown) return element;
  return array.dtype === 'bool' ? element !== 0 : element;
}

const item = (library: Library): Operation =>
  onArray(library, (array, _, __, runtime) => {
    if (array.unknown !== null) return new Unknown(array.unknown.stop);
    if (array.size !== 1) {
      return runtime.raise('ValueError', 'only an array of one element can be a Python number');
    }
    return pythonValue(array, 0);
  });

function nested(array: NdArray, from: number, axis: number, runtime: Runtime): Value {
  if (axis === array.shape.length) return pythonValue(array, from);
  const step = array.shape.slice(axis + 1).reduce((size, each) => size * each, 1);
  const length = array.shape[axis] ?? 0;
  const items = Array.from({ length }, (_, i) => nested(array, from + i * step, axis + 1, runtime));
  return runtime.list(items);
}

const tolist = (library: Library): Operation =>
  onArray(library, (array, _, __, runtime) => {
    if (array.unknown !== null) return new Unknown(array.unknown.stop);
    runtime.spend(1 + (array.size >> 1));
    runtime.allocate(array.size * (array.tags === null ? 1 : 8));
    return nested(array, 0, 0, runtime);
  });

/** The bits as another type of the same width; of another width nothing is known. */
export function reinterpreted(array: NdArray, dtype: string, runtime: Runtime): Value {
  if (itemsize(dtype) !== itemsize(array.dtype))
    return runtime.unknown(`${array.dtype} seen as ${dtype}`);
  if (dtype.includes('float') !== array.dtype.includes('float')) {
    return runtime.unknown(`${array.dtype} seen as ${dtype}`);
  }
  return converted(array, dtype, array.library, runtime);
}

const TYPES: Readonly<Record<string, string>> = {
  long: 'int64',
  short: 'int16',
  double: 'float64',
  half: 'float16',
  bfloat16: 'bfloat16',
  bool: 'bool',
  byte: 'uint8',
  char: 'int8',
};

const SAME = [
  ...[
    'detach',
    'contiguous',
    'cpu',
    'cuda',
    'pin_memory',
    'requires_grad_',
    'share_memory_',
    'record_stream',
  ],
  ...['detach_', 'data_ptr', 'block_until_ready', 'retain_grad'],
];

export function converting(library: Library): Operations {
  const made: Record<string, Operation> = {};
  for (const name of SAME) made[name] = onArray(library, (array) => array);
  for (const [name, dtype] of Object.entries(TYPES)) made[name] = cast(library, dtype);
  const copy = onArray(library, (array) => array.copy());
  return {
    ...made,
    to: to(library),
    type: to(library),
    type_as: to(library),
    astype: astype(library),
    float: cast(library, 'float32'),
    int: cast(library, 'int32'),
    item: item(library),
    tolist: tolist(library),
    clone: copy,
    copy,
    numpy: onArray(library, (array, _, __, runtime) =>
      converted(array, array.dtype, 'numpy', runtime),
    ),
    copy_: onArray(library, (array, [source], _, runtime) => {
      assign(array, source ?? null, runtime);
      return array;
    }),
    fill_: onArray(library, (array, [value], _, runtime) => {
      assign(array, value ?? null, runtime);
      return array;
    }),
    fill: onArray(library, (array, [value], _, runtime) => {
      assign(array, value ?? null, runtime);
      return array;
    }),
    zero_: onArray(library, (array, _, __, runtime) => {
      assign(array, 0, runtime);
      return array;
    }),
    is_floating_point: onArray(library, (array) => array.dtype.includes('float')),
    // What Python's own conversions ask for.
    __float__: item(library),
    __int__: onArray(library, (array, _, __, runtime) =>
      runtime.call(runtime.attribute(array, 'item'), []),
    ),
    __round__: item(library),
  };
}

/** Types as values of a module; called, they convert. */
export function typeValue(name: string, library: Library): DType {
  return new DType(name, (args, keywords, runtime) => {
    const value = args[0] ?? 0;
    if (value instanceof Unknown) return value;
    const array = asArray(value, library, runtime);
    if (array === null) return runtime.unknown(`${name} of such a value`);
    return astype(library)([array, name], keywords, runtime);
  });
}
