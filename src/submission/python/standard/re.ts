/**
 * `re`, for expressions that mean the same in JavaScript.
 */
import type { Machine } from '../machine.js';
import { argumentAt, numberArgument, textArgument, unknownIn } from '../methods.js';
import { PyIterator } from '../object-functions.js';
import { PyTuple } from '../object-sequences.js';
import { type Keywords, NativeFunction, PyObject, type Unknown, type Value } from '../values.js';

/** Longer texts are not searched, so that no expression costs much more than it looks. */
const TEXT_MAX = 20_000;
/** A repetition of something that repeats: matching may take time exponential in the text. */
const NESTED = /[+*}]\)?[+*{]|\([^()]*[+*}][^()]*\)[+*{]|\\\d|\(\?P=/;
const FLAGS: Readonly<Record<string, number>> = {
  IGNORECASE: 2,
  I: 2,
  MULTILINE: 8,
  M: 8,
  DOTALL: 16,
  S: 16,
  VERBOSE: 64,
  X: 64,
  ASCII: 256,
  A: 256,
  UNICODE: 32,
  U: 32,
};

/** Null where it is not followed. */
function compiled(pattern: string, flags: number): RegExp | null {
  if (
    NESTED.test(pattern) ||
    flags & 64 ||
    /\(\?[aiLmsux]|\\[AZ]|\(\?\(|\{,|[*+?}]\+/.test(pattern)
  )
    return null;
  const source = pattern.replaceAll('(?P<', '(?<');
  const letters = `${flags & 2 ? 'i' : ''}${flags & 8 ? 'm' : ''}${flags & 16 ? 's' : ''}du`;
  try {
    return new RegExp(source, letters);
  } catch {
    return null;
  }
}

class Match extends PyObject {
  readonly typeName = 're.Match';
  constructor(
    private readonly found: RegExpExecArray,
    private readonly machine: Machine,
  ) {
    super();
  }
  #group(key: Value): Value {
    const text = typeof key === 'string' ? this.found.groups?.[key] : this.found[Number(key)];
    return text ?? null;
  }
  override item(index: Value): Value {
    return this.#group(index);
  }
  override attribute(name: string): Value | undefined {
    const native = (call: (args: readonly Value[]) => Value) => new NativeFunction(name, call);
    switch (name) {
      case 'group':
        return native((keys) => {
          if (keys.length <= 1) return this.#group(keys[0] ?? 0);
          return new PyTuple(keys.map((key) => this.#group(key)));
        });
      case 'groups':
        return native(() => new PyTuple(this.found.slice(1).map((text) => text ?? null)));
      case 'groupdict':
        return native(() =>
          this.machine.dict(
            Object.entries(this.found.groups ?? {}).map(
              ([key, text]) => [key, text ?? null] as const,
            ),
          ),
        );
      case 'start':
      case 'end':
        return native(
          ([key = 0]) => this.found.indices?.[Number(key)]?.[name === 'start' ? 0 : 1] ?? -1,
        );
      case 'span':
        return native(
          ([key = 0]) => new PyTuple([...(this.found.indices?.[Number(key)] ?? [-1, -1])]),
        );
      default:
        return undefined;
    }
  }
}

class Pattern extends PyObject {
  readonly typeName = 're.Pattern';
  constructor(
    readonly source: string,
    private readonly flags: number,
    private readonly machine: Machine,
  ) {
    super();
  }
  override attribute(name: string): Value | undefined {
    if (name === 'pattern') return this.source;
    const use = USES.get(name);
    if (use === undefined) return undefined;
    return new NativeFunction(name, (args, keywords) => this.run(name, args, keywords));
  }
  run(name: string, args: readonly Value[], keywords: Keywords): Value {
    const { machine } = this;
    const unknown = unknownIn(args, keywords);
    if (unknown !== null) return unknown;
    const before = name === 'match' ? '^(?:' : name === 'fullmatch' ? '^(?:' : '';
    const after = name === 'match' ? ')' : name === 'fullmatch' ? ')$' : '';
    const expression = compiled(before + this.source + after, this.flags);
    const text = args[/^subn?$/.test(name) ? 1 : 0];
    if (expression === null || typeof text !== 'string' || text.length > TEXT_MAX) {
      return machine.unknown('a regular expression that is not followed');
    }
    machine.spend(text.length + 50);
    return USES.get(name)!(expression, text, args, keywords, machine);
  }
}

type Use = (
  expression: RegExp,
  text: string,
  args: readonly Value[],
  keywords: Keywords,
  machine: Machine,
) => Value;

const one: Use = (expression, text, _args, _keywords, machine) => {
  const found = expression.exec(text);
  return found === null ? null : new Match(found, machine);
};

function every(expression: RegExp, text: string, machine: Machine): RegExpExecArray[] {
  const found = [...text.matchAll(new RegExp(expression.source, `${expression.flags}g`))];
  machine.spend(found.length * 4);
  machine.allocate(found.length * 8);
  return found;
}

const USES: ReadonlyMap<string, Use> = new Map<string, Use>([
  ['match', one],
  ['fullmatch', one],
  ['search', one],
  [
    'findall',
    (expression, text, _args, _keywords, machine) =>
      machine.list(
        every(expression, text, machine).map((found) => {
          if (found.length <= 2) return found[found.length - 1] ?? '';
          return new PyTuple(found.slice(1).map((each) => each ?? ''));
        }),
      ),
  ],
  [
    'finditer',
    (expression, text, _args, _keywords, machine) =>
      new PyIterator(every(expression, text, machine).map((found) => new Match(found, machine))),
  ],
  [
    'split',
    (expression, text, _args, _keywords, machine) =>
      machine.list(text.split(expression).map((part) => part ?? null)),
  ],
  [
    'sub',
    (expression, text, args, keywords, machine) => {
      const by = args[0] ?? null;
      const most = numberArgument(argumentAt(args, keywords, 2, 'count'), 0, machine);
      let done = 0;
      let missing: Unknown | null = null;
      const result = text.replace(
        new RegExp(expression.source, `${expression.flags}g`),
        (all, ...rest) => {
          if (most > 0 && done++ >= most) return all;
          if (typeof by === 'string') return replacement(by, all, rest);
          const found = new RegExp(expression.source, expression.flags).exec(all);
          const value = found === null ? all : machine.call(by, [new Match(found, machine)]);
          if (typeof value === 'string') return value;
          missing = machine.unknown('a text of what is not known');
          return '';
        },
      );
      return missing ?? result;
    },
  ],
]);

function replacement(template: string, all: string, groups: readonly unknown[]): string {
  return template.replace(/\\(?:(\d)|g<(\w+)>|(n|t|\\))/g, (_whole, digit, name, plain) => {
    if (plain !== undefined) return plain === 'n' ? '\n' : plain === 't' ? '\t' : '\\';
    const key: string = digit ?? name;
    if (key === '0') return all;
    const named = groups.at(-1);
    const value = /^\d+$/.test(key)
      ? groups[Number(key) - 1]
      : (named as Record<string, unknown> | undefined)?.[key];
    return typeof value === 'string' ? value : '';
  });
}

export function reModule(machine: Machine): Map<string, Value> {
  const members = new Map<string, Value>(Object.entries(FLAGS));
  const pattern = (source: Value | undefined, flags: Value | undefined) =>
    source instanceof Pattern
      ? source
      : new Pattern(textArgument(source, machine), numberArgument(flags, 0, machine), machine);
  members.set(
    'compile',
    new NativeFunction(
      'compile',
      (args, keywords) =>
        unknownIn(args, keywords) ?? pattern(args[0], argumentAt(args, keywords, 1, 'flags')),
    ),
  );
  members.set(
    'escape',
    new NativeFunction('escape', ([text]) => textArgument(text, machine).replace(/[^\w]/g, '\\$&')),
  );
  for (const name of USES.keys()) {
    members.set(
      name,
      new NativeFunction(name, (args, keywords) => {
        const unknown = unknownIn(args, keywords);
        if (unknown !== null) return unknown;
        const rest = args.slice(1);
        const flags = keywords.get('flags') ?? (/^(?:sub|split)$/.test(name) ? undefined : rest[1]);
        return pattern(args[0], flags).run(name, rest, keywords);
      }),
    );
  }
  return members;
}
