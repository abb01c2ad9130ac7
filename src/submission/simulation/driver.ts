/**
 * Runs a program on small sets of several lengths, by one rank and by eight.
 */
import { DEFAULT_LIMITS, Interpreter } from '../python/interpreter.js';
import { Ratio, Sum } from '../python/sums.js';
import type { Stop, Value } from '../python/values.js';
import type { Program } from '../source/types.js';
import { buildTables, evaluateAlone } from './alone.js';
import { type Entry, entriesOf, vocabulariesOf } from './entries.js';
import { Files } from './files.js';
import { Exchange } from './modules/distributed.js';
import { scoresOf } from './observations.js';
import { smallSet } from './set.js';
import type { BuiltTable, Limit, SmallSet, Trial } from './types.js';
import type { VocabularyKind } from './vocabulary.js';
import { World } from './world.js';

/**
 * Tokens of the two sets. One less is 23 and 41 rows of 128, 47 and 83 of 64, 95 and 167 of 32, and a part of a row:
 * no number of these is a multiple of 8 or 3 ranks.
 */
const TOKENS = [3056, 5360] as const;

/** The challenge's machine has eight GPUs. */
const RANKS = 8;

/** Passes over the ranks until their collective calls agree. */
const PASSES_MAX = 4;

/** Operations of the interpreter for a whole program, and for one rank's run of it. */
const STEPS = 24_000_000;
const RUN_STEPS = 8_000_000;
/** What a run is taken to have cost that ended because its memory was spent. */
const SPENT_STEPS = 3_000_000;

/** Tokens of a set for lengths as they are stated: several rows of 4,096. */
const STATED_TOKENS = 10_007;

interface Run {
  readonly kind: VocabularyKind;
  readonly tokens: number;
  readonly ranks: number;
  /** Lengths and batches are brought down; false: they stay as the script states them. */
  readonly scaled: boolean;
}

/** What is left of the steps of a program. */
interface Budget {
  steps: number;
}

export function runProgram(program: Program): Trial[] {
  const budget = { steps: STEPS };
  return entriesOf(program).flatMap((entry) => runEntry(entry, budget));
}

function runEntry(entry: Entry, budget: Budget): Trial[] {
  const trials: Trial[] = [];
  for (const kind of vocabulariesOf(entry)) {
    const one = { kind, tokens: TOKENS[0], ranks: 1, scaled: true };
    const first = runOnce(entry, one, budget);
    if (first.scores.length === 0) {
      trials.push(first);
      continue;
    }
    if (hasGaps(first)) {
      // Not every number that looks like a length is one: the small lengths may have lost what the stated ones keep.
      const stated = runOnce(entry, { ...one, tokens: STATED_TOKENS, scaled: false }, budget);
      if (lastPlace(stated) === lastPlace(first) && !hasGaps(stated)) {
        trials.push(stated);
        continue;
      }
    }
    trials.push(first, runOnce(entry, { ...one, tokens: TOKENS[1] }, budget));
    if (kind !== 'operators') trials.push(runOnce(entry, { ...one, ranks: RANKS }, budget));
  }
  return withGrowing(trials);
}

/** The last result lacks a target that is not of the incomplete row at the end. */
function hasGaps({ scores, set, seqLen }: Trial): boolean {
  const last = scores.findLast(({ final }) => final);
  if (last === undefined) return true;
  const { value } = last;
  const losses = value instanceof Ratio ? value.numerator : value;
  const row = seqLen ?? 1;
  return !(losses instanceof Sum) || losses.terms.size <= set.ids.length - 1 - row;
}

/** Where the last result was made. */
function lastPlace({ scores }: Trial): string | undefined {
  const last = scores.findLast(({ final }) => final);
  return last && [last.at.path, last.at.layer, last.at.line, ...last.functions].join('\0');
}

