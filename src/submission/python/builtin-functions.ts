/**
 * Built-in functions of single values.
 */
import { typeOf } from './attributes.js';
import { PyBytes } from './bytes.js';
import { lengthOf } from './code-points.js';
import { formatted } from './format-number.js';
import { isOfClass } from './instance-of.js';
import { numberOf } from './keys.js';
import { type Machine, Namespace } from './machine.js';
import { collected, numberArgument, textArgument, unknownIn } from './methods.js';
import { PyClass, PyInstance } from './object-classes.js';
import { NativeType } from './object-descriptors.js';
import { PyFunction, PyIterator } from './object-functions.js';
import { PyTuple } from './object-sequences.js';
import { PySuper } from './object-super.js';
import {
  type Keywords,
  NativeFunction,
  PyModule,
  PyObject,
  Unknown,
  type Value,
} from './values.js';

export type Builtin = (args: readonly Value[], keywords: Keywords, machine: Machine) => Value;

/** Its result is unknown where an argument is. */
function strict(native: Builtin): Builtin {
  return (args, keywords, machine) => unknownIn(args, keywords) ?? native(args, keywords, machine);
}

function special(value: Value, name: string, machine: Machine): Value | undefined {
  const method = value instanceof PyInstance ? value.cls.find(name) : undefined;
  return method === undefined ? undefined : machine.call(method, [value]);
}

const abs: Builtin = ([value = null], _keywords, machine) => {
  if (typeof value === 'number' || typeof value === 'boolean') return Math.abs(Number(value));
  return special(value, '__abs__', machine) ?? machine.call(machine.attribute(value, 'abs'), []);
};

/** Half to even, as `round` does. */
function rounded(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

const round: Builtin = strict(([value = null, digits = null], keywords, machine) => {
  const places = digits ?? keywords.get('ndigits') ?? null;
  if (typeof value === 'boolean' || typeof value === 'number') {
    const number = Number(value);
    if (places === null) {
      if (!Number.isFinite(number)) machine.raise('OverflowError', 'cannot convert to an integer');
      return rounded(number);
    }
    const count = numberArgument(places, 0, machine);
    if (Number.isInteger(number) && count >= 0) return number;
    if (count < 0) return rounded(number / 10 ** -count) * 10 ** -count;
    return count > 20 ? number : Number(number.toFixed(count));
  }
  // Sums of losses have digits only where their nats are known.
  const own = value instanceof PyObject ? value.attribute('__round__', machine) : undefined;
  const result = special(value, '__round__', machine) ?? (own && machine.call(own, []));
  return result ?? machine.unknown('a rounded value of what is no number');
});

const divmod: Builtin = ([left = null, right = null], _keywords, machine) =>
  new PyTuple([machine.binary('//', left, right), machine.binary('%', left, right)]);

const pow: Builtin = ([base = null, exponent = null, modulus], _keywords, machine) => {
  if (modulus == null) return machine.binary('**', base, exponent);
  const [a, b, m] = [base, exponent, modulus].map(Number);
  if (![a, b, m].every(Number.isSafeInteger) || b! < 0 || m === 0) {
    return machine.unknown('a power that is not known');
  }
  let [result, factor] = [1n, BigInt(a!)];
  const limit = BigInt(m!);
  for (let rest = BigInt(b!); rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * factor) % limit;
    factor = (factor * factor) % limit;
  }
  return Number(((result % limit) + limit) % limit);
};

const len: Builtin = ([value = null], _keywords, machine) => {
  if (value instanceof Unknown) return new Unknown(value.stop);
  return machine.length(value) ?? machine.unknown('a length that is not known');
};

const getattr: Builtin = ([owner = null, name = null, otherwise], _keywords, machine) => {
  if (name instanceof Unknown) return new Unknown(name.stop);
  const attribute = textArgument(name, machine);
  const missing = new PyTuple([]);
  const found =
    machine.untilRaised('AttributeError', () => machine.find(owner, attribute) ?? missing) ??
    missing;
  if (found !== missing) return found;
  return otherwise === undefined ? machine.attribute(owner, attribute) : otherwise;
};

