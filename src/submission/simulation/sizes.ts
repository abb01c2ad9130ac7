/**
 * How large the small set is for a script, and by how much its lengths are divided: so that it has several batches.
 */
import type { Entry } from './entries.js';
import { type Budget, type Ran, type Run, runOnce } from './run.js';
import { LENGTH_SCALE, scaleFor } from './settings.js';
import type { Trial } from './types.js';

/**
 * Tokens of the small sets, each with a longer one. Of the first, one less is 25 and 41 rows of 128, 50 and 82 of 64, 100
 * and 164 of 32, and a part of a row: no number of these is a multiple of 3 ranks, none of the first set one of 8, nor
 * its batches of 2, 4 or 8 rows. The others are for rows and batches of stated lengths.
 */
const LENGTHS: readonly (readonly [number, number])[] = [
  [3216, 5275],
  [25_013, 41_051],
  [65_029, 106_033],
];
export const TOKENS = LENGTHS[0]![0];

/** A set is too small for a script that gives the model fewer batches, */
const BATCHES_MIN = 3;
/** or that has fewer rows. */
const ROWS_MIN = 8;

/** Runs by one rank on a larger set may take this share of the steps that are left. */
const SHARE = 0.25;

/** What the other runs take, by the steps of the first. */
const OTHERS = 3.5;
/** Of the steps that a run would take if all of them went with the tokens: tables are built once. */
const EXPECTED = 0.5;

export const longerThan = (tokens: number): number =>
  LENGTHS.find(([shorter]) => shorter === tokens)?.[1] ?? LENGTHS[0]![1];

/** The first run, and the one that it was brought to. */
export function settled(entry: Entry, one: Run, budget: Budget): { run: Run; ran: Ran } {
  let run = one;
  let ran = runOnce(entry, run, budget);
  if (ran.trial.scores.length === 0 && !isEmpty(ran.trial)) return { run, ran };
  const scale = scaleFor(ran.settings);
  // Longer rows take more steps, and the other runs are to follow.
  if (scale !== LENGTH_SCALE && 2 * OTHERS * ran.steps < budget.steps) {
    run = { ...run, scale };
    ran = runOnce(entry, run, budget);
  }
  for (const [tokens] of LENGTHS.slice(1)) {
    if (!isEmpty(ran.trial) && !isCramped(ran.trial)) break;
    const most = SHARE * budget.steps;
    if (EXPECTED * ran.steps * (tokens / run.tokens) > most) break;
    const own = { steps: Math.floor(most) };
    const larger = { ...run, tokens };
    const other = runOnce(entry, larger, own);
    budget.steps -= Math.floor(most) - own.steps;
    if (other.trial.ended === true) break;
    if (other.trial.scores.length === 0 && !isEmpty(other.trial)) break;
    // Those of the longer set and by eight ranks are to follow.
    if (OTHERS * other.steps > budget.steps) break;
    [run, ran] = [larger, other];
  }
  return { run, ran };
}

/** A mean over no batch at all: not one was full. */
const isEmpty = ({ stops }: Trial): boolean =>
  stops.some(({ reason }) => reason.startsWith('ZeroDivisionError'));

/** A batch or a row is a large part of the set, so that what becomes of the others hardly shows. */
function isCramped({ set, calls = { count: 0, longest: 0 } }: Trial): boolean {
  const last = set.ids.length - 1;
  // A model that is given the stream as a whole has no batches.
  if (calls.count === 0 || calls.longest >= last - 1) return false;
  return calls.count < BATCHES_MIN || last < ROWS_MIN * calls.longest;
}
