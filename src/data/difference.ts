/**
 * First difference of two UTF-8 texts, and its surroundings for a message.
 */

/** Bytes shown to either side. */
const CONTEXT = 16;

/** First byte at which two texts differ; the shorter length where one continues the other. */
export function firstDifference(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) if (a[i] !== b[i]) return i;
  return shorter;
}

export const isContinuation = (byte: number | undefined) =>
  byte !== undefined && (byte & 0xc0) === 0x80;

/** The text around `at`, at most 16 bytes to either side and whole characters only. */
export function around(utf8: Uint8Array, at: number): string {
  let from = Math.max(0, at - CONTEXT);
  let to = Math.min(utf8.length, at + CONTEXT);
  while (from < at && isContinuation(utf8[from])) from++;
  while (to > at && isContinuation(utf8[to])) to--;
  return Buffer.from(utf8.subarray(from, to)).toString('utf8');
}