const hasattr: Builtin = ([owner = null, name = null], _keywords, machine) => {
  if (owner instanceof Unknown) return new Unknown(owner.stop);
  const attribute = textArgument(name, machine);
  if (owner instanceof PyModule && owner.members.has(attribute)) return true;
  const found = machine.untilRaised(
    'AttributeError',
    () => machine.find(owner, attribute) ?? undefined,
  );
  if (found instanceof Unknown && (owner instanceof PyModule || owner instanceof PyInstance)) {
    return found;
  }
  return found !== undefined;
};

const isinstance: Builtin = ([value = null, type = null], _keywords, machine) =>
  isOfClass(value, type, machine) ?? machine.unknown('the type of a value that is not known');

const issubclass: Builtin = ([cls = null, parent = null], _keywords, machine) => {
  const parents = parent instanceof PyTuple ? parent.items : [parent];
  if (!(cls instanceof PyClass)) return parents.includes(cls);
  if (parents.some((each) => each instanceof Unknown))
    return machine.unknown('a class that is not known');
  return parents.some((each) =>
    each instanceof PyClass ? cls.derives(each) : cls.native === each,
  );
};

const ord: Builtin = strict(([value = null], _keywords, machine) => {
  if (value instanceof PyBytes && value.data.length === 1) return value.data[0]!;
  const text = textArgument(value, machine);
  return lengthOf(text) === 1
    ? text.codePointAt(0)!
    : machine.raise('TypeError', 'ord() expected a character');
});

const chr: Builtin = strict(([value = null], _keywords, machine) => {
  const code = numberArgument(value, 0, machine);
  if (code < 0 || code > 0x10ffff) machine.raise('ValueError', 'chr() arg not in range(0x110000)');
  return String.fromCodePoint(code);
});

function based(prefix: string, radix: number): Builtin {
  return strict(([value = null], _keywords, machine) => {
    const number = BigInt(Math.trunc(numberArgument(value, 0, machine)));
    return (number < 0n ? '-' : '') + prefix + (number < 0n ? -number : number).toString(radix);
  });
}

const hash: Builtin = strict(([value = null], _keywords, machine) => {
  if (typeof value === 'number' || typeof value === 'boolean') return Number(value);
  // Hashes of texts differ from run to run.
  return machine.unknown('a hash');
});

const print: Builtin = (args, _keywords, machine) => {
  // An instance makes its text, with what is formatted into it.
  const texts = args.map((each) =>
    each instanceof PyInstance ? (machine.text(each) ?? each) : each,
  );
  machine.host.printed?.(texts, machine);
  return null;
};

const format: Builtin = ([value = null, spec = ''], _keywords, machine) => {
  if (value instanceof Unknown) return new Unknown(value.stop);
  return (
    formatted(value, textArgument(spec, machine), machine) ??
    machine.unknown('a text of what is not known')
  );
};

const vars: Builtin = ([value = null], _keywords, machine) => {
  if (value instanceof PyInstance) return machine.dict(value.attributes.entries());
  if (value instanceof Namespace) return machine.dict(value.names.entries());
  return machine.unknown('the names of a function');
};

const dir: Builtin = ([value = null], _keywords, machine) => {
  if (!(value instanceof PyInstance || value instanceof PyClass))
    return machine.unknown('names of a value');
  const cls = value instanceof PyInstance ? value.cls : value;
  const names = new Set(cls.order.flatMap((each) => [...each.namespace.keys()]));
  if (value instanceof PyInstance) for (const name of value.attributes.keys()) names.add(name);
  return machine.list([...names].sort());
};

const superOf: Builtin = ([cls = null, self = null], _keywords, machine) =>
  cls instanceof PyClass
    ? new PySuper(cls, self)
    : machine.unknown('super() of a class that is not known');

const callable: Builtin = strict(([value = null]) => {
  if (value instanceof PyInstance) return value.cls.find('__call__') !== undefined;
  return (
    value instanceof PyFunction ||
    value instanceof NativeFunction ||
    value instanceof NativeType ||
    value instanceof PyClass ||
    (value instanceof PyObject && /method|function|builtin/.test(value.typeName))
  );
});

