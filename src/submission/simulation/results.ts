/**
 * The last result of a run: where it was made, and of how many targets; and the shards that it wrote.
 */
import { Ratio, Sum } from '../python/sums.js';
import type { Trial } from './types.js';

/** Targets of the last result; null where there is none. */
export function targetsOf({ scores }: Trial): number | null {
  const last = scores.findLast(({ final }) => final);
  const losses = last?.value instanceof Ratio ? last.value.numerator : last?.value;
  return losses instanceof Sum ? losses.terms.size : null;
}

/** Tokens in the shards that a run wrote; null where they are not the documents' in their order, or not counted. */
export function writtenOf({ exported, set }: Trial): number | null {
  if (exported?.counted !== true) return null;
  const { tokens } = exported;
  let found = 0;
  for (const id of set.ids) if (tokens[found] === id) found++;
  return found === tokens.length ? found : null;
}

/** Where the last result was made. */
export function lastPlace({ scores }: Trial): string | undefined {
  const last = scores.findLast(({ final }) => final);
  return last && [last.at.path, last.at.layer, last.at.line, ...last.functions].join('\0');
}