function runOnce(entry: Entry, { kind, tokens, ranks, scaled }: Run, budget: Budget): Trial {
  const set = smallSet(tokens, kind);
  const exchange = new Exchange(ranks);
  for (let pass = 1; ; pass++) {
    const files = new Files(set, entry.files);
    let first: Outcome | null = null;
    for (let rank = 0; rank < ranks; rank++) {
      const switches = kind === 'operators' ? /CASE_?OPS/i : null;
      const { modules: sources, name: script } = entry;
      const around = { set, files, rank, exchange, script, switches, scaled, sources };
      const world = new World(around);
      const steps = Math.min(budget.steps, RUN_STEPS);
      const interpreter = new Interpreter(world, { ...DEFAULT_LIMITS, steps });
      const { names } = interpreter.runModule(entry.module.source, entry.module.layer, '__main__');
      const scored = world.observations.all.length > 0;
      const tables = scored ? [] : runAlone(interpreter, names, set, exchange, rank);
      const spent = interpreter.left >= 0 ? steps - interpreter.left : SPENT_STEPS;
      budget.steps = Math.max(0, budget.steps - spent);
      first ??= { world, stops: interpreter.stops, tables };
    }
    const settled = ranks === 1 || exchange.settle();
    if (settled || pass === PASSES_MAX) return trialOf(set, ranks, first!);
  }
}

/** What looks like a table's builder or an evaluation is called by itself. */
function runAlone(
  runtime: Interpreter,
  names: ReadonlyMap<string, Value>,
  set: SmallSet,
  { ranks }: Exchange,
  rank: number,
): readonly BuiltTable[] {
  const alone = { runtime, names, rank, ranks, vocabulary: set.pieces.length };
  const { values, tables } = buildTables(alone);
  evaluateAlone(alone, values);
  return tables;
}

interface Outcome {
  readonly world: World;
  readonly stops: readonly Stop[];
  readonly tables: readonly BuiltTable[];
}

function trialOf(set: SmallSet, ranks: number, { world, stops, tables }: Outcome): Trial {
  const { seqLen, stride, limits, lost, observations } = world;
  return {
    set,
    ranks,
    seqLen,
    stride,
    scores: scoresOf(observations.all),
    // Why a printed score is not known says more than what else was not followed: those come last.
    stops: [...stops, ...lost.map(({ stop }) => stop)],
    limits,
    ...(tables.length > 0 ? { tables } : {}),
  };
}

/** Keeps the limits on what grows with the set, by comparing runs of one rank on two lengths. */
function withGrowing(trials: Trial[]): Trial[] {
  return trials.map((trial) => {
    const other = trials.find(
      ({ set, ranks }) =>
        ranks === trial.ranks &&
        set.ids.length !== trial.set.ids.length &&
        (set.sidecar === null) === (trial.set.sidecar === null),
    );
    const limits = [...byPlace(trial)].flatMap(([place, limit]) => {
      const same = other === undefined ? undefined : byPlace(other).get(place);
      return same === undefined ? [] : growing(limit, same, trial, other!);
    });
    return { ...trial, limits };
  });
}

/**
 * The limit of each place, with the most that it was held against. Where several numbers limit something at one place
 * they are computed, such as the end of a batch.
 */
function byPlace({ limits }: Trial): Map<string, Limit> {
  const places = new Map<string, Limit | null>();
  for (const limit of limits) {
    const place = [limit.at.path, limit.at.layer, limit.at.line].join('\0');
    const known = places.get(place);
    if (known === undefined) places.set(place, limit);
    else if (known === null || known.limit !== limit.limit) places.set(place, null);
    else if (limit.actual > known.actual) places.set(place, limit);
  }
  return new Map([...places].flatMap(([place, limit]) => (limit === null ? [] : [[place, limit]])));
}

function growing(limit: Limit, same: Limit, trial: Trial, other: Trial): Limit[] {
  if (same.limit !== limit.limit || !Number.isInteger(limit.limit) || limit.limit < 2) return [];
  const growth = (same.actual - limit.actual) / (other.set.ids.length - trial.set.ids.length);
  return growth > 0 ? [{ ...limit, unit: unitOf(growth, trial) }] : [];
}

/** What grows by `growth` with each token of the set. */
function unitOf(growth: number, { seqLen, set }: Trial): Limit['unit'] {
  const near = (value: number) => Math.abs(growth / value - 1) < 0.1;
  if (near(1)) return 'tokens';
  if (seqLen !== null && near(1 / seqLen)) return 'rows';
  return near(set.starts.length / set.ids.length) ? 'documents' : 'unknown';
}