const next: Builtin = ([iterator = null, otherwise], _keywords, machine) => {
  if (iterator instanceof Unknown) return new Unknown(iterator.stop);
  machine.spend(1);
  if (iterator instanceof PyInstance) {
    const step = () => machine.call(machine.attribute(iterator, '__next__'), []);
    return otherwise === undefined
      ? step()
      : (machine.untilRaised('StopIteration', step) ?? otherwise);
  }
  if (!(iterator instanceof PyIterator)) {
    const method = machine.find(iterator, '__next__');
    return method === undefined
      ? machine.raise('TypeError', 'the object is not an iterator')
      : machine.call(method, []);
  }
  const value = iterator.next();
  if (value !== undefined) return value;
  return otherwise === undefined ? machine.raise('StopIteration', '') : otherwise;
};

export const BUILTIN_FUNCTIONS: ReadonlyMap<string, Builtin> = new Map<string, Builtin>([
  ['abs', strict(abs)],
  ['round', round],
  ['divmod', divmod],
  ['pow', pow],
  ['len', len],
  ['getattr', getattr],
  ['hasattr', hasattr],
  [
    'setattr',
    ([owner = null, name = null, value = null], _keywords, machine) => {
      if (typeof name === 'string') machine.setAttribute(owner, name, value);
      return null;
    },
  ],
  [
    'delattr',
    ([owner = null, name = null]) => {
      if (owner instanceof PyInstance) owner.attributes.delete(String(name));
      return null;
    },
  ],
  ['isinstance', isinstance],
  ['issubclass', issubclass],
  ['ord', ord],
  ['chr', chr],
  ['hex', based('0x', 16)],
  ['oct', based('0o', 8)],
  ['bin', based('0b', 2)],
  ['hash', hash],
  [
    'id',
    ([value = null], _keywords, machine) =>
      value instanceof PyObject ? numberOf(value) : machine.unknown('the place of a value'),
  ],
  ['print', print],
  [
    'repr',
    ([value = null], _keywords, machine) =>
      unknownIn([value], new Map()) ??
      machine.text(value, true) ??
      machine.unknown('a text of what is not known'),
  ],
  [
    'ascii',
    ([value = null], _keywords, machine) =>
      machine.text(value, true) ?? machine.unknown('a text of what is not known'),
  ],
  ['format', format],
  ['vars', vars],
  ['dir', dir],
  ['locals', (_args, _keywords, machine) => machine.unknown('the names of a function')],
  ['globals', (_args, _keywords, machine) => machine.globals()],
  ['super', superOf],
  ['callable', callable],
  ['next', next],
  ['input', (_args, _keywords, machine) => machine.unknown('what is typed')],
  [
    'exec',
    (_args, _keywords, machine) => machine.unknown('code that is made while the script runs'),
  ],
  [
    'eval',
    (_args, _keywords, machine) => machine.unknown('code that is made while the script runs'),
  ],
  [
    'compile',
    (_args, _keywords, machine) => machine.unknown('code that is made while the script runs'),
  ],
  [
    '__import__',
    ([name = null], _keywords, machine) => machine.importModule(textArgument(name, machine), 0),
  ],
  [
    'open',
    (args, keywords, machine) => {
      const io = machine.importModule('io', 0);
      return machine.call(machine.attribute(io, 'open'), args, keywords);
    },
  ],
  [
    'exit',
    (args, _keywords, machine) =>
      machine.call(machine.attribute(machine.importModule('sys', 0), 'exit'), args),
  ],
  [
    'quit',
    (args, _keywords, machine) =>
      machine.call(machine.attribute(machine.importModule('sys', 0), 'exit'), args),
  ],
  [
    'type',
    ([value = null, bases, names], _keywords, machine) => {
      if (names === undefined || bases === undefined) return typeOf(value, machine);
      const members = new Map<string, Value>();
      for (const pair of collected(machine.call(machine.attribute(names, 'items'), []), machine)) {
        const [key, item] = machine.sequence(pair) ?? [];
        members.set(String(key), item ?? null);
      }
      return new PyClass(textArgument(value, machine), collected(bases, machine), members);
    },
  ],
]);
