/**
 * Quoting of a file name in a command line that a hint gives for copying.
 */

/** `text` as one word of a POSIX shell; plain names stay as they are. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
