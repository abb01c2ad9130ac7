/**
 * Figures and colours for people: one place that decides how a number looks.
 */
import picocolors from 'picocolors';

/** picocolors honours NO_COLOR, FORCE_COLOR and a missing terminal for stdout; so do we for both. */
export function colors(stream: NodeJS.WriteStream): ReturnType<typeof picocolors.createColors> {
  return picocolors.createColors(picocolors.isColorSupported && stream.isTTY === true);
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

/** The first letters of a hash: enough to recognize one, not to prove it. */
export function shortHash(sha256: string): string {
  return sha256.slice(0, 12);
}

/**
 * A name from an artifact or a path, safe for a terminal: control characters, escapes and
 * bidirectional overrides become visible instead of taking effect.
 */
export function printable(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
