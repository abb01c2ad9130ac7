/**
 * Markdown building blocks: escaped text, code, headings, tables and notes.
 *
 * Names come from artifacts, paths and logs that nobody has vetted, and the text ends in a pull
 * request comment: nothing in a name may become a link, a mention, an image, HTML or a table cell.
 */
import { printable } from './format.js';
import type { Row } from './table.js';

/** Characters with a meaning in GitHub Flavored Markdown, its tables and its math, or in HTML. */
const SPECIAL =
  /[&<>|\\`*[\]~$@#]|:(?=\S)|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|(?<=\bwww)\.|^[-+=]|(?<=^\d+)[.)]/g;

/**
 * Text that renders as it stands, on one line. Entities are never read as markup; the empty comment
 * keeps GitHub from reading `@name` and `#1` in the rendered text as a mention or a reference.
 */
export function escaped(text: string): string {
  return printable(text).replace(SPECIAL, (character) => {
    const entity = `&#${character.charCodeAt(0)};`;
    return character === '@' || character === '#' ? `${entity}<!-- -->` : entity;
  });
}

/** A name or a figure in a fixed-width font; empty for an empty text. */
export function code(text: string): string {
  return text === '' ? '' : `<code>${escaped(text)}</code>`;
}

/** A third-level heading, so that it stands below the titles of a comment or a job summary. */
export function heading(markdown: string): string {
  return `### ${markdown}`;
}

/** A table of already escaped cells; a title line without text shows no titles. */
export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n');
}

/** The rows of a text table; what the terminal sets apart by spaces is set apart by dots. */
export function rowsTable(rows: readonly Row[]): string {
  const apart = (text: string) => escaped(text.trim().replace(/ {3,}/g, ' · '));
  return table(
    ['', ''],
    rows.map(([label, text]) => [escaped(label), apart(text)]),
  );
}

/** A block quote of one line for each note. */
export function notes(texts: readonly string[]): string {
  return texts.map((text) => `> ${escaped(text)}`).join('\n>\n');
}

/** The parts that are not empty, each a block of its own. */
export function blocks(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}
