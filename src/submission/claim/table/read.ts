/**
 * Rows of claims from tables of every form: delimited text, Markdown, JSON.
 */
import { BpbError, inputError } from '../../../errors.js';
import type { Content } from '../input/document.js';
import { type Columns, columnsOf, contradiction, isBpbColumn } from './columns.js';
import { delimiterOf, likelyDelimiter, records, type TableRecord } from './csv.js';
import { markdownTables } from './markdown.js';
import type { TableClaim, TableRow } from './types.js';

export interface Table {
  readonly format: TableClaim['format'];
  readonly rows: readonly TableRow[];
}

/** More than any leaderboard has; each row's judgement is kept and reported. */
const ROWS_MAX = 5000;
/** Where the rows of an object are, other than at its top. */
const ROW_KEYS = /^(?:rows|entries|submissions|leaderboard|records|runs|data|results|items)$/i;

/** @throws BPB_CLAIM_TABLE, BPB_CLAIM_TABLE_LARGE */
export function csvTable(text: string, path: string): Table {
  const delimiter = delimiterOf(text) ?? likelyDelimiter(text);
  const [header, ...body] = records(text, delimiter, ROWS_MAX + 1);
  const columns = header === undefined ? {} : columnsOf(header.fields);
  if (columns.valBpb === undefined && columns.valLoss === undefined) {
    throw noColumn(path, header?.fields ?? []);
  }
  const rows = body.map((record) => rowOf(record, columns, header!.fields));
  return { format: 'csv', rows: bounded(rows, path) };
}

/** @throws as `csvTable` */
export function markdownTable(text: string, path: string): Table {
  const tables = markdownTables(text, ROWS_MAX + 1).filter(({ header }) =>
    header.some(isBpbColumn),
  );
  if (tables.length === 0) throw noColumn(path, []);
  const rows = tables.flatMap(({ header, body }) =>
    body.map((record) => rowOf(record, columnsOf(header), header)),
  );
  return { format: 'markdown', rows: bounded(rows, path) };
}

function rowOf(record: TableRecord, columns: Columns, header: readonly string[]): TableRow {
  const { line, fields, fault } = record;
  const cell = (column: keyof Columns) => fields[columns[column] ?? -1] ?? '';
  const at = (column: keyof Columns) => stated(cell(column));
  const count = `${fields.length} fields where the header has ${header.length}`;
  const shape = fields.length === header.length ? contradiction(header, fields) : count;
  return {
    line,
    name: cell('name'),
    valLoss: figure(at('valLoss')),
    valBpb: figure(at('valBpb')),
    tokens: at('tokens'),
    tokenizer: at('tokenizer'),
    fault: fault ?? shape,
  };
}

/** Signs that tables put where they have nothing. */
function stated(text: string): string {
  return /^(?:[-–—?]|n\/?a|null|none)$/i.test(text) ? '' : text;
}

/** `1.0611` of `1.0611 ± 0.0009` and `1.0611 (±0.0009)`, with a decimal point for a decimal comma. */
function figure(text: string): string {
  return text.replace(/\s*\(?\s*(?:±|\+\/-|\+-).{0,40}$/, '').replace(/^(\d+),(\d+)$/, '$1.$2');
}

/**
 * The rows of a JSON document: an array of objects, an object that has one, or an object of named rows.
 *
 * @returns null for a document that is none of these
 * @throws BPB_CLAIM_TABLE_LARGE
 */
export function jsonTable(
  content: Content & { kind: 'json' | 'jsonl' },
  path: string,
): Table | null {
  if (content.kind === 'jsonl') {
    const rows = content.values.map(([line, value]) => objectRow(value, line, ''));
    return { format: 'jsonl', rows: bounded(rows, path) };
  }
  const named = namedRows(content.value);
  if (named === null) return null;
  const rows = named.map(([name, value]) => objectRow(value, null, name));
  return { format: 'json', rows: bounded(rows, path) };
}

function namedRows(value: unknown): readonly (readonly [string, unknown])[] | null {
  if (Array.isArray(value)) {
    return value.some(hasFigure) ? value.map((each: unknown) => ['', each] as const) : null;
  }
  if (typeof value !== 'object' || value === null) return null;
  const list = Object.entries(value).find(
    ([key, each]) => ROW_KEYS.test(key) && Array.isArray(each) && each.some(hasFigure),
  );
  if (list !== undefined) return namedRows(list[1]);
  const rows = Object.entries(value).filter(([, each]) => hasFigure(each));
  // Beside several rows an author or a date is none; beside one it is the summary of a run.
  return rows.length > 1 || rows.length === Object.keys(value).length ? rows : null;
}

function hasFigure(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    columnsOf(Object.keys(value)).valBpb !== undefined
  );
}

function objectRow(value: unknown, line: number | null, key: string): TableRow {
  const none = { line, name: key, valLoss: '', valBpb: '', tokens: '', tokenizer: '' };
  if (value instanceof BpbError) return { ...none, fault: `no JSON: ${value.actual}` };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ...none, fault: 'no object' };
  }
  const keys = Object.keys(value);
  const columns = columnsOf(keys);
  const values = Object.values(value) as unknown[];
  const at = (column: keyof Columns) => stated(textOf(values[columns[column] ?? -1]));
  return {
    line,
    name: at('name') || key,
    valLoss: figure(at('valLoss')),
    valBpb: figure(at('valBpb')),
    tokens: at('tokens'),
    tokenizer: at('tokenizer'),
    fault: contradiction(keys, values.map(textOf)),
  };
}

/** Text and numbers as they are; null as nothing; anything else as what it is. */
function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'string') return value.trim();
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return Array.isArray(value) ? '[…]' : '{…}';
}

function bounded(rows: readonly TableRow[], path: string): readonly TableRow[] {
  if (rows.length <= ROWS_MAX) return rows;
  throw inputError('BPB_CLAIM_TABLE_LARGE', {
    message: 'the table has too many rows',
    path,
    expected: `at most ${ROWS_MAX} rows`,
    actual: 'more than that',
    hint: 'Split the table into several files, each with the header.',
  });
}

function noColumn(path: string, header: readonly string[]): BpbError {
  return inputError('BPB_CLAIM_TABLE', {
    message: 'the table has no column of scores',
    path,
    expected: 'a header that names val_bpb (or bpb, score) and val_loss',
    actual: JSON.stringify(header.join(', ').slice(0, 120)),
    hint: 'Other columns that are read: name, tokens, tokenizer.',
  });
}
