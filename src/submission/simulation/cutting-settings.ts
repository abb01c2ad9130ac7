/**
 * Settings that limit what is scored and show in no comparison, such as what is counted down from: made small, they
 * leave about the same number of targets of a short set and of a longer one.
 */
import type { Entry } from './entries.js';
import { isPartOf, lastPlace, resultOf, targetsOf } from './results.js';
import { type Budget, type Run, runWhole } from './run.js';
import { smallSetting } from './settings.js';
import type { Limit, Trial } from './types.js';

/** What limits are tried out with. */
export interface Tries {
  readonly entry: Entry;
  readonly run: Run;
  /** Numbers that the script stated, by name. */
  readonly settings: ReadonlyMap<string, number>;
  readonly budget: Budget;
}

/** Most settings that are tried out. */
const SETTINGS_MAX = 5;
/** Smaller ones are no limit of a set: layers, heads, columns. */
const SETTING_MIN = 100;
/** Where something begins, and what stands before it: a smaller one leaves no less. */
const BEGINNING = /offset|header/i;
/** From here on a setting is taken to count tokens. */
const TOKENS_FROM = 200_000;
/** What is put in place of others: rows, batches or documents of a small set. */
const FEW = 8;
/** As many documents have more or fewer targets; of all of them the longer set has 1.6 times as many. */
const GROWN_MAX = 1.3;

/** A length of something leaves more of a longer set. */
export function limitsOfSettings(
  [whole, longer]: readonly Trial[],
  { entry, run, settings, budget }: Tries,
): Limit[] {
  const all = targetsOf(whole!);
  const at = resultOf(whole!)?.at;
  if (all === null || at === undefined || longer === undefined) return [];
  const length = longer.set.ids.length;
  const large = [...settings].filter(
    ([name, value]) =>
      Number.isInteger(value) &&
      value >= SETTING_MIN &&
      smallSetting(name, value, 0) === value &&
      !BEGINNING.test(name),
  );
  const enough = 0.8 * budget.steps;
  return large.slice(-SETTINGS_MAX).flatMap(([setting, limit]): Limit[] => {
    if (budget.steps < enough) return [];
    const tried = limit >= TOKENS_FROM ? Math.floor(whole!.set.ids.length / 3) : FEW;
    const instead = new Map([[setting, tried]]);
    const cut = runWhole(entry, { ...run, instead }, budget);
    const left = targetsOf(cut);
    if (left === null || !isPartOf(cut, whole!)) return [];
    const more = runWhole(entry, { ...run, instead, tokens: length }, budget);
    const grown = (targetsOf(more) ?? Number.POSITIVE_INFINITY) / left;
    if (grown > GROWN_MAX || lastPlace(more) !== lastPlace(whole!)) return [];
    const actual = Math.round((tried * all) / left);
    return [{ at, limit, actual, unit: 'unknown', setting, cuts: true }];
  });
}
