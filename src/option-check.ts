/**
 * Checks of the options of a public function: their names, their types, and those that are missing.
 *
 * The command line gives these functions what commander has checked. A program can give them anything,
 * and an option with another name or type would otherwise be ignored or score something else.
 */
import { z } from 'zod';
import { type ErrorCode, usageError } from './errors.js';

/** What one option may be; undefined stands for an option that is not given. */
interface OptionCheck {
  readonly schema: z.ZodType;
  readonly expected: string;
  readonly code: ErrorCode;
  readonly required: boolean;
}

/** A check for every option of `T`: one that is forgotten does not compile. */
export type OptionChecks<T> = { readonly [Name in keyof Required<T>]: OptionCheck };

/** Sessions and threads beyond this exhaust a machine before they are of any use. */
const MOST_THREADS = 1024;

const of = (schema: z.ZodType, expected: string, code: ErrorCode = 'BPB_USAGE_OPTION') => ({
  schema,
  expected,
  code,
  required: false,
});

/** Infinity and NaN too, which the function refuses in the terms of the option. */
const number = z.custom<number>((value) => typeof value === 'number');

/** Checks by type. What an option's text or number means is checked where it is used. */
export const option = {
  text: of(z.string(), 'a string'),
  texts: of(z.array(z.string()), 'an array of strings'),
  flag: of(z.boolean(), 'true or false'),
  callback: of(
    z.custom((value) => typeof value === 'function'),
    'a function',
  ),
  signal: of(z.instanceof(AbortSignal), 'an AbortSignal'),
  number: of(number, 'a number'),
  numeric: of(z.union([z.string(), number]), 'a number, or its printed digits'),
  object: of(
    z.custom((value) => typeof value === 'object' && value !== null),
    'an object',
  ),
  pair: of(z.tuple([number, number]), 'two numbers, [i, n]'),
  threads: (least: 0 | 1) => integer(least, MOST_THREADS),
  count: (least: 0 | 1, most = Number.MAX_SAFE_INTEGER) => integer(least, most),
  countOr: (word: string, least: 0 | 1, code?: ErrorCode) =>
    of(
      z.union([z.literal(word), z.int().min(least)]),
      `an integer from ${least}, or ${word}`,
      code,
    ),
  choice: (values: readonly string[]) => of(z.enum(values), values.join(', ')),
  /** An object of named values: one of the words, or `{ constant }`. */
  kinds: (words: readonly string[]) =>
    of(
      z.record(z.string(), z.union([z.enum(words), z.strictObject({ constant: z.number() })])),
      `an object of ${words.join(', ')} or { constant: number } by name`,
    ),
  required: (check: OptionCheck): OptionCheck => ({ ...check, required: true }),
};

function integer(least: number, most: number): OptionCheck {
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  return of(z.int().min(least).max(most), `an integer ${range}`, 'BPB_USAGE_INTEGER');
}

/**
 * @param caller the function whose options these are
 * @throws BPB_USAGE_OPTION for what is no object, for an option that is not known or of another type;
 * BPB_USAGE_INTEGER for a count that is none; BPB_USAGE_MISSING naming all that are missing
 */
export function checkOptionTypes<T extends object>(
  caller: string,
  checks: OptionChecks<T>,
  options: T,
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw usageError('BPB_USAGE_OPTION', {
      message: `${caller} takes an object with options`,
      path: caller,
      expected: `an object such as { ${Object.keys(checks)[0]}: … }`,
      actual: shown(options),
    });
  }
  const known = Object.entries<OptionCheck>(checks);
  const given = options as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(given).find(
    (name) => given[name] !== undefined && !Object.hasOwn(checks, name),
  );
  if (unknown !== undefined) throw unknownOption(caller, unknown, Object.keys(checks));
  const missing = known.filter(([name, { required }]) => required && given[name] === undefined);
  if (missing.length > 0) throw missingOptions(caller, missing);
  for (const [name, { schema, expected, code }] of known) {
    const value = given[name];
    if (value === undefined || schema.safeParse(value).success) continue;
    const isCount = code === 'BPB_USAGE_INTEGER';
    const path = isCount ? flagOf(name) : name;
    throw usageError(code, {
      message: isCount
        ? `${path} must be an integer`
        : `the option \`${name}\` of ${caller} is not valid`,
      path,
      expected,
      actual: shown(value),
    });
  }
}

function unknownOption(caller: string, name: string, names: readonly string[]) {
  const plain = (text: string) => text.replace(/[-_]/g, '').toLowerCase();
  const meant = names.find((each) => plain(each) === plain(name));
  return usageError('BPB_USAGE_OPTION', {
    message: `${caller} has no option \`${name}\``,
    path: name,
    expected: names.join(', '),
    actual: name,
    hint: meant === undefined ? undefined : `the option is \`${meant}\``,
  });
}

function missingOptions(caller: string, missing: readonly [string, OptionCheck][]) {
  const names = missing.map(([name]) => name).join(', ');
  return usageError('BPB_USAGE_MISSING', {
    message:
      missing.length === 1 ? 'an option is missing' : `${missing.length} options are missing`,
    path: names,
    expected: missing.map(([name, { expected }]) => `${name}: ${expected}`).join('; '),
    actual: 'none of them',
    hint: `${caller} needs ${names}`,
  });
}

/** `limitDocs` as `--limit-docs`. */
export function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function shown(value: unknown): string {
  // What JSON cannot say, or says as null.
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  const text =
    typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}
