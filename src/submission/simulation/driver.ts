/**
 * Runs a program on small sets of several lengths, by one rank and by eight.
 */
import type { Program } from '../source/types.js';
import { withCutting, withStated } from './cutting.js';
import { type Entry, entriesOf, preparesCased, vocabulariesOf } from './entries.js';
import { isSwitched } from './judge-evaluations.js';
import { withGrowing } from './limits.js';
import { withLongerSidecar } from './longer-sidecar.js';
import { lastPlace, targetsOf, writtenOf } from './results.js';
import { type Budget, type Ran, type Run, runOnce, runWhole, withoutScores } from './run.js';
import { LENGTH_SCALE, smallSetting } from './settings.js';
import { longerThan, settled, TOKENS } from './sizes.js';
import { switchesOf } from './switches.js';
import type { Exported, ExportLimit, Trial } from './types.js';

/** The challenge's machine has eight GPUs. */
const RANKS = 8;

/** Operations of the interpreter for a whole program: on all sets, by all ranks, of all scripts of a folder. */
const STEPS = 16_000_000;
/** Those for what runs by default leave open: limits that are tried out, and evaluations that are not reached. */
const EXTRA_STEPS = 6_000_000;
/** Those for data with a sidecar, where the others are spent: it is read before anything is evaluated. */
const SIDECAR_STEPS = 4_000_000;

/** Of the steps that are left, the share for the run by eight ranks where they do not suffice for all runs. */
const RANKS_SHARE = 0.8;
/** Steps for the run by eight ranks that are kept where a run of the longer set is made before it. */
const RANKS_STEPS = 4_000_000;

/** Tokens of two sets for lengths as they are stated: several rows of 4,096. */
const STATED_TOKENS = [10_007, 15_013] as const;

/** For a stride or an overlap that is off by default, in tokens of rows of 32 and more. */
const STRIDE = 8;

/** Most settings of a preparation of data that are tried out. */
const SETTINGS_MAX = 6;

export function runProgram(program: Program): Trial[] {
  const budget = { steps: STEPS };
  const extra = { steps: EXTRA_STEPS };
  const sidecar = { steps: SIDECAR_STEPS };
  return entriesOf(program).flatMap((entry) => runEntry(entry, { budget, extra, sidecar }));
}

interface Budgets {
  readonly budget: Budget;
  readonly extra: Budget;
  readonly sidecar: Budget;
}

function runEntry(entry: Entry, { budget, extra, sidecar }: Budgets): Trial[] {
  let scored = false;
  return vocabulariesOf(entry).flatMap((kind) => {
    // What ranks leave out shows on one set as on the other.
    const several = !scored;
    const one: Run = { kind, tokens: TOKENS, ranks: 1, scale: LENGTH_SCALE };
    const cased = kind === 'operators' ? runCased(entry, one, extra) : null;
    if (cased !== null) return cased;
    if (kind === 'operators' && budget.steps < sidecar.steps) {
      const half = { steps: sidecar.steps / 2 };
      sidecar.steps -= half.steps;
      const { trial } = runOnce(entry, one, half);
      return withLongerSidecar([withoutScores(trial)], entry, one, sidecar);
    }
    const { run, ran } = settled(entry, one, budget);
    scored ||= ran.trial.scores.some(({ kind: of }) => of === 'bpb');
    const first = preparesCased(entry) ? withoutOthers(ran) : ran;
    if (first.trial.scores.length > 0) return runScored(entry, run, first, several, budget, extra);
    if (first.trial.exported !== undefined) return runExports(entry, run, first, budget, extra);
    const stated = withStated(first.trial, { entry, run, settings: first.settings });
    return withLongerSidecar([stated], entry, run, extra);
  });
}

/** Runs of a script that comes to a score. */
function runScored(
  entry: Entry,
  one: Run,
  first: Ran,
  several: boolean,
  budget: Budget,
  extra: Budget,
): Trial[] {
  const trials = runLengths(entry, one, first, several, budget, extra);
  return one.kind === 'operators'
    ? withLongerSidecar(trials, entry, one, extra)
    : [...trials, ...runSwitched(entry, one, first, extra)];
}

/** Of a preparation of data that makes capitals operators; null where it writes other tokens of such documents. */
function runCased(entry: Entry, one: Run, budget: Budget): Trial[] | null {
  if (!preparesCased(entry)) return null;
  const run = { ...one, cased: true };
  const first = runOnce(entry, run, budget);
  const { exported, set } = first.trial;
  if (exported?.tokens.length !== set.ids.length) return null;
  if (set.ids.some((id, i) => id !== exported.tokens[i])) return null;
  // Of one length nothing tells which other limits are on what grows with the set.
  const limited = withLimits(exported, entry, run, first, budget);
  return [{ ...first.trial, exported: limited, limits: [] }];
}

/** What makes operators itself escapes those of a document and its capitals: shards of other tokens say nothing. */
function withoutOthers(ran: Ran): Ran {
  const { exported, ...trial } = ran.trial;
  const same = exported?.tokens.every(
    (id, i) => i >= trial.set.ids.length || id === trial.set.ids[i],
  );
  return same === false ? { ...ran, trial } : ran;
}

