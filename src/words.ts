/**
 * Figures and their nouns, as messages and reports write them.
 */

/** `62,021,632` */
export function figure(value: number | bigint): string {
  return value.toLocaleString('en-US');
}

/** `1 document`, `3 documents`. */
export function plural(count: number, noun: string): string {
  return `${figure(count)} ${noun}${count === 1 ? '' : 's'}`;
}
