/**
 * Tries limits out that cut nothing of a small set: whether a smaller number in their place leaves less of the result.
 */
import type { Entry } from './entries.js';
import { lastPlace, targetsOf, writtenOf } from './results.js';
import { type Budget, type Run, runWhole } from './run.js';
import { withLimit } from './trying.js';
import type { Limit, Trial } from './types.js';

/** Most limits of a script that are tried out: those that are certain to limit something, and the others. */
const CERTAIN_MAX = 3;
const POSSIBLE_MAX = 6;

/**
 * Left out are limits that cut nothing of the last result, such as the documents that are learned from, and those that
 * are only possible where no trial shows that they cut; marked are those that cut it.
 *
 * @param settings numbers that the script stated, by name
 */
export function withCutting(
  trials: readonly Trial[],
  entry: Entry,
  run: Run,
  settings: ReadonlyMap<string, number>,
  budget: Budget,
): Trial[] {
  const whole = trials[0];
  const tried = new Map<string, boolean>();
  for (const { limit, small } of whole === undefined ? [] : trialsOf(whole, entry, run, settings)) {
    const cut = runWhole(small.entry, small.run, budget);
    const [left, all] = [amountOf(cut), amountOf(whole!)];
    // A run that came to another result says nothing.
    if (lastPlace(cut) !== lastPlace(whole!) || left === null || all === null) continue;
    tried.set(keyOf(limit), left < all);
  }
  return trials.map((each) => ({
    ...each,
    limits: each.limits.flatMap((limit) => {
      const cuts = tried.get(keyOf(limit)) ?? (limit.possible ? false : undefined);
      return cuts === undefined ? [limit] : cuts ? [{ ...limit, cuts }] : [];
    }),
  }));
}

function trialsOf(whole: Trial, entry: Entry, run: Run, settings: ReadonlyMap<string, number>) {
  const known = new Set<string>();
  const found = (possible: boolean) =>
    whole.limits.flatMap((limit) => {
      const third = Math.max(1, Math.floor(limit.actual / 3));
      if ((limit.possible === true) !== possible || known.has(keyOf(limit))) return [];
      const small = withLimit(entry, run, limit, settings, third);
      if (small === null) return [];
      known.add(keyOf(limit));
      return [{ limit, small }];
    });
  return [...found(false).slice(0, CERTAIN_MAX), ...found(true).slice(0, POSSIBLE_MAX)];
}

/** Targets of the result, or tokens in the shards. */
const amountOf = (trial: Trial): number | null => targetsOf(trial) ?? writtenOf(trial);

const keyOf = ({ at, limit }: Limit): string => [at.path, at.layer, at.line, limit].join('\0');
