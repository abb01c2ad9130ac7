/**
 * Conversion of file system errors into `BPB_WRITE_FAILED`.
 */
import { environmentError } from './errors.js';

export interface Writing {
  /** The path that the error names, unless the system names a file itself. */
  readonly path: string;
  /** The subject of the message, such as `the output`. */
  readonly what: string;
  readonly expected?: string | undefined;
  readonly hint?: string | undefined;
}

/** The error to throw in place of `cause`; an error that is not the file system's is returned as is. */
export function asWriteError(cause: unknown, { path, what, expected, hint }: Writing): unknown {
  const { errno, message, path: file } = cause as NodeJS.ErrnoException;
  if (errno === undefined) return cause;
  return environmentError('BPB_WRITE_FAILED', {
    message: `${what} cannot be written`,
    path: file ?? path,
    expected: expected ?? 'a writable directory with free space',
    actual: message,
    hint,
    cause,
  });
}

/** Returns what `work` returns; its file system errors are converted. */
export function writing<T>(where: Writing, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw asWriteError(cause, where);
  }
}
