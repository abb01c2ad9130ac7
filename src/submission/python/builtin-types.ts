/**
 * Built-in types: they make values, and `isinstance` asks them.
 */
import { PyBytes } from './bytes.js';
import { argumentAt, collected, numberArgument, textArgument, unknownIn } from './methods.js';
import { BYTES_METHODS } from './methods-bytes.js';
import { TEXT_METHODS } from './methods-texts.js';
import { PyClass, PyInstance } from './object-classes.js';
import { BoundMethod, Descriptor, NativeMethod, NativeType } from './object-descriptors.js';
import { PyFunction } from './object-functions.js';
import { PyDict, PySet } from './object-mappings.js';
import { PyList, PySlice, PyTuple } from './object-sequences.js';
import { typeName } from './operators.js';
import type { Runtime } from './runtime.js';
import { type Keywords, NativeFunction, PyObject, Unknown, type Value } from './values.js';

type Make = (args: readonly Value[], keywords: Keywords, runtime: Runtime) => Value;

/** Its result is unknown where an argument is. */
function strict(make: Make): Make {
  return (args, keywords, runtime) => unknownIn(args, keywords) ?? make(args, keywords, runtime);
}

function parsedInteger(text: string, base: number, runtime: Runtime): Value {
  const plain = text.trim().replaceAll('_', '');
  const signless = plain.replace(/^[+-]/, '');
  const prefixed = /^0([xob])/i.exec(signless);
  const radix =
    base === 0 ? (prefixed ? { x: 16, o: 8, b: 2 }[prefixed[1]!.toLowerCase() as 'x'] : 10) : base;
  const digits = prefixed && radix !== 10 ? signless.slice(2) : signless;
  const value = Number.parseInt(digits, radix);
  const valid = [...digits.toLowerCase()].every((digit) => Number.parseInt(digit, radix) >= 0);
  if (digits === '' || !valid || Number.isNaN(value)) {
    return runtime.raise('ValueError', `invalid literal for int() with base ${radix}: '${text}'`);
  }
  if (value > Number.MAX_SAFE_INTEGER) return runtime.unknown('an integer that is too large');
  return plain.startsWith('-') ? -value : value;
}

const int = strict((args, keywords, runtime) => {
  const [value = 0] = args;
  if (typeof value === 'number') {
    if (Number.isNaN(value))
      return runtime.raise('ValueError', 'cannot convert float NaN to integer');
    if (!Number.isFinite(value)) {
      return runtime.raise('OverflowError', 'cannot convert float infinity to integer');
    }
    return Math.trunc(value);
  }
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'string') {
    return parsedInteger(
      value,
      numberArgument(argumentAt(args, keywords, 1, 'base'), 10, runtime),
      runtime,
    );
  }
  return converted(value, ['__int__', '__index__', '__float__'], Math.trunc, runtime);
});

/** Of an object: what its own conversion gives. */
function converted(
  value: Value,
  names: readonly string[],
  each: (number: number) => number,
  runtime: Runtime,
): Value {
  for (const name of names) {
    const method = value instanceof PyObject ? value.attribute(name, runtime) : undefined;
    if (method === undefined || method instanceof Unknown) continue;
    const result = runtime.call(method, []);
    return typeof result === 'number' ? each(result) : result;
  }
  return runtime.raise('TypeError', `a number is expected, not '${typeName(value)}'`);
}

const float = strict(([value = 0], _keywords, runtime) => {
  if (typeof value === 'number' || typeof value === 'boolean') return Number(value);
  if (typeof value !== 'string')
    return converted(value, ['__float__', '__index__'], (x) => x, runtime);
  const text = value.trim().replaceAll('_', '').toLowerCase();
  if (/^[+-]?(?:inf|infinity)$/.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^[+-]?nan$/.test(text)) return Number.NaN;
  return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/.test(text)
    ? Number(text)
    : runtime.raise('ValueError', `could not convert string to float: '${value}'`);
});

