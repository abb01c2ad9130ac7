/**
 * Tables of a Markdown document, as GitHub writes them.
 */
import type { TableRecord } from './csv.js';

interface MarkdownTable {
  readonly header: readonly string[];
  readonly body: readonly TableRecord[];
}

const RULE = /^\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?$/;
const LINE_MAX = 20_000;

/** At most `most` rows of all together and one more, which tells that there are more. */
export function markdownTables(text: string, most: number): MarkdownTable[] {
  const lines = shown(text.split(/\r\n?|\n/));
  const tables: MarkdownTable[] = [];
  let rows = 0;
  for (let at = 1; at < lines.length && rows <= most; at++) {
    if (!lines[at]!.includes('|') || !RULE.test(lines[at]!.slice(0, 1000).trim())) continue;
    const header = cells(lines[at - 1]!);
    const body: TableRecord[] = [];
    for (at++; at < lines.length && lines[at]!.includes('|') && rows <= most; at++) {
      rows++;
      body.push({ line: at + 1, fields: cells(lines[at]!), fault: null });
    }
    tables.push({ header, body });
  }
  return tables;
}

const FENCE = /^ {0,3}(`{3,}|~{3,})/;

/** The lines with those of code blocks and comments empty: what a reader of the page does not see as a table. */
function shown(lines: readonly string[]): string[] {
  let fence: string | null = null;
  let comment = false;
  return lines.map((line) => {
    const mark = comment ? undefined : FENCE.exec(line)?.[1];
    if (fence !== null) {
      // Closed by at least as many of the same sign, and nothing else.
      if (mark?.startsWith(fence) && line.trim() === mark) fence = null;
      return '';
    }
    if (mark !== undefined) {
      fence = mark;
      return '';
    }
    const begins: boolean = !comment && /^ {0,3}<!--/.test(line);
    const hidden = comment || begins;
    if (hidden) comment = !line.slice(begins ? line.indexOf('<!--') + 4 : 0).includes('-->');
    return hidden ? '' : line;
  });
}

/** Cells without emphasis, and links as their words. */
function cells(line: string): string[] {
  const inner = line
    .slice(0, LINE_MAX)
    .trim()
    .replace(/^\|/, '')
    .replace(/(?<!\\)\|$/, '');
  return inner.split(/(?<!\\)\|/).map((cell) =>
    cell
      .replace(/\\\|/g, '|')
      .replace(/!?\[([^[\]]{0,400})\]\([^()]{0,2000}\)/g, '$1')
      .replace(/\*\*|__|`/g, '')
      .trim(),
  );
}
