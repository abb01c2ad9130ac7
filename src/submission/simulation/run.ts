/**
 * One run of a script on a small set, by all ranks, in as many passes as their exchange needs.
 */
import { greatest } from '../python/extremes.js';
import { DEFAULT_LIMITS, Interpreter } from '../python/interpreter.js';
import type { Stop, Value } from '../python/values.js';
import { buildTables, evaluateAlone } from './alone.js';
import { casedSet } from './cased-set.js';
import type { Entry } from './entries.js';
import { exportedIn } from './exports.js';
import { Files } from './files.js';
import { Exchange } from './modules/distributed.js';
import { scoresOf } from './observations.js';
import { smallSet } from './set.js';
import { LENGTH_SCALE } from './settings.js';
import type { BuiltTable, SmallSet, Trial } from './types.js';
import type { VocabularyKind } from './vocabulary.js';
import { World } from './world.js';

/** Passes over the ranks until their collective calls agree. */
const PASSES_MAX = 4;

/** Operations of the interpreter for one rank. */
const RUN_STEPS = 8_000_000;

/** Ranks that are run again, to see whether the answers of the others change what they give. */
const CHECKED = 2;

export interface Run {
  readonly kind: VocabularyKind;
  readonly tokens: number;
  readonly ranks: number;
  /** By which lengths and batches are divided; 1: they stay as the script states them. */
  readonly scale: number;
  /** Entries of the byte sidecar beyond the tokens; 0 where it is left out. */
  readonly surplus?: number;
  /** Documents with capitals instead, for a preparation that makes operators of them. */
  readonly cased?: boolean;
  /** Numbers for settings of these names, whatever the script states. */
  readonly instead?: ReadonlyMap<string, number>;
}

/** What is left of the steps of a program. */
export interface Budget {
  steps: number;
}

export interface Ran {
  readonly trial: Trial;
  /** Numbers that the script stated, by name. */
  readonly settings: ReadonlyMap<string, number>;
  /** Steps that it took, of all ranks and passes. */
  readonly steps: number;
}

export function runOnce(entry: Entry, run: Run, budget: Budget): Ran {
  const { kind, tokens, ranks, scale, surplus = 0, cased = false, instead = new Map() } = run;
  const set = cased
    ? casedSet()
    : withSurplus(smallSet(tokens, kind, scale === 1 ? LENGTH_SCALE : 1), surplus);
  const exchange = new Exchange(ranks);
  const switches = kind === 'operators' ? /CASE_?OPS/i : null;
  const { modules: sources, name: script } = entry;
  const whole = budget.steps;
  const most = ranks === 1 ? RUN_STEPS : Math.min(RUN_STEPS, whole / (ranks + CHECKED));
  for (let pass = 1; ; pass++) {
    const files = new Files(set, entry.files);
    const around = { set, files, exchange, script, switches, scale, instead, sources };
    let first: Outcome | null = null;
    for (let rank = 0; rank < ranks; rank++) {
      files.rank = rank;
      const outcome = runRank(entry, new World({ ...around, rank }), rank, budget, most);
      first ??= outcome;
      if (pass > 1 && rank === CHECKED - 1 && agree(exchange)) break;
    }
    const settled = ranks === 1 || agree(exchange) || exchange.settle();
    if (settled || pass === PASSES_MAX) {
      const { world, isAlone } = first!;
      const divided = world.shortened || isAlone ? scale : 1;
      return {
        trial: {
          ...trialOf(set, exchange, first!),
          ...exportOf(files),
          sidecarAt: files.sidecarAt,
          scale: divided,
          entry: entry.name,
        },
        settings: world.settings,
        steps: whole - budget.steps,
      };
    }
  }
}

/** A run without its scores where the steps did not suffice: the last of them is not that of the others. */
export function runWhole(entry: Entry, run: Run, budget: Budget): Trial {
  const { trial } = runOnce(entry, run, budget);
  return trial.ended === true ? withoutScores(trial) : trial;
}

export const withoutScores = (trial: Trial): Trial => ({ ...trial, scores: [], limits: [] });

/** No rank made a collective call, or those that were run again gave what they gave before. */
function agree(exchange: Exchange): boolean {
  return Array.from({ length: CHECKED }, (_, rank) => rank).every((rank) => exchange.agrees(rank));
}

/** With entries of one byte after the sidecar's last. */
function withSurplus(set: SmallSet, surplus: number): SmallSet {
  if (surplus === 0 || set.sidecar === null) return set;
  return { ...set, sidecar: [...set.sidecar, ...new Array<number>(surplus).fill(1)] };
}

function exportOf(files: Files): Pick<Trial, 'exported'> {
  const exported = exportedIn(files.shards);
  return exported === null ? {} : { exported };
}

interface Outcome {
  readonly world: World;
  readonly stops: readonly Stop[];
  readonly tables: readonly BuiltTable[];
  /** The steps or the memory were spent before the script's end. */
  readonly ended: boolean;
  /** Functions were called by themselves, with lengths of the small set. */
  readonly isAlone: boolean;
  /** The outermost loop in which they were. */
  readonly loop: number;
}

function runRank(entry: Entry, world: World, rank: number, budget: Budget, most: number): Outcome {
  const steps = Math.min(budget.steps, most);
  const interpreter = new Interpreter(world, { ...DEFAULT_LIMITS, steps });
  const { source, layer } = entry.module;
  const { names } = interpreter.runModule(source, layer, '__main__');
  const scored = world.observations.all.length > 0;
  const { loop } = interpreter;
  const tables = scored ? [] : runAlone(interpreter, names, world, rank);
  const { stops, taken, ended } = interpreter;
  budget.steps = Math.max(0, budget.steps - taken);
  return { world, stops, tables, ended, isAlone: !scored, loop };
}

/** What looks like a table's builder or an evaluation is called by itself. */
function runAlone(
  runtime: Interpreter,
  names: ReadonlyMap<string, Value>,
  { set, ranks }: World,
  rank: number,
): readonly BuiltTable[] {
  const alone = { runtime, names, rank, ranks, vocabulary: set.pieces.length };
  const { values, tables } = buildTables(alone);
  evaluateAlone(alone, values);
  return tables;
}

/** Rows of other lengths than the last, incomplete ones. */
const USUAL = 0.05;

function usual(rows: ReadonlyMap<number, number>): number[] {
  const all = [...rows.values()].reduce((sum, count) => sum + count, 0);
  return [...rows].flatMap(([length, count]) => (count >= USUAL * all ? [length] : []));
}

function trialOf(set: SmallSet, exchange: Exchange, outcome: Outcome): Trial {
  const { world, stops, tables, ended, loop } = outcome;
  const { rows, calls, statedRows, stride, limits, lost, observations, additions } = world;
  // In a loop that did not come to its end, figures are of a part of the targets.
  const whole = ended
    ? observations.scored.filter((one) => one.loop === 0 || one.loop !== loop)
    : observations.scored;
  const printed = whole.find((one) => one === observations.printed);
  const lengths = rows.size > 0 ? [...rows.keys()] : [...statedRows];
  return {
    set,
    ranks: exchange.ranks,
    seqLen: lengths.length > 0 ? greatest(lengths) : null,
    rows: [...new Set([...usual(rows), ...statedRows])],
    calls,
    stride,
    scores: scoresOf(whole, printed),
    stops,
    lost: ended || exchange.partial ? null : lost,
    ended,
    // What a limit cuts shows only where the run came to the script's end.
    limits: ended ? [] : limits,
    additions,
    ...(tables.length > 0 ? { tables } : {}),
  };
}
