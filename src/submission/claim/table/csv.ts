/**
 * Reader of delimited tables (RFC 4180): quoted fields, any line ends, commas, semicolons or tabs.
 */
import { isBpbColumn } from './columns.js';

/** A record of a table, or what is wrong with it. */
export interface TableRecord {
  /** Line that it begins on, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
  readonly fault: string | null;
}

const DELIMITERS = [',', ';', '\t'] as const;

/** The delimiter of a text whose first line is a header with a column of scores; null for any other. */
export function delimiterOf(text: string): string | null {
  const [header = ''] = withoutMark(text)
    .slice(0, 10_000)
    .split(/\r\n?|\n/);
  const found = DELIMITERS.find(
    (delimiter) => header.includes(delimiter) && fieldsOf(header, delimiter).some(isBpbColumn),
  );
  return found ?? null;
}

/** The header's delimiter where it has no column of scores: the one that it has most. */
export function likelyDelimiter(text: string): string {
  const [header = ''] = text.slice(0, 10_000).split(/\r\n?|\n/);
  const counts = DELIMITERS.map((each) => header.split(each).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!;
}

function fieldsOf(line: string, delimiter: string): readonly string[] {
  return records(line, delimiter, 1)[0]?.fields ?? [];
}

/**
 * Every record, empty lines left out; at most `most` and one more, which tells that there are more.
 */
export function records(text: string, delimiter: string, most: number): TableRecord[] {
  const found: TableRecord[] = [];
  const source = withoutMark(text);
  let line = 1;
  for (let at = 0; at < source.length && found.length <= most; ) {
    const record = recordAt(source, at, delimiter);
    const lines = linesIn(source.slice(at, record.end));
    const empty = record.fields.length === 1 && record.fields[0] === '';
    if (!empty) found.push({ line, fields: record.fields, fault: record.fault });
    line += lines;
    at = record.end;
  }
  return found;
}

function linesIn(text: string): number {
  return text.match(/\r\n|\r|\n/g)?.length ?? 0;
}

/** A quote that never ends takes no more than this with it. */
const FIELD_MAX = 100_000;

function recordAt(text: string, start: number, delimiter: string) {
  const fields: string[] = [];
  let at = start;
  for (;;) {
    const field = text[at] === '"' ? quoted(text, at) : plain(text, at, delimiter);
    if (field === null) {
      // The line alone is lost, not all that follows it.
      const end = lineEnd(text, start);
      const fields = text.slice(start, end).trimEnd().split(delimiter);
      return { fields, fault: 'a quote that does not end', end: afterBreak(text, end) };
    }
    fields.push(field.value);
    at = field.end;
    if (text[at] === delimiter) {
      at++;
      continue;
    }
    const end = lineEnd(text, at);
    const rest = text.slice(at, end).trim();
    const fault = rest === '' ? null : 'characters behind a closing quote';
    return { fields, fault, end: afterBreak(text, end) };
  }
}

function plain(text: string, start: number, delimiter: string) {
  let end = start;
  while (end < text.length && text[end] !== delimiter && !/[\r\n]/.test(text[end]!)) end++;
  return { value: text.slice(start, end).trim(), end };
}

function quoted(text: string, start: number): { value: string; end: number } | null {
  let value = '';
  for (let at = start + 1; ; ) {
    const quote = text.indexOf('"', at);
    if (quote === -1 || quote - start > FIELD_MAX) return null;
    value += text.slice(at, quote);
    if (text[quote + 1] !== '"') return { value, end: quote + 1 };
    value += '"';
    at = quote + 2;
  }
}

function lineEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\n' || text[at] === '\r') return at;
  }
  return text.length;
}

function afterBreak(text: string, end: number): number {
  if (text[end] === '\r' && text[end + 1] === '\n') return end + 2;
  return end + 1;
}

function withoutMark(text: string): string {
  return text.startsWith('\ufeff') ? text.slice(1) : text;
}
