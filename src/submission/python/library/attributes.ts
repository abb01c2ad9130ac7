/**
 * Attributes and methods of arrays.
 */
import { PyBytes } from '../bytes.js';
import type { Runtime } from '../runtime.js';
import { numericValue } from '../sums.js';
import { type Keywords, NativeFunction, PyObject, Unknown, type Value } from '../values.js';
import type { NdArray, Operation } from './array.js';
import { assign } from './assigning.js';
import { dtypeOf, integerOf } from './convert.js';
import { reinterpreted } from './converting.js';
import { DType, isFloat, itemsize } from './dtypes.js';
import { operationsOf } from './operations.js';

/** `torch.device("cuda", 0)`, and what a tensor has as its `device`. */
export class Device extends PyObject {
  readonly typeName = 'device';
  constructor(
    readonly type: string,
    readonly index: number | null,
  ) {
    super();
  }
  override attribute(name: string): Value | undefined {
    return name === 'type' || name === 'index' ? this[name] : undefined;
  }
  override binary(operator: string, other: Value): Value | undefined {
    const same = other instanceof Device && other.type === this.type;
    return operator === '==' ? same : operator === '!=' ? !same : undefined;
  }
}

const CUDA = new Device('cuda', 0);

/** Methods of numpy's `size`, `data` and so on are attributes. */
function property(self: NdArray, name: string, runtime: Runtime): Value | undefined {
  const torch = self.library === 'torch';
  switch (name) {
    case 'shape':
      return runtime.tuple([...self.shape]);
    case 'dtype':
      return new DType(self.dtype);
    case 'device':
      return CUDA;
    case 'ndim':
      return self.shape.length;
    case 'size':
      return torch ? undefined : self.size;
    case 'nbytes':
      return self.size * itemsize(self.dtype);
    case 'itemsize':
      return itemsize(self.dtype);
    case 'T':
    case 'mT':
      return runtime.call(
        method(self, 'transpose')!,
        self.shape.length < 2 || torch ? axes(self) : [],
      );
    case 'is_cuda':
      return true;
    case 'requires_grad':
      return false;
    case 'grad':
      return null;
    case 'data':
    case 'real':
      return self;
    default:
      return undefined;
  }
}

const axes = (self: NdArray): Value[] => (self.shape.length < 2 ? [0, 0] : [-2, -1]);

type Method = (
  self: NdArray,
  args: readonly Value[],
  keywords: Keywords,
  runtime: Runtime,
) => Value;

/** Methods that are no functions of the module, or other ones. */
const METHODS: Readonly<Record<string, Method>> = {
  size: (self, args, keywords, runtime) => {
    const axis = integerOf(args[0] ?? keywords.get('dim'));
    if (axis === null) return runtime.tuple([...self.shape]);
    return self.shape.at(axis) ?? runtime.raise('IndexError', `dimension ${axis} is out of range`);
  },
  dim: (self) => self.shape.length,
  ndimension: (self) => self.shape.length,
  numel: (self) => self.size,
  nelement: (self) => self.size,
  element_size: (self) => itemsize(self.dtype),
  is_contiguous: () => true,
  get_device: () => 0,
  __len__: (self) => self.shape[0] ?? 0,
  __index__: (self, _, __, runtime) => index(self, runtime),
  view: (self, args, keywords, runtime) => {
    const dtype = dtypeOf(args[0] ?? keywords.get('dtype'), self.library);
    if (dtype !== null) return reinterpreted(self, dtype, runtime);
    return operationsOf(self.library).get('reshape')!([self, ...args], keywords, runtime);
  },
  tobytes: (self, _, __, runtime) => bytesOf(self, runtime),
  tofile: (self, [file], _, runtime) =>
    runtime.call(runtime.attribute(file ?? null, 'write'), [bytesOf(self, runtime)]),
  backward: () => null,
  setflags: () => null,
  new_zeros: (self, args, keywords, runtime) => fresh(self, 'zeros', args, keywords, runtime),
  new_ones: (self, args, keywords, runtime) => fresh(self, 'ones', args, keywords, runtime),
  new_empty: (self, args, keywords, runtime) => fresh(self, 'empty', args, keywords, runtime),
  new_full: (self, args, keywords, runtime) => fresh(self, 'full', args, keywords, runtime),
  new_tensor: (self, args, keywords, runtime) => fresh(self, 'tensor', args, keywords, runtime),
  /** numpy's method sorts the array itself. */
  sort: (self, args, keywords, runtime) => {
    const sorted = operationsOf(self.library).get('sort')!([self, ...args], keywords, runtime);
    if (self.library !== 'numpy') return sorted;
    assign(self, sorted, runtime);
    return null;
  },
};

