/**
 * Tries limits out that cut nothing of a small set: whether a smaller number in their place leaves less of the result.
 */
import { limitsOfSettings, type Tries } from './cutting-settings.js';
import { lastPlace, targetsOf, writtenOf } from './results.js';
import { runWhole } from './run.js';
import { withFactor, withLimit } from './trying.js';
import type { Limit, Trial } from './types.js';

/** Most limits of a script that are tried out: those that are certain to limit something, and the others. */
const CERTAIN_MAX = 3;
const POSSIBLE_MAX = 6;
/** Share of the steps that only limits that are certain may use; the rest is for evaluations behind settings. */
const RESERVED = 0.7;

interface Trying extends Tries {
  /** False: only limits that are certain to limit something are tried out. */
  readonly thorough: boolean;
}

/**
 * Left out are limits that cut nothing of the last result, such as the documents that are learned from, and those that
 * are only possible where no trial shows that they cut; marked are those that cut it.
 */
export function withCutting(trials: readonly Trial[], tries: Trying): Trial[] {
  const [whole] = trials;
  const tried = new Map<string, boolean>();
  const enough = tries.budget.steps * RESERVED;
  for (const { limit, small } of whole === undefined ? [] : trialsOf(whole, tries)) {
    if (limit.possible === true && tries.budget.steps < enough) break;
    const cut = runWhole(small.entry, small.run, tries.budget);
    const [left, all] = [amountOf(cut), amountOf(whole!)];
    // The number was not the one that limits.
    if (limit.possible !== true && cut.limits.some((each) => keyOf(each) === keyOf(limit)))
      continue;
    // A run that came to another result says nothing.
    if (lastPlace(cut) !== lastPlace(whole!) || left === null || all === null) continue;
    tried.set(keyOf(limit), left < all);
  }
  const kept = trials.map((each) => ({
    ...each,
    limits: each.limits.flatMap((limit) => {
      const cuts = tried.get(keyOf(limit)) ?? (limit.possible ? false : undefined);
      return cuts === undefined ? [limit] : cuts ? [{ ...limit, cuts }] : [];
    }),
  }));
  const [first, ...others] = kept;
  const ended = trials.some((each) => each.ended === true);
  if (first === undefined || first.limits.length > 0 || ended || !tries.thorough) return kept;
  return [{ ...first, limits: limitsOfSettings(trials, tries) }, ...others];
}

/** Of a run without a result nothing can be tried out: the limits that the script states as numbers. */
export function withStated(trial: Trial, { entry, run, settings }: Omit<Tries, 'budget'>): Trial {
  const limits = trial.limits.filter(
    (limit) =>
      limit.possible !== true && withLimit(entry, run, limit, settings, limit.limit) !== null,
  );
  return { ...trial, limits };
}

function trialsOf(whole: Trial, { entry, run, settings, thorough }: Trying) {
  const known = new Set<string>();
  const found = (possible: boolean) =>
    whole.limits.flatMap((limit) => {
      const third = Math.max(1, Math.floor(limit.actual / 3));
      if ((limit.possible === true) !== possible || known.has(keyOf(limit))) return [];
      const small =
        withLimit(entry, run, limit, settings, third) ??
        (possible ? null : withFactor(entry, run, limit, settings, third));
      if (small === null) return [];
      known.add(keyOf(limit));
      return [{ limit, small }];
    });
  const possible = thorough ? found(true) : [];
  return [...found(false).slice(0, CERTAIN_MAX), ...possible.slice(0, POSSIBLE_MAX)];
}

/** Targets of the result, or tokens in the shards. */
const amountOf = (trial: Trial): number | null => targetsOf(trial) ?? writtenOf(trial);

const keyOf = ({ at, limit }: Limit): string => [at.path, at.layer, at.line, limit].join('\0');
