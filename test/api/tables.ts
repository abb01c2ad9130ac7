/**
 * Tables of result fields in docs pages, and their comparison with real results.
 */
import { readFileSync } from 'node:fs';
import { pathsOf } from './paths.js';

export interface Field {
  readonly path: string;
  /** Marked by `?`: may be absent though the object that it belongs to is there. */
  readonly optional: boolean;
}

/** A row of a table: the fields that its first column names. */
export type Row = readonly Field[];

/**
 * The table under the heading `## title` of a docs page.
 *
 * A row `x.**` that means "as `y`" stands for the fields under `y`, by the rows before it.
 */
export function tableOf(page: string, title: string): Row[] {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8');
  const section = text.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows: Row[] = [];
  for (const [, first = '', meaning = ''] of section.matchAll(/^\| (`.+?) \| (.+) \|$/gm)) {
    const fields = Array.from(first.matchAll(/`([^`]+)`(\?)?/g), ([, path = '', mark]) => ({
      path,
      optional: mark !== undefined,
    }));
    const base = /^as `([^`]+)`/.exec(meaning)?.[1];
    rows.push(fields.flatMap((field) => expanded(field, base, rows.flat())));
  }
  return rows;
}

function expanded(field: Field, base: string | undefined, before: readonly Field[]): Field[] {
  if (!field.path.endsWith('.**')) return [field];
  const under = before.filter(({ path }) => path.startsWith(`${base}.`));
  return under.map(({ path, optional }) => ({
    path: field.path.slice(0, -'.**'.length) + path.slice(base!.length),
    optional,
  }));
}

/**
 * What the tables and the results say differently, one sentence each.
 *
 * @param own rows of the table of these results
 * @param shared rows of another table whose fields these results may have as well
 */
export function differences(
  own: readonly Row[],
  shared: readonly Row[],
  results: readonly unknown[],
): string[] {
  const found = results.map(pathsOf);
  const leaves = new Set(found.flatMap((paths) => [...paths.leaves]));
  const all = new Set([...leaves, ...found.flatMap((paths) => [...paths.parents])]);
  const fields = own.flat();
  const documented = [...fields, ...shared.flat()].map(({ path }) => path);
  const patterns = documented.map(patternOf);
  const known = (path: string) => patterns.some((pattern) => pattern.test(path));
  // An empty array, or an empty object of any names, has no elements whose fields could be seen.
  const elements = (path: string) =>
    documented.some((other) => other.startsWith(`${path}[].`) || other.startsWith(`${path}.*.`)) ||
    known(`${path}.x`);
  const undocumented = [...leaves].filter((path) => {
    const emptyOnly = found.every(({ leaves, empty }) => !leaves.has(path) || empty.has(path));
    return !known(path) && !(emptyOnly && elements(path));
  });
  const unseen = fields.filter(({ path }) => ![...all].some((seen) => patternOf(path).test(seen)));
  const absent = fields.filter(
    ({ path, optional }) =>
      !optional &&
      !path.includes('*') &&
      found.some(({ leaves, parents }) => {
        const parent = path.slice(0, Math.max(path.lastIndexOf('.'), 0));
        return parents.has(parent) && !leaves.has(path) && !parents.has(path);
      }),
  );
  return [
    ...undocumented.map((path) => `not documented: ${path}`),
    ...unseen.map(({ path }) => `in no result: ${path}`),
    ...absent.map(({ path }) => `absent from a result, without a ?: ${path}`),
  ];
}

/** `*` is any name of one level. */
function patternOf(path: string): RegExp {
  const escaped = path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('\\*', '[^.[\\]]+');
  return new RegExp(`^${escaped}$`);
}