/** Little-endian bytes, each with the tag of its element. */
function bytesOf(self: NdArray, runtime: Runtime): Value {
  const width = itemsize(self.dtype);
  if (self.symbolic || isFloat(self.dtype)) return runtime.unknown('the bytes of such an array');
  runtime.spend(1 + self.size);
  runtime.allocate(self.size * width);
  const { data, tags } = self;
  const bytes = new Uint8Array(self.size * width);
  data.forEach((value, i) => {
    const whole = BigInt.asUintN(64, BigInt(value));
    for (let k = 0; k < width; k += 1) {
      bytes[i * width + k] = Number((whole >> BigInt(8 * k)) & 0xffn);
    }
  });
  const own = tags === null ? null : Int32Array.from(bytes, (_, i) => tags[Math.floor(i / width)]!);
  return new PyBytes(bytes, own);
}

function index(self: NdArray, runtime: Runtime): Value {
  const element = self.size === 1 && self.unknown === null ? self.element(0) : null;
  const value = element === null ? null : numericValue(element);
  if (element instanceof Unknown) return new Unknown(element.stop);
  if (self.unknown !== null) return new Unknown(self.unknown.stop);
  return value === null
    ? runtime.raise('TypeError', 'only integer arrays of one element can be an index')
    : Math.trunc(value);
}

function fresh(
  self: NdArray,
  name: string,
  args: readonly Value[],
  keywords: Keywords,
  runtime: Runtime,
): Value {
  const typed = keywords.has('dtype')
    ? keywords
    : new Map([...keywords, ['dtype', new DType(self.dtype)]]);
  return operationsOf(self.library).get(name)!(args, typed, runtime);
}

/** `add_` is `add` into the array itself. */
function inPlace(name: string, operation: Operation): Method {
  return (self, args, keywords, runtime) => {
    const operator = UPDATES[name];
    const [other] = args;
    if (operator !== undefined && other !== undefined && keywords.size === 0) {
      self.update(operator, other, runtime);
      return self;
    }
    assign(self, operation([self, ...args], keywords, runtime), runtime);
    return self;
  };
}

const UPDATES: Readonly<Record<string, string>> = {
  add_: '+',
  sub_: '-',
  mul_: '*',
  div_: '/',
};

function method(self: NdArray, name: string): NativeFunction | undefined {
  const own = METHODS[name];
  const operations = operationsOf(self.library);
  const operation = operations.get(name);
  const base =
    name.endsWith('_') && !name.startsWith('__') ? operations.get(name.slice(0, -1)) : undefined;
  const call: Method | undefined =
    own ??
    (operation !== undefined
      ? (array, args, keywords, runtime) => operation([array, ...args], keywords, runtime)
      : base !== undefined
        ? inPlace(name, base)
        : undefined);
  if (call === undefined) return undefined;
  return new NativeFunction(name, (args, keywords, runtime) => call(self, args, keywords, runtime));
}

export function arrayAttribute(self: NdArray, name: string, runtime: Runtime): Value | undefined {
  const found = property(self, name, runtime) ?? method(self, name);
  if (found !== undefined || name === 'grad') return found ?? null;
  if (name.startsWith('__')) return undefined;
  // A model that gives its logits beside the loss, by names.
  if (self.perTarget !== null && self.shape.length === 0) {
    if (name === 'loss') return self;
    return new Unknown({ ...runtime.here(), reason: `${name} of a model` }, name);
  }
  if (self.unknown !== null) return new Unknown(self.unknown.stop, name, self.unknown);
  return runtime.unknown(`${self.typeName}.${name} is not modelled`);
}
