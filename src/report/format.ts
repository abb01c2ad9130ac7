/**
 * Formatting of figures and names, and terminal colours.
 */
import picocolors from 'picocolors';
import type { Medium } from './reporter.js';

export type Paint = ReturnType<typeof picocolors.createColors>;

/** Colours only on a terminal; picocolors itself honours NO_COLOR and FORCE_COLOR. */
export function colors(medium: Medium): Paint {
  return picocolors.createColors(picocolors.isColorSupported && medium.isTTY === true);
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
