/**
 * Constructors of checks, and the comparison of figures that must be equal.
 */
import type { VerifyCheck } from './types.js';

/** Name of a check, and what holds where it passes. */
interface Question {
  readonly name: string;
  readonly what: string;
}

/** A figure that follows from others, and what the result has in its place. */
export interface Figure {
  readonly field: string;
  readonly expected: unknown;
  readonly found: unknown;
  /** Relative difference that still passes: where another machine may round otherwise. */
  readonly tolerance?: number;
  /** Whether it holds, where that is no question of being equal. */
  readonly holds?: boolean;
}

/** Differences that are listed one by one. */
const SHOWN = 3;

export function passed(question: Question, note: string | null = null): VerifyCheck {
  return { ...question, verdict: 'pass', expected: null, found: null, note };
}

export function notChecked(question: Question, note: string): VerifyCheck {
  return { ...question, verdict: 'not_checked', expected: null, found: null, note };
}

export function failed(
  question: Question,
  expected: string,
  found: string,
  note: string | null = null,
): VerifyCheck {
  return { ...question, verdict: 'fail', expected, found, note };
}

/** Passes where every figure is what it must be. */
export function equalFigures(
  question: Question,
  figures: Iterable<Figure>,
  note: string | null = null,
): VerifyCheck {
  const wrong: Figure[] = [];
  let count = 0;
  for (const figure of figures) {
    if (isEqual(figure)) continue;
    if (count++ < SHOWN) wrong.push(figure);
  }
  if (count === 0) return passed(question, note);
  const all = (side: 'expected' | 'found') =>
    wrong.map((figure) => `${figure.field} ${shown(figure[side])}`).join(', ');
  const more = count > wrong.length ? `and ${count - wrong.length} more` : null;
  return failed(question, all('expected'), all('found'), more);
}

function isEqual({ expected, found, tolerance = 0, holds }: Figure): boolean {
  if (holds !== undefined) return holds;
  if (Array.isArray(expected) && Array.isArray(found)) {
    return (
      expected.length === found.length &&
      expected.every((each, k) =>
        isEqual({ field: '', expected: each, found: found[k], tolerance }),
      )
    );
  }
  if (expected === found) return true;
  if (typeof expected !== 'number' || typeof found !== 'number') return false;
  return Math.abs(expected - found) <= tolerance * Math.abs(expected);
}

function shown(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(shown).join(', ')}]` : String(value);
}
