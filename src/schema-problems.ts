/**
 * Problems of a JSON document of a schema in sentences: what is no field and which one is meant, what is
 * missing, of another type, or none of the values. The text of the validator never reaches the reader.
 */
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** What of a zod schema's definition is read here. */
interface Definition {
  readonly type: string;
  readonly innerType?: Schema;
  readonly element?: Schema;
  readonly valueType?: Schema;
  readonly options?: readonly Schema[];
  readonly shape?: Readonly<Record<string, Schema>>;
}

interface Schema {
  readonly def: Definition;
}

/** More problems than these are counted only. */
const SHOWN = 8;
/** Characters of a value that are repeated. */
const SHOWN_VALUE = 40;

const TYPES: Readonly<Record<string, string>> = {
  string: 'text in quotes',
  number: 'a number',
  int: 'an integer',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

/** What the sentences call the document. */
export interface DocumentWords {
  /** After `the`, such as `manifest`. */
  readonly name: string;
  /** The page that lists its fields. */
  readonly page: string;
}

/** @returns one sentence a problem, without a full stop */
export function schemaProblems(
  schema: z.ZodType,
  issues: readonly Issue[],
  json: unknown,
  words: DocumentWords,
): string[] {
  const problems: string[] = [];
  /** Fields that a misspelt one stands for, which are not missing then. */
  const meant = new Set<string>();
  const all = issues.flatMap((issue) => plainIssues(issue, words));
  for (const issue of all) {
    if (issue.code !== 'unrecognized_keys') continue;
    const fields = fieldsAt(schema as unknown as Schema, issue.path, json);
    for (const key of issue.keys) {
      const guess = nearest(key, fields);
      if (guess !== null) meant.add(nameOf([...issue.path, guess]));
      problems.push(
        `\`${nameOf([...issue.path, key])}\` is no field of ${ownerOf(issue.path, words)}${correction(guess, fields)}`,
      );
    }
  }
  for (const issue of all) {
    if (issue.code === 'unrecognized_keys') continue;
    const name = nameOf(issue.path);
    if (meant.has(name)) continue;
    problems.push(sentence(issue, name, valueAt(json, issue.path), words));
  }
  const unique = [...new Set(problems)];
  if (unique.length <= SHOWN) return unique;
  return [...unique.slice(0, SHOWN), `and ${unique.length - SHOWN} more`];
}

/** An issue of a union as those of the alternative that comes closest, with whole paths. */
function plainIssues(issue: Issue, words: DocumentWords): Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue];
  const inner = (issues: readonly Issue[]): Issue[] =>
    issues.map((each) => ({ ...each, path: [...issue.path, ...each.path] }));
  // Where one alternative has the right type, its own problems are what is wrong.
  const deeper = issue.errors.find((issues) =>
    issues.some(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'),
  );
  if (deeper !== undefined) return inner(deeper).flatMap((each) => plainIssues(each, words));
  const expected = issue.errors.flat().map((each) => wanted(each, words));
  return [{ ...issue, message: [...new Set(expected)].join(', or ') }];
}

function sentence(issue: Issue, name: string, value: unknown, words: DocumentWords): string {
  const subject = name === '' ? `the whole ${words.name}` : `\`${name}\``;
  const expected = wanted(issue, words);
  if (value === undefined) return `${subject} is missing: ${expected}`;
  const found = `found ${shown(value)}`;
  const values = issue.code === 'invalid_value' ? issue.values.map(String) : kindsOf(issue);
  const guess = typeof value === 'string' ? nearest(value, values) : null;
  const hint = guess === null ? '' : `; \`${guess}\` is meant`;
  return `${subject} must be ${expected}, ${found}${hint}`;
}

