/**
 * A script with a smaller number in place of a limit that it states, to see what the limit cuts.
 */
import type { SourceModule } from '../python/runtime.js';
import { parsePython, textOf } from '../source/nodes.js';
import type { Entry } from './entries.js';
import type { Run } from './run.js';
import type { Limit } from './types.js';

/**
 * The number itself where it stands on the limit's line, else the settings that have its value.
 *
 * @param settings numbers that the script stated, by name
 * @returns null where the number is not found
 */
export function withLimit(
  entry: Entry,
  run: Run,
  { at, limit }: Limit,
  settings: ReadonlyMap<string, number>,
  instead: number,
): Tried | null {
  const found = moduleOf(entry, at);
  const changed = found === undefined ? null : withNumber(found, at.line, limit, instead);
  if (changed !== null) return { entry: withModule(entry, found!, changed), run };
  const names = [...settings].filter(([, value]) => value === limit);
  if (names.length === 0) return null;
  return { entry, run: { ...run, instead: new Map(names.map(([name]) => [name, instead])) } };
}

/** A factor of a limit is at least this. */
const FACTOR_MIN = 4;

/**
 * Of a limit that is a product, such as `100 * SEQ_LEN + 1`, a smaller factor: one that stands on the line, else a
 * setting. Parameters as those of `withLimit`.
 */
export function withFactor(
  entry: Entry,
  run: Run,
  { at, limit }: Limit,
  settings: ReadonlyMap<string, number>,
  instead: number,
): Tried | null {
  const found = moduleOf(entry, at);
  const stated = found === undefined ? [] : numbersOn(found, at.line).map(({ value }) => value);
  const factor = [...stated, ...settings.values()].find(
    (value) =>
      Number.isInteger(value) && value >= FACTOR_MIN && value < limit && limit % value <= 1,
  );
  if (factor === undefined) return null;
  const smaller = Math.max(1, Math.floor((factor * instead) / limit));
  return withLimit(
    entry,
    run,
    { at, limit: factor, actual: limit, unit: 'unknown' },
    settings,
    smaller,
  );
}

interface Tried {
  readonly entry: Entry;
  readonly run: Run;
}

const moduleOf = (entry: Entry, { path, layer }: Limit['at']): SourceModule | undefined =>
  [entry.module, ...entry.modules.values()].find(
    (each) => each.source.path === path && layer === each.layer,
  );

function withModule(entry: Entry, found: SourceModule, changed: SourceModule): Entry {
  const of = (each: SourceModule) => (each === found ? changed : each);
  const modules = new Map([...entry.modules].map(([name, each]) => [name, of(each)]));
  return { ...entry, module: of(entry.module), modules };
}

/** The same text with another number on a line, wherever it stands there; null where it does not. */
function withNumber(
  { source, layer }: SourceModule,
  line: number,
  number: number,
  instead: number,
): SourceModule | null {
  const nodes = numbersOn({ source, layer }, line).filter(({ value }) => value === number);
  if (nodes.length === 0) return null;
  let text = source.text;
  for (const { from, to } of nodes.toReversed()) {
    text = text.slice(0, from) + instead + text.slice(to);
  }
  return { source: parsePython(text, source.path), layer };
}

/** Numbers that stand on a line. */
function numbersOn({ source }: SourceModule, line: number) {
  const lines = source.text.split('\n').slice(0, line);
  const end = lines.join('\n').length;
  const begin = end - lines.at(-1)!.length;
  return source.nodes.flatMap((each) => {
    if (each.type !== 'Number' || each.from < begin || each.to > end) return [];
    const value = Number(textOf(source, each).replaceAll('_', ''));
    return [{ from: each.from, to: each.to, value }];
  });
}
