/**
 * What an input is by its content: a log, a JSON document, or a table.
 */
import { withoutNonFinite } from '../../../data/documents/json-text.js';
import { type BpbError, inputError } from '../../../errors.js';
import { findJsonError } from '../../../json-error.js';
import { delimiterOf } from '../table/csv.js';

export type Content =
  | { readonly kind: 'log' | 'csv' | 'markdown' }
  | {
      readonly kind: 'jsonl';
      readonly values: readonly (readonly [line: number, value: unknown])[];
    }
  | { readonly kind: 'json'; readonly value: unknown };

/** Characters of a table or a JSON document; the leaderboard of a challenge has 30,000. */
const LENGTH_MAX = 16 * 2 ** 20;
/** Submissions and leaderboards have fewer than ten. */
const DEPTH_MAX = 64;
/** Of a name that promises JSON or a table, what is in it is said to be wrong, not to be a log. */
const JSON_NAME = /\.json$/i;
const LINES_NAME = /\.(?:jsonl|ndjson)$/i;
const CSV_NAME = /\.(?:csv|tsv)$/i;
const MARKDOWN_NAME = /\.(?:md|markdown)$/i;

/**
 * @throws BPB_CLAIM_JSON, BPB_CLAIM_JSON_DEEP, BPB_CLAIM_DOCUMENT_LARGE
 */
export function contentOf(text: string, path: string): Content {
  const long = text.length > LENGTH_MAX;
  if (long && [LINES_NAME, JSON_NAME, CSV_NAME, MARKDOWN_NAME].some((name) => name.test(path))) {
    throw tooLong(path, text.length);
  }
  if (LINES_NAME.test(path)) return { kind: 'jsonl', values: jsonLines(text, path) };
  if (JSON_NAME.test(path)) return { kind: 'json', value: parsed(text, path) };
  if (CSV_NAME.test(path)) return { kind: 'csv' };
  if (MARKDOWN_NAME.test(path)) return { kind: 'markdown' };
  if (long) return { kind: 'log' };
  if (/^\s*[[{]/.test(text.slice(0, 1000))) {
    // A log may begin with a bracket, too.
    const value = tryParse(text);
    if (value !== undefined) return { kind: 'json', value: checked(value, path) };
  }
  return { kind: delimiterOf(text) === null ? 'log' : 'csv' };
}

function parsed(text: string, path: string): unknown {
  const value = tryParse(text);
  if (value !== undefined) return checked(value, path);
  throw notJson(text, path, 0);
}

function jsonLines(text: string, path: string): [number, unknown][] {
  return text.split('\n').flatMap((line, index): [number, unknown][] => {
    if (line.trim() === '') return [];
    const value = tryParse(line);
    // One bad line is a bad row, which the table says; it does not cost the others.
    return [[index + 1, value === undefined ? notJson(line, path, index) : checked(value, path)]];
  });
}

/** undefined for what is no JSON; Python's NaN and Infinity are read, as figures that are none. */
function tryParse(text: string): unknown {
  for (const json of [text, withoutNonFinite(text)]) {
    if (json === null) continue;
    try {
      return JSON.parse(json);
    } catch {}
  }
  return undefined;
}

function checked(value: unknown, path: string): unknown {
  if (!isDeep(value, DEPTH_MAX)) return value;
  throw inputError('BPB_CLAIM_JSON_DEEP', {
    message: 'the JSON document is nested too deeply',
    path,
    expected: `at most ${DEPTH_MAX} levels`,
    actual: 'more than that',
  });
}

function isDeep(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((each) => isDeep(each, levels - 1));
}

function tooLong(path: string, length: number): BpbError {
  return inputError('BPB_CLAIM_DOCUMENT_LARGE', {
    message: 'the document is too large',
    path,
    expected: `at most ${LENGTH_MAX} characters of a table or a summary`,
    actual: `${length} characters`,
  });
}

function notJson(text: string, path: string, linesBefore: number): BpbError {
  const error = findJsonError(text);
  const where =
    error === null ? '' : ` at line ${error.line + linesBefore}, column ${error.column}`;
  return inputError('BPB_CLAIM_JSON', {
    message: 'the file is not JSON',
    path,
    expected: error?.expected ?? 'a JSON document',
    actual: `something else${where}`,
    hint: 'A log under another name than .json is read as a log.',
  });
}
