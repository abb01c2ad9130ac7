/** The Markdown reporter: tables that hold together whatever an artifact is called. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { code, escaped, notes, table } from '#bpb/report/markdown-format';
import { type Report, render } from '#bpb/report/reporter';
import { REPORTERS } from '#bpb/report/reporters';
import { REPORTS } from './documents.js';

const markdown = REPORTERS.find(({ name }) => name === 'markdown')!;
const each = REPORTS.map((report): [string, Report] => [report.kind, report]);

describe.each(each)('%s', (_kind, report) => {
  const text = render(markdown, report, {});
  const lines = text.split('\n');

  test('begins with a heading and has a table', () => {
    expect(lines[0]).toMatch(/^### \S/);
    expect(text).toMatch(/^\| .*\|\n(\| ?---.*\|)\n\| /m);
  });

  test('every row of a table has as many cells as its titles', () => {
    let cells = 0;
    for (const line of lines) {
      if (!line.startsWith('|')) cells = 0;
      else if (cells === 0) cells = line.split('|').length;
      else expect(line.split('|').length).toBe(cells);
    }
  });

  test('nothing of a hostile name is markup', () => {
    expect(text).not.toMatch(/<img|\]\(|http:\/\/|`|@team|#1 |www\.e/);
    expect(text).not.toContain('\u001b');
    expect(text).not.toMatch(/(?<![A-Za-z0-9])_d_/);
  });
});

/** What a browser shows of inline text that has no markup but entities and empty comments. */
function shown(inline: string): string {
  return inline
    .replaceAll('<!-- -->', '')
    .replace(/&#(\d+);/g, (_, number: string) => String.fromCharCode(Number(number)));
}

test('escaped text shows as it was, and has no character with a meaning left', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii', maxLength: 40 }), (text) => {
      const inline = escaped(text);
      expect(shown(inline)).toBe(text);
      const bare = inline.replaceAll('<!-- -->', '').replace(/&#\d+;/g, '');
      expect(bare).not.toMatch(/[&<>|\\`*[\]~$@#]/);
    }),
    { numRuns: 500 },
  );
});

test('a line break, and what turns the direction of text, become visible', () => {
  expect(escaped('a\nb\u202ec\u2028d')).toBe('a&#92;u000ab&#92;u202ec&#92;u2028d');
});

test('words inside a name keep their underscores, so that raw Markdown is legible', () => {
  expect(code('fineweb_1024_bpe.model')).toBe('<code>fineweb_1024_bpe.model</code>');
  expect(code('')).toBe('');
});

test('a note that begins like a list is no list', () => {
  expect(notes(['- one', '2. two'])).toBe('> &#45; one\n>\n> 2&#46; two');
});

test('a table has a line for its titles, one below them, and one for each row', () => {
  expect(table(['a', 'b'], [['1', '2']])).toBe('| a | b |\n| --- | --- |\n| 1 | 2 |');
});