const str = (args: readonly Value[], keywords: Keywords, runtime: Runtime): Value => {
  const [value = '', encoding] = args;
  if (value instanceof Unknown) return new Unknown(value.stop);
  if (value instanceof PyBytes && (encoding !== undefined || keywords.size > 0)) {
    return BYTES_METHODS.get('decode')!(value, args.slice(1), keywords, runtime);
  }
  const text = runtime.text(value);
  if (text === null) {
    if (value instanceof PyObject) runtime.host.formatted?.('', value, runtime);
    return runtime.unknown('a text of what is not known');
  }
  runtime.spend(text.length / 8);
  runtime.allocate(text.length / 8 + 4);
  return text;
};

const bool: Make = ([value = false], _keywords, runtime) => {
  const truth = runtime.truth(value);
  if (truth !== null) return truth;
  return value instanceof Unknown
    ? new Unknown(value.stop)
    : runtime.unknown('a condition that is not known');
};

function bytes(mutable: boolean): Make {
  return strict((args, keywords, runtime) => {
    const [value] = args;
    if (value === undefined) return new PyBytes(new Uint8Array(0), null, mutable);
    if (typeof value === 'string') {
      const made = TEXT_METHODS.get('encode')!(value, args.slice(1), keywords, runtime);
      return made instanceof PyBytes ? new PyBytes(made.data, null, mutable) : made;
    }
    if (typeof value === 'number') {
      if (value > 2 ** 26) return runtime.unknown('bytes that are too long');
      runtime.allocate(value / 8 + 8);
      return new PyBytes(new Uint8Array(Math.max(0, value)), null, mutable);
    }
    if (value instanceof PyBytes) {
      runtime.allocate(value.data.length / 8 + 8);
      return new PyBytes(value.data.slice(), value.tags, mutable);
    }
    const own = value instanceof PyObject ? value.attribute('tobytes', runtime) : undefined;
    if (own !== undefined) return runtime.call(own, []);
    const items = collected(value, runtime);
    if (items.some((item) => item instanceof Unknown))
      return runtime.unknown('bytes that are not known');
    const numbers = items.map((item) => numberArgument(item, 0, runtime));
    if (numbers.some((each) => each < 0 || each > 255)) {
      runtime.raise('ValueError', 'bytes must be in range(0, 256)');
    }
    return new PyBytes(Uint8Array.from(numbers), null, mutable);
  });
}

function elements(make: (items: Value[], runtime: Runtime) => Value): Make {
  return ([values], _keywords, runtime) => {
    if (values === undefined) return make([], runtime);
    return values instanceof Unknown
      ? new Unknown(values.stop)
      : make(collected(values, runtime), runtime);
  };
}

function descriptor(kind: Descriptor['kind']): Make {
  return ([callee = null, setter = null]) => new Descriptor(kind, callee, setter);
}

const dict: Make = ([given], keywords, runtime) => {
  const made = new PyDict();
  made.merge(given, keywords, runtime);
  return made;
};

const slice: Make = ([first = null, second, third = null]) =>
  second === undefined ? new PySlice(null, first, null) : new PySlice(first, second, third);

type Has = (value: Value, runtime: Runtime) => boolean | null;

const isFunction: Has = (value) => value instanceof PyFunction || value instanceof NativeFunction;

/** Integers and floats are not told apart where a number has no fraction. */
const TYPES: readonly (readonly [string, Make, Has])[] = [
  ['object', () => new PyInstance(new PyClass('object', [], new Map())), () => true],
  ['int', int, (value) => typeof value === 'boolean' || Number.isInteger(value)],
  ['float', float, (value) => typeof value === 'number'],
  ['complex', (_args, _keywords, runtime) => runtime.unknown('a complex number'), () => false],
  ['bool', bool, (value) => typeof value === 'boolean'],
  ['str', str, (value) => typeof value === 'string'],
  ['bytes', bytes(false), (value) => value instanceof PyBytes && !value.mutable],
  ['bytearray', bytes(true), (value) => value instanceof PyBytes && value.mutable],
  ['memoryview', bytes(false), () => false],
  ['list', elements((items, runtime) => runtime.list(items)), (value) => value instanceof PyList],
  [
    'tuple',
    elements((items, runtime) => runtime.tuple(items)),
    (value) => value instanceof PyTuple,
  ],
  [
    'set',
    elements((items, runtime) => new PySet().addAll(items, runtime)),
    (value) => value instanceof PySet && !value.frozen,
  ],
  [
    'frozenset',
    elements((items, runtime) => new PySet(true).addAll(items, runtime)),
    (value) => value instanceof PySet && value.frozen,
  ],
  ['dict', dict, (value) => value instanceof PyDict],
  ['slice', slice, (value) => value instanceof PySlice],
  ['property', descriptor('property'), (value) => value instanceof Descriptor],
  ['staticmethod', descriptor('staticmethod'), () => false],
  ['classmethod', descriptor('classmethod'), () => false],
  ['type', () => null, (value) => value instanceof PyClass || value instanceof NativeType],
  ['function', () => null, isFunction],
  ['builtin_function_or_method', () => null, isFunction],
  ['method', () => null, (value) => value instanceof BoundMethod],
  ['generator', () => null, (value) => value instanceof PyObject && value.typeName === 'generator'],
  ['NoneType', () => null, (value) => value === null],
];

