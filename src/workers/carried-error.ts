/**
 * Carried errors: errors as plain data, for a thread or process boundary.
 *
 * Structured cloning keeps an error's message and stack and drops every field of its own: code and
 * hint of a `BpbError`, row and offset of a subclass.
 */
import { BpbError, type ErrorDetails } from '../errors.js';

export interface CarriedError {
  /** The details of a `BpbError`; null for any other error. */
  readonly details: ErrorDetails | null;
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Further own fields, as far as they can be cloned. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly cause: CarriedError | undefined;
}

/** Causes beyond this depth are dropped; also ends a cycle of causes. */
const MAX_CAUSES = 8;

/** Fields that `details` and the rest of a `CarriedError` hold already. */
const KNOWN_FIELDS: ReadonlySet<string> = new Set([
  'name',
  'message',
  'stack',
  'cause',
  'kind',
  'code',
  'path',
  'expected',
  'actual',
  'hint',
]);

/** What was thrown, as plain data. A value that is no error is carried as an error of that text. */
export function packError(thrown: unknown): CarriedError {
  return pack(thrown, MAX_CAUSES);
}

function pack(thrown: unknown, causes: number): CarriedError {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const ours = error instanceof BpbError;
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(error)) {
    if (name === 'cause' || (ours && KNOWN_FIELDS.has(name)) || !canBeCloned(value)) continue;
    fields[name] = value;
  }
  const hasCause = error.cause !== undefined && causes > 0;
  return {
    details: ours ? detailsOf(error) : null,
    name: error.name,
    message: error.message,
    stack: error.stack,
    fields,
    cause: hasCause ? pack(error.cause, causes - 1) : undefined,
  };
}

function detailsOf({ kind, code, message, path, expected, actual, hint }: BpbError): ErrorDetails {
  return { kind, code, message, path, expected, actual, hint };
}

function canBeCloned(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

/**
 * The error again, with all its fields: a `BpbError` for a `BpbError` and its subclasses, else an
 * `Error` of the same name. The stack is that of the thread in which it was thrown.
 */
export function unpackError(carried: CarriedError): Error {
  const cause = carried.cause === undefined ? undefined : unpackError(carried.cause);
  const error =
    carried.details === null
      ? new Error(carried.message, cause === undefined ? undefined : { cause })
      : new BpbError({ ...carried.details, cause });
  Object.assign(error, carried.fields);
  if (error.name !== carried.name) error.name = carried.name;
  if (carried.stack !== undefined) error.stack = carried.stack;
  return error;
}
