/**
 * Parser of one line of a documents file, with the reason for what it refuses.
 */
import { constants } from 'node:buffer';
import { type BpbError, type ErrorCode, inputError } from '../errors.js';
import { guessContent } from './shard-header.js';
import type { Document } from './types.js';
import { isWellFormed } from './unicode.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function refuse(
  code: ErrorCode,
  path: string,
  line: number,
  message: string,
  expected: string,
  actual: string,
  hint: string,
): BpbError {
  return inputError(code, { message: `Line ${line}: ${message}`, path, expected, actual, hint });
}

/** What the file is where its first line shows that it holds no documents at all. */
function foreign(bytes: Uint8Array, line: number): string | null {
  const guess = line === 1 ? guessContent(bytes) : null;
  return guess === 'JSON text' || guess === 'plain text' ? null : guess;
}

function decode(bytes: Uint8Array, path: string, line: number): string {
  if (bytes.length > constants.MAX_STRING_LENGTH) {
    throw refuse(
      'BPB_DOCUMENT_TOO_LONG',
      path,
      line,
      'the line is longer than a string may be.',
      `at most ${constants.MAX_STRING_LENGTH} bytes`,
      `${bytes.length} bytes`,
      'Split the document, or check that the lines are separated by line feeds.',
    );
  }
  try {
    return utf8.decode(bytes);
  } catch {
    const guess = foreign(bytes, line);
    throw refuse(
      'BPB_DOCUMENT_UTF8',
      path,
      line,
      'it is not valid UTF-8.',
      'UTF-8',
      guess ?? `an invalid sequence at byte ${firstInvalid(bytes)} of the line`,
      'Export the documents as UTF-8, uncompressed.',
    );
  }
}

/** Offset of the first byte that does not belong to valid UTF-8, by halving. */
function firstInvalid(bytes: Uint8Array): number {
  let low = 0;
  let high = bytes.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const probe = new TextDecoder('utf-8', { fatal: true });
    try {
      // `stream` accepts a sequence that only the cut made incomplete.
      probe.decode(bytes.subarray(0, middle), { stream: true });
      low = middle;
    } catch {
      high = middle - 1;
    }
  }
  return low;
}

/** The document that `bytes`, line `line` of `path`, holds as a JSON object with a string `text`. */
export function parseDocument(bytes: Uint8Array, path: string, line: number): Document {
  const raw = decode(bytes, path, line);
  let value: unknown;
  try {
    value = JSON.parse(raw);
  } catch (cause) {
    const guess = foreign(bytes, line);
    throw refuse(
      'BPB_DOCUMENT_JSON',
      path,
      line,
      'it is not valid JSON.',
      'one JSON object a line',
      guess ?? (cause instanceof Error ? cause.message.slice(0, 200) : 'invalid JSON'),
      'Documents are JSON Lines: one object with a string field "text" on each line.',
    );
  }
  const text =
    typeof value === 'object' && value !== null && Object.hasOwn(value, 'text')
      ? (value as { text: unknown }).text
      : undefined;
  if (typeof text !== 'string') {
    const actual = text === undefined ? 'no such field' : text === null ? 'null' : typeof text;
    throw refuse(
      'BPB_DOCUMENT_TEXT',
      path,
      line,
      'it has no string field "text".',
      'an object with a string field "text"',
      actual,
      'Name the field that holds the document "text".',
    );
  }
  // JSON can spell half a surrogate pair, UTF-8 cannot: such a text has no byte length. Only an
  // escape can have brought one in, since the line itself was valid UTF-8.
  if (raw.includes('\\u') && !isWellFormed(text)) {
    throw refuse(
      'BPB_LONE_SURROGATE',
      path,
      line,
      'the text holds half of a surrogate pair, which UTF-8 cannot encode.',
      'well-formed Unicode',
      'an unpaired \\ud800–\\udfff escape',
      'Repair the export: a text that is not Unicode has no UTF-8 length.',
    );
  }
  return { text, bytes: Buffer.byteLength(text), line };
}
