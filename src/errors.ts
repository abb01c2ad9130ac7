/**
 * The error class of the project: what was wrong, where, and the way out.
 *
 * `kind` decides the exit code; `code` is the stable identity a program may branch on; the message
 * is derived and may change.
 */

/** What went wrong, in the terms of the exit codes. */
export type ErrorKind =
  | 'failed'
  | 'usage'
  | 'input'
  | 'environment'
  | 'limit'
  | 'internal'
  | 'interrupted'
  | 'terminated';

/** Exit code of the process for each kind of error. */
export const EXIT_CODES: Readonly<Record<ErrorKind, number>> = {
  failed: 1,
  usage: 2,
  input: 3,
  environment: 4,
  limit: 5,
  internal: 70,
  interrupted: 130,
  terminated: 143,
};

export type ErrorCode = `BPB_${string}`;

export interface ErrorDetails {
  kind: ErrorKind;
  code: ErrorCode;
  /** One sentence: what is wrong. */
  message: string;
  /** The file, flag or field at fault. */
  path?: string | undefined;
  expected?: string | undefined;
  actual?: string | undefined;
  /** What the reader can do about it. */
  hint?: string | undefined;
  cause?: unknown;
}

export class BpbError extends Error {
  readonly kind: ErrorKind;
  readonly code: ErrorCode;
  readonly path: string | undefined;
  readonly expected: string | undefined;
  readonly actual: string | undefined;
  readonly hint: string | undefined;

  constructor(details: ErrorDetails) {
    super(details.message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'BpbError';
    this.kind = details.kind;
    this.code = details.code;
    this.path = details.path;
    this.expected = details.expected;
    this.actual = details.actual;
    this.hint = details.hint;
  }

  get exitCode(): number {
    return EXIT_CODES[this.kind];
  }

  /** The `error` object of `bpb-error/1`; also what crosses a worker boundary. */
  toJSON(): Record<string, unknown> {
    const { kind, code, message, path, expected, actual, hint } = this;
    return { kind, code, message, path, expected, actual, hint };
  }
}

/** An input that is refused (exit 3). */
export function inputError(
  code: ErrorCode,
  details: Omit<ErrorDetails, 'kind' | 'code'>,
): BpbError {
  return new BpbError({ kind: 'input', code, ...details });
}

/** Wrong usage of a command or of the API (exit 2); `path` names the flag or option. */
export function usageError(
  code: ErrorCode,
  details: Omit<ErrorDetails, 'kind' | 'code'>,
): BpbError {
  return new BpbError({ kind: 'usage', code, ...details });
}

/** Something that the machine lacks (exit 4). */
export function environmentError(
  code: ErrorCode,
  details: Omit<ErrorDetails, 'kind' | 'code'>,
): BpbError {
  return new BpbError({ kind: 'environment', code, ...details });
}

/** What a run throws after its signal was aborted. */
export function interrupted(): BpbError {
  return new BpbError({
    kind: 'interrupted',
    code: 'BPB_INTERRUPTED',
    message: 'interrupted; no score is given',
  });
}

/** Anything thrown as a BpbError: anything else is a bug of the harness (exit 70). */
export function asBpbError(error: unknown): BpbError {
  if (error instanceof BpbError) return error;
  return new BpbError({
    kind: 'internal',
    code: 'BPB_BUG',
    message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    hint: 'this is a bug of bpb-harness; run again with BPB_DEBUG=1 and report what it prints',
    cause: error,
  });
}

/** The document `bpb-error/1`. */
export function errorDocument(error: BpbError) {
  return { schema: 'bpb-error/1', error: { ...error.toJSON(), exit: error.exitCode } };
}
