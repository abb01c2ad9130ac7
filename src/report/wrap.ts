/**
 * Line wrapping for terminals.
 */
import type { Medium } from './reporter.js';

/** Narrower than this, the terminal's own line breaks are easier to read. */
const MIN_COLUMNS = 40;
/** A label with the spaces that set it apart from the text after it. */
const LABEL = /^\s*\S+(?: \S+)*\s{2,}(?=\S)/;

/** `text` with its lines no longer than the terminal is wide; for a pipe or a file as it is. */
export function fitTerminal(text: string, { isTTY, columns }: Medium): string {
  if (!isTTY || columns === undefined || columns < MIN_COLUMNS) return text;
  return text
    .split('\n')
    .flatMap((line) => wrapLine(line, columns, hangingIndent(line, columns)))
    .join('\n');
}

/**
 * Breaks `line` at spaces into lines of at most `width` columns; all but the first are indented by
 * `indent`. A word that is longer has a line of its own.
 */
export function wrapLine(line: string, width: number, indent: number): string[] {
  if (visible(line) <= width) return [line];
  const lines: string[] = [];
  let current = '';
  let space = '';
  for (const [part] of line.matchAll(/\s+|\S+/g)) {
    if (/^\s/.test(part)) space = part;
    else if (current.trim() !== '' && visible(current + space + part) > width) {
      lines.push(current);
      current = ' '.repeat(indent) + part;
    } else current += space + part;
  }
  return [...lines, current];
}

/** Below the text after a label, where that leaves half of the width. */
function hangingIndent(line: string, columns: number): number {
  const plain = withoutColours(line);
  const label = LABEL.exec(plain)?.[0].length ?? Number.POSITIVE_INFINITY;
  return label <= columns / 2 ? label : plain.search(/\S/) + 2;
}

function visible(text: string): number {
  return withoutColours(text).length;
}

function withoutColours(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control sequences
  return text.replace(/\u001b\[[0-9;]*m/g, '');
}
