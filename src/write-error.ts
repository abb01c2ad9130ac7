/**
 * What the file system says when something cannot be written, as an error of ours.
 */
import { environmentError } from './errors.js';

export interface Writing {
  /** Where, unless the system names a file itself. */
  readonly path: string;
  /** What: `the output`, for the message. */
  readonly what: string;
  readonly expected?: string | undefined;
  readonly hint?: string | undefined;
}

/** The error to throw in place of `cause`; a fault that is not the file system's stays what it is. */
export function asWriteError(cause: unknown, { path, what, expected, hint }: Writing): unknown {
  const { errno, message, path: file } = cause as NodeJS.ErrnoException;
  if (errno === undefined) return cause;
  return environmentError('BPB_WRITE_FAILED', {
    message: `${what} cannot be written`,
    path: file ?? path,
    expected: expected ?? 'a writable directory with room',
    actual: message,
    hint,
    cause,
  });
}

/** Does `work`, whose failures to write are told for people. */
export function writing<T>(where: Writing, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw asWriteError(cause, where);
  }
}
