/**
 * Parser of one document's JSON, with the reason for what it refuses.
 */
import { constants } from 'node:buffer';
import { type BpbError, type ErrorCode, inputError } from '../../errors.js';
import { guessContent } from '../content.js';
import type { Document } from '../types.js';
import { isWellFormed } from '../unicode.js';
import { hasRepeatedKey, withoutNonFinite } from './json-text.js';
import { notDocumentsHint, textFieldHint } from './refusals.js';
import { DEFAULT_TEXT_FIELD, fieldOf, otherTextField } from './text-field.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Where a document is, for its refusal. */
export interface Place {
  readonly path: string;
  /** 1-based. */
  readonly line: number;
  /** Such as `Line 3`. */
  readonly label: string;
}

export interface ParseOptions {
  /** The field of the text; `text` where it is not given. */
  readonly textField?: string | undefined;
  /** A document may be its text alone, a JSON string. */
  readonly strings?: boolean;
}

type Reason = Pick<BpbError, 'message' | 'expected' | 'actual' | 'hint'>;

function refuse(code: ErrorCode, { path, label }: Place, reason: Reason): BpbError {
  return inputError(code, { ...reason, path, message: `${label}: ${reason.message}` });
}

/** The refusal of a document that is longer than a string may be. */
export function tooLong(place: Place, bytes?: number): BpbError {
  return refuse('BPB_DOCUMENT_TOO_LONG', place, {
    message: 'the document is longer than a string may be.',
    expected: `at most ${constants.MAX_STRING_LENGTH} bytes`,
    actual: bytes === undefined ? 'more' : `${bytes} bytes`,
    hint: 'Split the document, or check that the lines are separated by line feeds.',
  });
}

/** What the file is where its first line shows that it holds no documents at all. */
function foreign(bytes: Uint8Array, line: number): string | null {
  const guess = line === 1 ? guessContent(bytes) : null;
  return guess === 'JSON text' || guess === 'plain text' ? null : guess;
}

/**
 * `bytes` as text: strict UTF-8, the byte order mark kept.
 *
 * @throws BPB_DOCUMENT_UTF8, BPB_DOCUMENT_TOO_LONG
 */
export function decodeText(bytes: Uint8Array, place: Place): string {
  if (bytes.length > constants.MAX_STRING_LENGTH) throw tooLong(place, bytes.length);
  try {
    return utf8.decode(bytes);
  } catch {
    const guess = foreign(bytes, place.line);
    throw refuse('BPB_DOCUMENT_UTF8', place, {
      message: 'it is not valid UTF-8.',
      expected: 'UTF-8',
      actual: guess ?? `an invalid sequence at byte ${firstInvalid(bytes)} of the line`,
      hint: 'Export the documents as UTF-8.',
    });
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

/** The value, and the text that JSON.parse took: without NaN and Infinity, which Python writes. */
function parseJson(raw: string, bytes: Uint8Array, place: Place): { json: string; value: unknown } {
  let cause: unknown;
  for (const json of [raw, () => withoutNonFinite(raw)]) {
    const text = typeof json === 'string' ? json : json();
    if (text === null) break;
    try {
      return { json: text, value: JSON.parse(text) };
    } catch (error) {
      cause ??= error;
    }
  }
  throw refuse('BPB_DOCUMENT_JSON', place, {
    message: 'it is not valid JSON.',
    expected: 'one JSON object a line, or an array of objects',
    actual:
      foreign(bytes, place.line) ??
      (cause instanceof Error ? cause.message.slice(0, 200) : 'invalid JSON'),
    hint: notDocumentsHint(place.path, place.line, raw),
  });
}

/** What a field holds that is no string. */
function kindOf(value: unknown): string {
  if (value === undefined) return 'no such field';
  if (value === null) return 'null';
  // Python's NaN and Infinity were read as 1e999.
  if (typeof value === 'number' && !Number.isFinite(value)) return 'NaN or Infinity';
  return Array.isArray(value) ? 'an array' : typeof value;
}

/**
 * The document that `bytes` holds: a JSON object with a string field of the text.
 *
 * @throws BPB_DOCUMENT_UTF8, BPB_DOCUMENT_JSON, BPB_DOCUMENT_TEXT, BPB_LONE_SURROGATE, naming the place
 */
export function parseDocument(
  bytes: Uint8Array,
  place: Place,
  { textField, strings = false }: ParseOptions = {},
): Document {
  const raw = decodeText(bytes, place);
  const { json, value } = parseJson(raw, bytes, place);
  if (strings && typeof value === 'string') {
    if (textField !== undefined) throw refuseField(place, textField, 'a text alone', null);
    return documentOf(value, raw.includes('\\u'), place);
  }
  const name = textField ?? DEFAULT_TEXT_FIELD;
  const field = fieldOf(value, name);
  if (typeof field.value !== 'string') {
    throw refuseField(place, name, kindOf(field.value), otherTextField(value, name));
  }
  if (hasRepeatedKey(json, field.path)) {
    throw refuse('BPB_DOCUMENT_TEXT', place, {
      message: `it has the field "${name}" twice.`,
      expected: `one field "${name}"`,
      actual: 'two, of which JSON does not say which one counts',
      hint: 'Repair the export: each field once a document.',
    });
  }
  return documentOf(field.value, raw.includes('\\u'), place);
}

function refuseField(place: Place, name: string, actual: string, other: string | null): BpbError {
  const alone = actual === 'a text alone';
  return refuse('BPB_DOCUMENT_TEXT', place, {
    message: `it has no string field "${name}".`,
    expected: `an object with a string field "${name}"`,
    actual,
    hint: alone ? 'Leave --text-field out: the array holds the texts.' : textFieldHint(other),
  });
}

/**
 * JSON can spell half a surrogate pair, UTF-8 cannot: such a text has no byte length. Only an escape
 * can have brought one in, since the file itself is valid UTF-8.
 */
function documentOf(text: string, escaped: boolean, place: Place): Document {
  if (escaped && !isWellFormed(text)) {
    throw refuse('BPB_LONE_SURROGATE', place, {
      message: 'the text holds half of a surrogate pair, which UTF-8 cannot encode.',
      expected: 'well-formed Unicode',
      actual: 'an unpaired \\ud800–\\udfff escape',
      hint: 'Repair the export: a text that is not Unicode has no UTF-8 length.',
    });
  }
  return { text, bytes: Buffer.byteLength(text), line: place.line };
}