/** Runs of a preparation of data on two lengths. */
function runExports(entry: Entry, one: Run, first: Ran, budget: Budget, extra: Budget): Trial[] {
  const { trial, settings } = first;
  const longer = runOnce(entry, { ...one, tokens: longerThan(one.tokens) }, budget).trial;
  const exported = withLimits(trial.exported!, entry, one, first, budget);
  const trials = withGrowing([{ ...trial, exported }, longer]);
  const stated = new Set(exported.limits?.map((limit) => limit.stated));
  const tries = { entry, run: one, settings, budget: extra, thorough: budget.steps > 0 };
  return withCutting(trials, tries).map((each) => ({
    ...each,
    limits: each.limits.filter(({ limit }) => !stated.has(limit)),
  }));
}

/**
 * A setting that is smaller and leaves less in the shards is a limit of what is written, such as a number of documents,
 * rather than the length of a shard.
 */
function withLimits(
  exported: Exported,
  entry: Entry,
  one: Run,
  { trial, settings }: Ran,
  budget: Budget,
): Exported {
  const documents = trial.set.starts.length;
  const large = [...settings].filter(([, value]) => Number.isInteger(value) && value > documents);
  const limits = large.slice(0, SETTINGS_MAX).flatMap(([name, stated]): ExportLimit[] => {
    const tried = Math.floor(documents / 2);
    const instead = new Map([[name, tried]]);
    const cut = runOnce(entry, { ...one, instead }, budget).trial;
    const tokens = writtenOf(cut);
    if (tokens === null || tokens >= exported.tokens.length) return [];
    // The rest that does not fill a shard may be less of smaller shards, and is judged as such.
    const { shard } = cut.exported!;
    if (shard <= tried && exported.tokens.length - tokens < shard) return [];
    return [{ name, stated, tried, tokens }];
  });
  return { ...exported, limits };
}

/**
 * Runs of two lengths by one rank, and of one by eight.
 *
 * @param several false: by one rank alone
 */
function runLengths(
  entry: Entry,
  one: Run,
  first: Ran,
  several: boolean,
  budget: Budget,
  extra: Budget,
): Trial[] {
  const tries = { entry, settings: first.settings, budget: extra };
  if (one.tokens === TOKENS && hasGaps(first.trial) && !hasLonger(first, STATED_TOKENS[0])) {
    // Not every number that looks like a length is one: the small lengths may have lost what the stated ones keep.
    const [tokens, more] = STATED_TOKENS;
    const whole: Run = { ...one, tokens, scale: 1 };
    const stated = runWhole(entry, whole, budget);
    if (lastPlace(stated) === lastPlace(first.trial) && !hasGaps(stated)) {
      const trials = [stated, runWhole(entry, { ...whole, tokens: more }, budget)];
      // A gap of a longer set is one of every so many rows, of which the shorter one has too few.
      if (!trials.some((trial) => targetsOf(trial) !== null && hasGaps(trial))) {
        if (several) trials.push(runWhole(entry, { ...whole, ranks: RANKS }, budget));
        return withCutting(withGrowing(trials), {
          ...tries,
          run: whole,
          thorough: budget.steps > 0,
        });
      }
    }
  }
  const trials = [first.trial, ...runOthers(entry, one, first, several, budget)];
  return withCutting(withGrowing(trials), { ...tries, run: one, thorough: budget.steps > 0 });
}

/** The longer set and the ranks; where the steps do not suffice for both, the ranks come first. */
function runOthers(
  entry: Entry,
  one: Run,
  { steps }: Ran,
  several: boolean,
  budget: Budget,
): Trial[] {
  const longer = () => runOnce(entry, { ...one, tokens: longerThan(one.tokens) }, budget).trial;
  if (!several) return [longer()];
  const ranks = (own: Budget) => runOnce(entry, { ...one, ranks: RANKS }, own).trial;
  // A preparation takes as long for both, an evaluation as much longer as the set is.
  if (budget.steps >= (steps * longerThan(one.tokens)) / one.tokens + RANKS_STEPS) {
    return [longer(), ranks(budget)];
  }
  const own = { steps: Math.floor(budget.steps * RANKS_SHARE) };
  budget.steps -= own.steps;
  const shared = ranks(own);
  budget.steps += own.steps;
  return [longer(), shared];
}

/**
 * Runs with other settings than the defaults, of evaluations that these do not reach: by one rank, and by eight where
 * the steps suffice. Of one length, since what grows with the set is no graver here than what does not.
 */
function runSwitched(entry: Entry, one: Run, { trial, settings }: Ran, budget: Budget): Trial[] {
  const reached = new Set(trial.scores.flatMap(({ functions }) => functions));
  const modules = [entry.module, ...entry.modules.values()];
  return switchesOf(modules, settings, reached, STRIDE).flatMap(({ instead, ...switched }) => {
    const run = (other: Partial<Run>): Trial => ({
      ...runOnce(entry, { ...one, instead, ...other }, budget).trial,
      limits: [],
      switched,
    });
    const before = budget.steps;
    const first = run({});
    if (!first.scores.some((score) => isSwitched(score, first))) return [];
    const cost = before - budget.steps;
    return budget.steps >= RANKS * cost ? [first, run({ ranks: RANKS })] : [first];
  });
}

/** A length that is stated is longer than a set, so that lengths as they are stated would show nothing of it. */
function hasLonger({ settings }: Ran, tokens: number): boolean {
  return [...settings].some(
    ([name, value]) =>
      value > tokens &&
      Math.abs(smallSetting(name, value, 0) * LENGTH_SCALE - value) <= LENGTH_SCALE / 2,
  );
}

/** The last result lacks a target that is not of the incomplete row at the end. */
function hasGaps(trial: Trial): boolean {
  const { set, seqLen } = trial;
  return (targetsOf(trial) ?? 0) <= set.ids.length - 1 - (seqLen ?? 1);
}
