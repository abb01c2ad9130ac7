/**
 * Reader of a file that a model names: a plain file below a directory, reached without links.
 *
 * The name comes from a stranger. What is opened is what is checked and read: the file is opened once,
 * its descriptor is examined, and the way to it is compared with the path afterwards.
 */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';

/** Why a file is not read. */
export class PlainFileError extends Error {
  constructor(
    readonly actual: string,
    /** Whether nothing of that name is there. */
    readonly missing = false,
  ) {
    super(actual);
  }
}

export interface PlainFile {
  /** `identityOf` the file. */
  readonly identity: string;
  readonly content: Buffer;
}

/** O_NONBLOCK: the open of a FIFO would wait for its writer. Windows has neither flag. */
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * The parts of a relative path, without `.` and empty ones.
 *
 * @throws PlainFileError for a path that is not relative, leads upwards, or is none on every system, and for
 * a URL or ONNX Runtime's mark of data in memory, whose offset is a pointer
 */
export function relativeParts(location: string): string[] {
  if (location === '') throw new PlainFileError('an empty path');
  if (location.includes('\0')) throw new PlainFileError('a path with a NUL');
  if (location.includes('\\')) throw new PlainFileError('a path with a backslash');
  if (/^[A-Za-z][\w+.-]*:\/\//.test(location)) throw new PlainFileError('a URL');
  if (location.includes('_MEM_ADDR_')) throw new PlainFileError('an address in memory');
  if (location.startsWith('/')) throw new PlainFileError('an absolute path');
  if (/^[A-Za-z]:/.test(location)) throw new PlainFileError('a path with a drive');
  if (location.endsWith('/')) throw new PlainFileError('the path of a directory');
  const parts = location.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new PlainFileError('a path that leads upwards');
  if (parts.length === 0) throw new PlainFileError('the path of a directory');
  return parts;
}

/**
 * Reads a file whole.
 *
 * @param base directory without links in its path (`realpath`)
 * @param most bytes that it may have
 * @throws PlainFileError
 */
export async function readPlainFile(
  base: string,
  parts: readonly string[],
  most: number,
): Promise<PlainFile> {
  await checkDirectories(base, parts);
  const path = join(base, ...parts);
  const handle = await openFile(path);
  try {
    const stat = await handle.stat();
    checkPlain(stat);
    await checkWay(path, handle, stat);
    if (stat.size > most)
      throw new PlainFileError(`${stat.size} bytes, of which ${most} may be read`);
    return { identity: identityOf(stat), content: await readWhole(handle, stat.size) };
  } finally {
    await handle.close();
  }
}

/** A directory on the way may have become a link since it was looked at. */
async function checkWay(path: string, handle: FileHandle, stat: Stats): Promise<void> {
  const replaced = () => new PlainFileError('a file that was replaced while it was opened');
  // On Linux the kernel knows the path of what was opened, whatever stands there now.
  const opened = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => path);
  const named = await lstat(path).catch(() => null);
  const real = await realpath(path).catch(() => null);
  if (opened !== path || real !== path) throw replaced();
  if (named === null || identityOf(named) !== identityOf(stat)) throw replaced();
}

async function checkDirectories(base: string, parts: readonly string[]): Promise<void> {
  let at = base;
  for (const part of parts.slice(0, -1)) {
    at = join(at, part);
    const stat = await lstat(at).catch((error: unknown) => {
      throw missingOr(error);
    });
    if (stat.isSymbolicLink()) throw new PlainFileError(`a path through the link ${part}`);
    if (!stat.isDirectory()) throw new PlainFileError(`a path through ${part}, no directory`);
  }
}

async function openFile(path: string): Promise<FileHandle> {
  // A device may do something when it is opened: it is looked at before.
  const stat = await lstat(path).catch((error: unknown) => {
    throw missingOr(error);
  });
  checkPlain(stat);
  return open(path, FLAGS).catch((error: unknown) => {
    throw missingOr(error);
  });
}

function missingOr(error: unknown): PlainFileError {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return new PlainFileError('no such file', true);
  if (code === 'ELOOP') return new PlainFileError('a link');
  return new PlainFileError(code ?? String(error));
}

function checkPlain(stat: Stats): void {
  if (stat.isSymbolicLink()) throw new PlainFileError('a link');
  if (stat.isDirectory()) throw new PlainFileError('a directory');
  if (stat.isFIFO()) throw new PlainFileError('a FIFO');
  if (stat.isSocket()) throw new PlainFileError('a socket');
  if (!stat.isFile()) throw new PlainFileError('a device');
  // A second name may stand anywhere: the content need not be the artifact's own.
  if (stat.nlink > 1) throw new PlainFileError(`a file with ${stat.nlink} hard links`);
}

/** The same for two spellings of one file's name. */
export function identityOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}

/** One read may be of less than 2 GiB. */
const READ_MAX = 2 ** 28;

/** Files of /proc say 0 bytes and have more: the end must be where it was said to be. */
async function readWhole(handle: FileHandle, size: number): Promise<Buffer> {
  const content = Buffer.allocUnsafeSlow(size + 1);
  let length = 0;
  while (length <= size) {
    const wanted = Math.min(size + 1 - length, READ_MAX);
    const { bytesRead } = await handle.read(content, length, wanted, length);
    if (bytesRead === 0) break;
    length += bytesRead;
  }
  if (length !== size) throw new PlainFileError('a file whose length changes while it is read');
  return content.subarray(0, size);
}
