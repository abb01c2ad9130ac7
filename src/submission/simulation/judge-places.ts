/**
 * Places in a stream, as a person would name them: spans of positions, and how they repeat.
 */
import { count } from './judge-types.js';

/** Positions `from` to `to`, both included. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Spans of consecutive positions. */
export function spansOf(positions: readonly number[]): Span[] {
  const spans: { from: number; to: number }[] = [];
  for (const position of positions) {
    const last = spans.at(-1);
    if (last !== undefined && position === last.to + 1) last.to = position;
    else spans.push({ from: position, to: position });
  }
  return spans;
}

export const lengthOf = ({ from, to }: Span): number => to - from + 1;

export const totalOf = (spans: readonly Span[]): number =>
  spans.reduce((sum, span) => sum + lengthOf(span), 0);

const SHOWN_MAX = 2;

/** `targets 33 to 64, 97 to 128, …` */
export function namesOf(spans: readonly Span[]): string {
  const shown = spans
    .slice(0, SHOWN_MAX)
    .map(({ from, to }) => (from === to ? count(from) : `${count(from)} to ${count(to)}`));
  const one = spans.length === 1 && lengthOf(spans[0]!) === 1;
  const more = spans.length > SHOWN_MAX ? ', …' : '';
  return `target${one ? '' : 's'} ${shown.join(', ')}${more}`;
}

/** The distance from each span to the next where it is always the same; null otherwise. */
export function periodOf(spans: readonly Span[]): number | null {
  if (spans.length < 3) return null;
  const period = spans[1]!.from - spans[0]!.from;
  const inner = spans.slice(1, -1);
  const even = inner.every(
    (span, i) =>
      spans[i + 2]!.from - span.from === period && lengthOf(span) === lengthOf(inner[0]!),
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

/** A factor of a score that is further off than this is another one than 1, ln 2 or log2(e). */
export const LN2_TOLERANCE = 1e-3;
/** Constants of ln 2 are written with as few as three digits: 0.693 is off by 2.1e-4. */
export const LN2_DIGITS = 3e-4;

/** Equal up to the rounding of sums in double precision. */
export const near = (a: number, b: number): boolean =>
  Math.abs(a - b) <= 1e-7 * Math.max(1, Math.abs(a), Math.abs(b));
