/**
 * Places in a stream, as a person would name them: runs of positions, and how they repeat.
 */
import { count } from './judge-types.js';

/** Positions `from` to `to`, both included. */
export interface Run {
  readonly from: number;
  readonly to: number;
}

/** Runs of consecutive positions. */
export function runsOf(positions: readonly number[]): Run[] {
  const runs: { from: number; to: number }[] = [];
  for (const position of positions) {
    const last = runs.at(-1);
    if (last !== undefined && position === last.to + 1) last.to = position;
    else runs.push({ from: position, to: position });
  }
  return runs;
}

export const lengthOf = ({ from, to }: Run): number => to - from + 1;

export const totalOf = (runs: readonly Run[]): number =>
  runs.reduce((sum, run) => sum + lengthOf(run), 0);

const SHOWN_MAX = 2;

/** `targets 33 to 64, 97 to 128, …` */
export function namesOf(runs: readonly Run[]): string {
  const shown = runs
    .slice(0, SHOWN_MAX)
    .map(({ from, to }) => (from === to ? count(from) : `${count(from)} to ${count(to)}`));
  const one = runs.length === 1 && lengthOf(runs[0]!) === 1;
  const more = runs.length > SHOWN_MAX ? ', …' : '';
  return `target${one ? '' : 's'} ${shown.join(', ')}${more}`;
}

/** The distance from each run to the next where it is always the same; null otherwise. */
export function periodOf(runs: readonly Run[]): number | null {
  if (runs.length < 3) return null;
  const period = runs[1]!.from - runs[0]!.from;
  const inner = runs.slice(1, -1);
  const even = inner.every(
    (run, i) => runs[i + 2]!.from - run.from === period && lengthOf(run) === lengthOf(inner[0]!),
  );
  return even ? period : null;
}

/** The value that occurs most often, up to rounding; null of nothing. */
export function modeOf(values: Iterable<number>): number | null {
  const times = new Map<string, { value: number; count: number }>();
  let best: { value: number; count: number } | null = null;
  for (const value of values) {
    const key = value.toPrecision(9);
    const entry = times.get(key) ?? { value, count: 0 };
    entry.count++;
    times.set(key, entry);
    if (best === null || entry.count > best.count) best = entry;
  }
  return best?.value ?? null;
}

/** Equal up to the rounding of sums in double precision. */
export const near = (a: number, b: number): boolean =>
  Math.abs(a - b) <= 1e-7 * Math.max(1, Math.abs(a), Math.abs(b));
