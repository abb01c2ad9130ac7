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
  const lines = text.split(/\r\n?|\n/);
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
