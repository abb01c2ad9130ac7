/**
 * The bytes of a file that somebody names, or of standard input: plain files only, and bounded.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { type BpbError, inputError } from '../../errors.js';

/** The longest published log has 48 kB; source listings and progress bars can add megabytes. */
const BYTES_MAX = 256 * 2 ** 20;
const CHUNK = 2 ** 20;
const NOT_PLAIN = 'no plain file';
/** The name that stands for standard input. */
export const STDIN = '-';

/**
 * @param path a file, or `-` for standard input
 * @throws BPB_LOG_MISSING where it cannot be read or is no plain file, BPB_LOG_TOO_LARGE
 */
export async function readInputBytes(path: string): Promise<Uint8Array> {
  try {
    return path === STDIN ? await readStream(process.stdin) : await readFile(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'BPB_LOG_TOO_LARGE' || code === 'BPB_LOG_MISSING') throw cause;
    throw unreadable(path, code ?? String(cause), cause);
  }
}

/** A FIFO is not opened, which would wait for its writer, and what is opened is looked at again. */
async function readFile(path: string): Promise<Uint8Array> {
  checkPlain(path, await stat(path));
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const status = await handle.stat();
    checkPlain(path, status);
    if (status.size > BYTES_MAX) throw tooLarge(path, `${status.size} bytes`);
    return await readWhole(path, handle, status.size);
  } finally {
    await handle.close();
  }
}

function checkPlain(path: string, status: { isFile(): boolean; isDirectory(): boolean }): void {
  if (status.isFile()) return;
  throw unreadable(path, status.isDirectory() ? 'a directory' : NOT_PLAIN);
}

/** The size says how much to expect; a file that is being written, or one of /proc, may have more. */
async function readWhole(path: string, handle: FileHandle, size: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for (let length = 0; ; ) {
    const chunk = new Uint8Array(length === 0 && size > 0 ? size + 1 : CHUNK);
    const { bytesRead } = await handle.read(chunk, 0, chunk.length);
    if (bytesRead === 0) return Buffer.concat(parts);
    parts.push(chunk.subarray(0, bytesRead));
    length += bytesRead;
    if (length > BYTES_MAX) throw tooLarge(path, 'more than that');
  }
}

async function readStream(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of stream) {
    parts.push(part);
    length += part.length;
    if (length > BYTES_MAX) throw tooLarge(STDIN, 'more than that');
  }
  return Buffer.concat(parts);
}

function tooLarge(path: string, actual: string): BpbError {
  return inputError('BPB_LOG_TOO_LARGE', {
    message: 'the log is too large',
    path,
    expected: `at most ${BYTES_MAX} bytes`,
    actual,
    hint: 'Is this the log? Keep its lines with "val_" and the lines before the first step.',
  });
}

function unreadable(path: string, actual: string, cause?: unknown): BpbError {
  return inputError('BPB_LOG_MISSING', {
    message: 'the log cannot be read',
    path,
    expected: 'a readable text file',
    actual,
    hint:
      actual === NOT_PLAIN
        ? 'Give what comes through a pipe on standard input: bpb claim -'
        : 'Give the path of a training log.',
    cause,
  });
}
