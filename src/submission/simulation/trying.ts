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
): { entry: Entry; run: Run } | null {
  const found = [entry.module, ...entry.modules.values()].find(
    ({ source, layer }) => source.path === at.path && layer === at.layer,
  );
  const changed = found === undefined ? null : withNumber(found, at.line, limit, instead);
  if (changed !== null) {
    const of = (each: SourceModule) => (each === found ? changed : each);
    const modules = new Map([...entry.modules].map(([name, each]) => [name, of(each)]));
    return { entry: { ...entry, module: of(entry.module), modules }, run };
  }
  const names = [...settings].filter(([, value]) => value === limit);
  if (names.length === 0) return null;
  return { entry, run: { ...run, instead: new Map(names.map(([name]) => [name, instead])) } };
}

/** The same text with another number on a line, wherever it stands there; null where it does not. */
function withNumber(
  { source, layer }: SourceModule,
  line: number,
  number: number,
  instead: number,
): SourceModule | null {
  const lines = source.text.split('\n').slice(0, line);
  const end = lines.join('\n').length;
  const begin = end - lines.at(-1)!.length;
  const nodes = source.nodes.filter(
    (each) =>
      each.type === 'Number' &&
      each.from >= begin &&
      each.to <= end &&
      Number(textOf(source, each).replaceAll('_', '')) === number,
  );
  if (nodes.length === 0) return null;
  let text = source.text;
  for (const { from, to } of nodes.toReversed()) {
    text = text.slice(0, from) + instead + text.slice(to);
  }
  return { source: parsePython(text, source.path), layer };
}
