/**
 * The last result of a run: where it was made, and of how many targets; and the shards that it wrote.
 */
import { Ratio, Sum } from '../python/sums.js';
import type { Score, Trial } from './types.js';

/** What was printed as bits per byte, else the last result. */
export function resultOf({ scores }: Trial): Score | undefined {
  return scores.findLast(({ printed }) => printed) ?? scores.findLast(({ final }) => final);
}

/** Targets of the last result; null where there is none. */
export function targetsOf(trial: Trial): number | null {
  return lossesOf(trial)?.terms.size ?? null;
}

function lossesOf(trial: Trial): Sum | null {
  const last = resultOf(trial);
  const losses = last?.value instanceof Ratio ? last.value.numerator : last?.value;
  return losses instanceof Sum ? losses : null;
}

/**
 * A result of the same place, of fewer targets of the same stream: not where a file's header was read as tokens, or
 * where the printed figure was lost.
 */
export function isPartOf(cut: Trial, whole: Trial): boolean {
  const [left, all] = [lossesOf(cut)?.terms, lossesOf(whole)?.terms];
  if (left === undefined || all === undefined || left.size >= all.size) return false;
  if (lastPlace(cut) !== lastPlace(whole) || (cut.lost != null && whole.lost == null)) return false;
  return [...left.keys()].every((position) => all.has(position));
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
export function lastPlace(trial: Trial): string | undefined {
  const last = resultOf(trial);
  return last && [last.at.path, last.at.layer, last.at.line, ...last.functions].join('\0');
}
