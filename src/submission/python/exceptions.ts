/**
 * Python's exceptions.
 */
import { PyClass, PyInstance } from './object-classes.js';
import { NativeMethod } from './object-descriptors.js';
import { PyTuple } from './object-sequences.js';
import type { Value } from './values.js';

/** Each with its base. */
const TREE: readonly (readonly [string, string])[] = [
  ['Exception', 'BaseException'],
  ['SystemExit', 'BaseException'],
  ['KeyboardInterrupt', 'BaseException'],
  ['GeneratorExit', 'BaseException'],
  ['ArithmeticError', 'Exception'],
  ['ZeroDivisionError', 'ArithmeticError'],
  ['OverflowError', 'ArithmeticError'],
  ['FloatingPointError', 'ArithmeticError'],
  ['AssertionError', 'Exception'],
  ['AttributeError', 'Exception'],
  ['BufferError', 'Exception'],
  ['EOFError', 'Exception'],
  // Of the module `queue`.
  ['Empty', 'Exception'],
  ['ImportError', 'Exception'],
  ['ModuleNotFoundError', 'ImportError'],
  ['LookupError', 'Exception'],
  ['IndexError', 'LookupError'],
  ['KeyError', 'LookupError'],
  ['MemoryError', 'Exception'],
  ['NameError', 'Exception'],
  ['UnboundLocalError', 'NameError'],
  ['OSError', 'Exception'],
  ['FileNotFoundError', 'OSError'],
  ['FileExistsError', 'OSError'],
  ['PermissionError', 'OSError'],
  ['NotADirectoryError', 'OSError'],
  ['IsADirectoryError', 'OSError'],
  ['ConnectionError', 'OSError'],
  ['TimeoutError', 'OSError'],
  ['RuntimeError', 'Exception'],
  ['NotImplementedError', 'RuntimeError'],
  ['RecursionError', 'RuntimeError'],
  ['StopIteration', 'Exception'],
  ['StopAsyncIteration', 'Exception'],
  ['SyntaxError', 'Exception'],
  ['SystemError', 'Exception'],
  ['TypeError', 'Exception'],
  ['ValueError', 'Exception'],
  ['UnicodeError', 'ValueError'],
  ['UnicodeDecodeError', 'UnicodeError'],
  ['UnicodeEncodeError', 'UnicodeError'],
  ['Warning', 'Exception'],
  ['UserWarning', 'Warning'],
  ['DeprecationWarning', 'Warning'],
  ['FutureWarning', 'Warning'],
  ['RuntimeWarning', 'Warning'],
];

/** The classes, anew for each run: a script may change them. */
export function exceptionClasses(): Map<string, PyClass> {
  const base = new PyClass('BaseException', [], baseMembers());
  const classes = new Map([['BaseException', base]]);
  for (const [name, parent] of TREE) {
    classes.set(name, new PyClass(name, [classes.get(parent)!], new Map()));
  }
  classes.set('IOError', classes.get('OSError')!);
  classes.set('EnvironmentError', classes.get('OSError')!);
  return classes;
}

function baseMembers(): Map<string, Value> {
  const method = (name: string, native: NativeMethod['native']): [string, Value] => [
    name,
    new NativeMethod(name, native),
  ];
  return new Map<string, Value>([
    method('__init__', (self, args) => {
      if (self instanceof PyInstance) self.attributes.set('args', new PyTuple(args));
      return null;
    }),
    method('__str__', (self, _args, _keywords, runtime) => {
      const args = argumentsOf(self);
      if (args.length === 0) return '';
      const keyError = self instanceof PyInstance && self.cls.name === 'KeyError';
      const value = args.length === 1 ? args[0]! : new PyTuple(args);
      return runtime.text(value, keyError) ?? runtime.unknown('a text of what is not known');
    }),
    method('__repr__', (self, _args, _keywords, runtime) => {
      const args = argumentsOf(self).map((each) => runtime.text(each, true));
      const name = self instanceof PyInstance ? self.cls.name : '';
      if (args.includes(null)) return runtime.unknown('a text of what is not known');
      return `${name}(${args.join(', ')})`;
    }),
    method('with_traceback', (self) => self),
    method('add_note', () => null),
    ['args', new PyTuple([])],
    ['__traceback__', null],
    ['__cause__', null],
    ['__context__', null],
  ]);
}

export function argumentsOf(exception: Value): readonly Value[] {
  const args = exception instanceof PyInstance ? exception.attributes.get('args') : undefined;
  return args instanceof PyTuple ? args.items : [];
}