/** What a value must be, after `must be`. */
function wanted(issue: Issue, words: DocumentWords): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPES[issue.expected] ?? String(issue.expected);
    case 'invalid_value':
      return orList(issue.values.map((value) => JSON.stringify(value)));
    case 'too_small':
      if (issue.origin === 'string') return 'text that is not empty';
      if (issue.origin === 'array') return `a list of at least ${issue.minimum}`;
      return issue.inclusive ? `at least ${issue.minimum}` : `above ${issue.minimum}`;
    case 'too_big':
      if (issue.origin === 'string') return `text of at most ${issue.maximum} characters`;
      if (issue.origin === 'array') return `a list of at most ${issue.maximum}`;
      return `at most ${issue.maximum}`;
    case 'invalid_union': {
      // The message of a union without kinds was made by `plainIssues`.
      const kinds = kindsOf(issue);
      return kinds.length === 0 ? issue.message : orList(kinds.map((each) => JSON.stringify(each)));
    }
    case 'custom':
      return issue.message;
    default:
      return `of another form (${words.page})`;
  }
}

/** The kinds of a union that is told apart by one field. */
function kindsOf(issue: Issue): string[] {
  return 'options' in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
}

/** The fields that an object of the schema may have at a path. */
function fieldsAt(schema: Schema, path: Path, json: unknown): string[] {
  let at: readonly Schema[] = alternatives(schema);
  for (const key of path) {
    at = at.flatMap(({ def }) => {
      const next = def.shape?.[String(key)] ?? def.element ?? def.valueType;
      return next === undefined ? [] : alternatives(next);
    });
  }
  const shapes = at.flatMap(({ def }) => (def.shape === undefined ? [] : [def.shape]));
  const value = valueAt(json, path);
  // Of alternatives by kind only the one that the document names.
  const kind = (value as { kind?: unknown } | undefined)?.kind;
  const own = shapes.filter(({ kind: literal }) => {
    const values = (literal?.def as { values?: readonly unknown[] } | undefined)?.values;
    return values === undefined || values.includes(kind);
  });
  return [...new Set((own.length > 0 ? own : shapes).flatMap((shape) => Object.keys(shape)))];
}

/** A schema without what only says that it may be absent or null; the members of a union. */
function alternatives(schema: Schema): readonly Schema[] {
  const { innerType, options } = schema.def;
  if (innerType !== undefined) return alternatives(innerType);
  return options === undefined ? [schema] : options.flatMap(alternatives);
}

function correction(guess: string | null, fields: readonly string[]): string {
  if (guess !== null) return `; \`${guess}\` is meant`;
  return fields.length === 0 ? '' : `, whose fields are ${fields.join(', ')}`;
}

/** The name that a misspelt one is nearest to; null where none is near. */
function nearest(name: string, names: readonly string[]): string | null {
  const plain = (text: string): string => text.toLowerCase().replace(/[-_ ]/g, '');
  const ranked = names
    .map((each) => ({ each, edits: edits(plain(name), plain(each)) }))
    .sort((a, b) => a.edits - b.edits);
  const [first] = ranked;
  const most = Math.max(1, Math.floor(plain(name).length / 3));
  return first !== undefined && first.edits <= most ? first.each : null;
}

/** Insertions, deletions, substitutions and swaps of neighbours that turn one word into the other. */
function edits(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= from.length; i++) {
    const row = [i];
    for (let j = 1; j <= to.length; j++) {
      const [above, beyond] = [rows[i - 1]!, rows[i - 2]];
      const substituted = above[j - 1]! + (from[i - 1] === to[j - 1] ? 0 : 1);
      row[j] = Math.min(above[j]! + 1, row[j - 1]! + 1, substituted);
      const swapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      if (swapped) row[j] = Math.min(row[j]!, beyond![j - 2]! + 1);
    }
    rows.push(row);
  }
  return rows.at(-1)!.at(-1)!;
}

function nameOf(path: Path): string {
  return path.map(String).join('.');
}

function ownerOf(path: Path, words: DocumentWords): string {
  return path.length === 0 ? `the ${words.name}` : `\`${nameOf(path)}\``;
}

function valueAt(json: unknown, path: Path): unknown {
  let value: unknown = json;
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key];
  return value;
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > SHOWN_VALUE ? `${text.slice(0, SHOWN_VALUE - 3)}...` : text;
}

function orList(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