/** The names `range` and `type` are functions here; they are asked for in `isinstance` seldom. */
export function builtinTypes(): Map<string, NativeType> {
  const types = new Map<string, NativeType>();
  for (const [name, make, has] of TYPES)
    types.set(name, new NativeType(name, make, has, membersOf(name)));
  return types;
}

/** Functions of the types themselves, such as `dict.fromkeys` and `str.lower`. */
function membersOf(name: string): Map<string, Value> {
  const members = new Map<string, Value>();
  const add = (member: string, native: Make) =>
    members.set(member, new NativeFunction(member, native));
  if (name === 'dict') {
    add('fromkeys', ([keys = null, value = null], _keywords, runtime) =>
      runtime.dict(collected(keys, runtime).map((key) => [key, value] as const)),
    );
  }
  if (name === 'str') {
    add('maketrans', ([from = null, to, gone], _keywords, runtime) => {
      if (from instanceof PyDict) {
        return runtime.dict(
          [...from.entries.values()].map(
            ([key, value]) => [typeof key === 'string' ? key.codePointAt(0)! : key, value] as const,
          ),
        );
      }
      const [before, after] = [[...textArgument(from, runtime)], [...textArgument(to, runtime)]];
      const pairs = before.map((point, i) => [point.codePointAt(0)!, after[i]!] as const);
      const dropped = [...(typeof gone === 'string' ? gone : '')].map(
        (point) => [point.codePointAt(0)!, null] as const,
      );
      return runtime.dict([...pairs, ...dropped]);
    });
    for (const [member, method] of TEXT_METHODS) {
      members.set(
        member,
        new NativeMethod(member, (self, args, keywords, runtime) =>
          method(self, args, keywords, runtime),
        ),
      );
    }
  }
  if (name === 'bytes' || name === 'bytearray') {
    add(
      'fromhex',
      ([text = null], _keywords, runtime) =>
        new PyBytes(
          Uint8Array.from(Buffer.from(textArgument(text, runtime).replace(/\s/g, ''), 'hex')),
          null,
          name !== 'bytes',
        ),
    );
  }
  if (name === 'int') {
    add('from_bytes', ([data = null, order], keywords, runtime) => {
      if (!(data instanceof PyBytes)) return runtime.unknown('an integer that is not known');
      const text = Buffer.from(
        (order ?? keywords.get('byteorder')) === 'little' ? data.data.slice().reverse() : data.data,
      ).toString('hex');
      const value = text === '' ? 0 : Number(BigInt(`0x${text}`));
      return value <= Number.MAX_SAFE_INTEGER
        ? value
        : runtime.unknown('an integer that is too large');
    });
  }
  if (name === 'object') {
    add('__new__', ([cls = null]) => (cls instanceof PyClass ? new PyInstance(cls) : null));
    add('__setattr__', ([self = null, attribute = null, value = null]) => {
      if (self instanceof PyInstance) self.attributes.set(String(attribute), value);
      return null;
    });
    add('__init__', () => null);
  }
  if (name === 'float')
    add('fromhex', (_args, _keywords, runtime) => runtime.unknown('a float in hexadecimal'));
  return members;
}
