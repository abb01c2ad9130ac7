/**
 * Formatting of figures and names, and terminal colours.
 */
import picocolors from 'picocolors';
import type { Medium } from './reporter.js';

export type Paint = ReturnType<typeof picocolors.createColors>;

/** Values of FORCE_COLOR that ask for colours; any other, 0 among them, forbids them. */
const FORCED: ReadonlySet<string> = new Set(['', '1', 'true', '2', '3']);

/** Colours on a terminal. FORCE_COLOR decides before all else, NO_COLOR after it, as in Node.js. */
export function colors({ isTTY, plain }: Medium): Paint {
  const { FORCE_COLOR, NO_COLOR = '', NODE_DISABLE_COLORS = '', TERM } = process.env;
  const forbidden = NO_COLOR !== '' || NODE_DISABLE_COLORS !== '' || TERM === 'dumb';
  const wanted = FORCE_COLOR === undefined ? isTTY === true && !forbidden : FORCED.has(FORCE_COLOR);
  return picocolors.createColors(wanted && plain !== true);
}

/** `62,021,632` */
export function count(value: number | bigint): string {
  return value.toLocaleString('en-US');
}

/** A score with eight decimals, as the challenge's exact lines print it. */
export function exact(value: number): string {
  return value.toFixed(8);
}

/** `0.42 s`, `15.2 s`, `2 min 05 s`. */
export function seconds(value: number): string {
  if (value < 1) return `${value.toFixed(2)} s`;
  if (value < 120) return `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  return `${Math.floor(whole / 60)} min ${String(whole % 60).padStart(2, '0')} s`;
}

/** The first 12 digits of a hash: enough to recognize one, not to prove equality. */
export function shortHash(sha256: string): string {
  return sha256.slice(0, 12);
}

/**
 * A name from an artifact or a path, safe for a terminal: control characters, escapes,
 * line separators and bidirectional overrides are shown as escapes instead of taking effect.
 */
export function printable(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern is meant to match them
    /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
