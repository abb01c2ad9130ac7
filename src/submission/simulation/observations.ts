/**
 * Quotients that a run made, and which of them are its results.
 */

import type { Runtime } from '../python/runtime.js';
import { Ratio, Sum } from '../python/sums.js';
import type { Stop, Value } from '../python/values.js';
import { sameValue } from './modules/same.js';
import type { Score } from './types.js';

interface Observation {
  readonly kind: 'bpb' | 'loss';
  readonly value: Ratio | Sum;
  readonly at: Stop;
  readonly functions: readonly string[];
  /** Number of the call that made it. */
  readonly activation: number;
  /** It was made of others, and printed. */
  readonly composed?: boolean;
  /** Number of the outermost loop that it was made in; 0 for none. */
  readonly loop: number;
}

/** Null for a quotient that has no losses, such as tokens per byte. */
export function observe(value: Value, runtime: Runtime): Observation | null {
  const kind = kindOf(value);
  if (kind === null) return null;
  return {
    kind,
    value: value as Ratio | Sum,
    at: runtime.here(),
    functions: [...runtime.functions],
    activation: runtime.activation,
    loop: runtime.loop,
  };
}

function kindOf(value: Value): 'bpb' | 'loss' | null {
  const losses = value instanceof Ratio ? value.numerator : value;
  if (!(losses instanceof Sum) || losses.kind !== 'loss' || !ofStream(losses)) return null;
  // Scores that were added up keep what they were divided by.
  const below = value instanceof Ratio ? value.denominator : losses.over;
  if (!(below instanceof Sum)) return 'loss';
  // A count of targets has one for each of them; bytes differ, and a document's start has none.
  let common: number | null = null;
  for (const count of below.terms.values()) {
    common ??= count;
    if (Math.abs(count - common) > 1e-9 * Math.abs(common)) return 'bpb';
  }
  return common !== null && below.terms.size !== losses.terms.size ? 'bpb' : 'loss';
}

/** Some of the losses are of targets of the stream, whose positions are not negative. */
function ofStream({ terms }: Sum): boolean {
  for (const position of terms.keys()) if (position >= 0) return true;
  return false;
}

const lossesOf = ({ value }: Observation): Sum =>
  value instanceof Ratio ? (value.numerator as Sum) : value;

/** Whether `larger` has all targets of `smaller`. */
function covers(larger: Observation, smaller: Observation): boolean {
  const [a, b] = [lossesOf(larger).terms, lossesOf(smaller).terms];
  if (a.size < b.size) return false;
  for (const position of b.keys()) if (!a.has(position)) return false;
  return true;
}

/** Of as many targets, a part of what is printed is none. */
const supersedes = (later: Observation, earlier: Observation): boolean =>
  (later.composed === true || lossesOf(later).terms.size > lossesOf(earlier).terms.size) &&
  covers(later, earlier);

/**
 * The scores of a run, the last of each place; of the place of a printed score, that one.
 *
 * What one line makes again and again of other targets, as of one batch after the other, are running figures; so is
 * what a later quotient of the same call, or of one that it makes, has more targets than. Of figures that grow the last
 * is a result where no other takes its place.
 */
export function scoresOf(made: readonly Observation[], printed?: Observation): Score[] {
  const observations = printed === undefined ? made : withoutOthers(made, printed);
  const groups = new Map<string, Observation[]>();
  for (const one of observations) {
    const key = [one.kind, one.at.path, one.at.layer, one.at.line, ...one.functions].join('\0');
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const order = new Map(observations.map((one, i) => [one, i]));
  const scores: [number, Score][] = [];
  for (const group of groups.values()) {
    const last = group.at(-1)!;
    const at = order.get(last)!;
    const grows = group.every((one, i) => i === 0 || isNested(one, group[i - 1]!));
    const later = observations.slice(at + 1).filter((one) => one.kind === last.kind);
    const final = grows && !later.some((one) => isWithin(one, last) && supersedes(one, last));
    scores.push([at, { ...pick(last), final, ...(last === printed ? { printed: true } : {}) }]);
  }
  return scores.sort(([a], [b]) => a - b).map(([, score]) => score);
}

/**
 * Without what the same function made later than the printed score: by another call, or by the same line again, such
 * as the score of a sample that is not printed.
 */
function withoutOthers(made: readonly Observation[], printed: Observation): Observation[] {
  const at = made.indexOf(printed);
  const functions = printed.functions.join('\0');
  return made.filter(
    (one, i) =>
      i <= at ||
      one.functions.join('\0') !== functions ||
      (one.activation === printed.activation && one.at.line !== printed.at.line),
  );
}

const isNested = (one: Observation, other: Observation): boolean =>
  covers(one, other) || covers(other, one);

/** Made by the same call, or by one that it makes. */
function isWithin(one: Observation, other: Observation): boolean {
  return other.functions.every((name, i) => one.functions[i] === name);
}

function pick({ kind, value, at, functions }: Observation): Omit<Score, 'final'> {
  return { kind, value, at, functions };
}

/** Most quotients of one place and call that are kept one by one. */
const PLACE_MAX = 64;

/** Observations of a run: of a line that makes thousands, the first and the newest. */
export class Observations {
  readonly all: Observation[] = [];
  readonly #counts = new Map<string, number>();
  /** What was made before the last score was printed. */
  #before: ReadonlySet<Observation> | null = null;
  #printed: Observation | null = null;

  /** What was printed last as bits per byte; undefined where no quotient is. */
  get printed(): Observation | undefined {
    return this.#printed ?? undefined;
  }

  /** Of quotients that nobody printed as bits per byte after the last that was, none is a score. */
  get scored(): readonly Observation[] {
    const before = this.#before;
    return before === null ? this.all : this.all.filter((one) => before.has(one));
  }

  /** The run prints this value as bits per byte. */
  print(value: Value): void {
    this.#printed = this.all.findLast((one) => sameValue(one.value, value)) ?? null;
    this.#before = this.#printed === null ? null : new Set(this.all);
  }

  add(one: Observation): void {
    const before = this.all.at(-1);
    if (before !== undefined && isAgain(before, one)) return;
    const key = [one.activation, one.at.path, one.at.layer, one.at.line].join('\0');
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    if (count > PLACE_MAX) {
      const at = this.all.findLastIndex(
        (each) => each.activation === one.activation && each.at.line === one.at.line,
      );
      this.all.splice(at, 1);
    }
    this.all.push(one);
  }
}

function isAgain(before: Observation, one: Observation): boolean {
  return (
    before.activation === one.activation &&
    before.at.line === one.at.line &&
    before.kind === one.kind &&
    sameValue(before.value, one.value)
  );
}
