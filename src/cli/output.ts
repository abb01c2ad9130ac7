/**
 * Writing to stdout, stderr and report files, so that nothing is lost without an error.
 */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, writeFileSync } from 'node:fs';
import { type BpbError, environmentError } from '../errors.js';
import { writing } from '../write-error.js';

const STDOUT = 1;

/**
 * Writes all of `text` to stdout, or fails: `console.log` drops errors, and the stream of a file takes
 * a short write on a full disk for a whole one.
 *
 * A reader that closed the pipe is an error too (`bpb score … | true`): the result is lost.
 *
 * @throws BPB_WRITE_FAILED (exit 4)
 */
export async function writeStdout(text: string): Promise<void> {
  try {
    if (isFileOrDevice()) writeFileSync(STDOUT, text);
    else await written(process.stdout, text);
  } catch (cause) {
    throw stdoutError(cause);
  }
}

/** Writes to stderr; there is nowhere to report that this failed. */
export async function writeStderr(text: string): Promise<void> {
  await written(process.stderr, text).catch(() => undefined);
}

/** Errors of either stream reach the callbacks of its writes; without a listener they would also be thrown. */
export function handleStreamErrors(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}

/** The regular file that stdout is, else null. */
export function stdoutFile(): string | null {
  return fileOf(STDOUT);
}

/** Device and inode, which two names of one file have in common; null for a pipe or a device. */
function fileOf(descriptor: number): string | null {
  const status = fstatSync(descriptor, { bigint: true });
  return status.isFile() ? `${status.dev}:${status.ino}` : null;
}

/** A report file, opened before the run so that a path that cannot be written costs no run. */
export class ReportFile {
  /** As `stdoutFile()`. */
  readonly file: string | null;
  private readonly descriptor: number;

  /** Leaves what is in the file. @throws BPB_WRITE_FAILED (exit 4) */
  constructor(readonly path: string) {
    this.descriptor = this.guarded(() => openSync(path, constants.O_WRONLY | constants.O_CREAT));
    this.file = fileOf(this.descriptor);
  }

  /** Empties the file, so that a report of an earlier run is never taken for this one's. */
  clear(): void {
    if (this.file !== null) this.guarded(() => ftruncateSync(this.descriptor));
  }

  /** Writes `text` in place of what is there, and closes the file. */
  write(text: string): void {
    this.guarded(() => {
      try {
        this.clear();
        writeFileSync(this.descriptor, text);
      } finally {
        closeSync(this.descriptor);
      }
    });
  }

  close(): void {
    closeSync(this.descriptor);
  }

  private guarded<T>(work: () => T): T {
    return writing({ path: this.path, what: 'the report', expected: 'a writable file' }, work);
  }
}

function isFileOrDevice(): boolean {
  const status = fstatSync(STDOUT);
  return status.isFile() || (status.isCharacterDevice() && !process.stdout.isTTY);
}

function written(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(text, (error) => (error ? reject(error) : resolve()));
  });
}

function stdoutError(cause: unknown): BpbError {
  const closed = (cause as NodeJS.ErrnoException).code === 'EPIPE';
  return environmentError('BPB_WRITE_FAILED', {
    message: 'the result cannot be written to stdout',
    path: 'stdout',
    expected: 'a reader, or a file on a disk with free space',
    actual: closed ? 'the reader closed the pipe (EPIPE)' : (cause as Error).message,
    cause,
  });
}
