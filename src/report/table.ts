/**
 * Tables and notes of the terminal reports.
 */
import type { Finding } from '../finding.js';
import { type Paint, printable } from './format.js';

/** A label and its text. */
export type Row = readonly [label: string, text: string];

/** Labels in one column of at least `minLabel` characters, texts in another. */
export function tableLines(rows: readonly Row[], paint: Paint, minLabel = 0): string[] {
  const width = Math.max(minLabel, ...rows.map(([label]) => label.length));
  return rows.map(([label, text]) => `  ${paint.dim(label.padEnd(width))}  ${text}`);
}

const PAINTED = { fail: 'red', warn: 'yellow', note: 'dim' } as const;

/** What is found and, on a line of its own, the way out; the caller has taken it where it is accepted. */
export function findingLines(findings: readonly Finding[], paint: Paint): string[] {
  return findings.flatMap(({ id, severity, message, hint, accepted }) => {
    const word = paint[PAINTED[severity]](severity);
    if (accepted) return `  ${word}  accepted (--accept ${id}): ${printable(message)}`;
    const found = `  ${word}  ${printable(message)}`;
    return hint === null ? [found] : [found, `        ${paint.dim('→')} ${printable(hint)}`];
  });
}

/** `note  …`, a line each. */
export function noteLines(notes: readonly string[], paint: Paint): string[] {
  return notes.map((note) => `  ${paint.yellow('note')}  ${note}`);
}

/** Blocks with an empty line before each and after the last; empty blocks are left out. */
export function pageOf(blocks: readonly (readonly string[])[]): string {
  const shown = blocks.filter((lines) => lines.length > 0);
  return `\n${shown.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}
