/**
 * Reading of scripts: a plain file, the scripts of a folder, stdin. Sizes are looked at first.
 */
import { constants } from 'node:fs';
import { lstat, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { binary, missing, noPlainFile, notebook, tooLarge } from './errors.js';
import { SOURCE_BYTES_MAX } from './nodes.js';

/** O_NONBLOCK: the open of a FIFO would wait for its writer. Windows has no such flag. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
/** Scripts of a folder; the public record folders have up to 11. */
const FOLDER_FILES_MAX = 64;
/** Names of a folder that are looked at. */
const FOLDER_NAMES_MAX = 10_000;

const STDIN = '-';

/** What was given, and where the files beside it lie. */
export interface Opened {
  /** Null: stdin, beside which nothing lies. */
  readonly folder: string | null;
  /** Scripts to begin with: the given one, or all of the folder. */
  readonly scripts: readonly { readonly file: string | null; readonly text: string }[];
}

/**
 * @throws BPB_SOURCE_MISSING, BPB_SOURCE_TOO_LARGE, BPB_SOURCE_BINARY
 */
export async function openSources(path: string): Promise<Opened> {
  if (path === STDIN) {
    return { folder: null, scripts: [{ file: null, text: sourceText(await readStdin(), path) }] };
  }
  const status = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw missing(path, cause.code ?? String(cause), cause);
  });
  if (status.isDirectory()) return { folder: path, scripts: await readFolder(path) };
  const text = sourceText(await readPlain(path, SOURCE_BYTES_MAX), path);
  return { folder: dirname(path), scripts: [{ file: null, text }] };
}

/**
 * The text of a file that a script names, where it lies beside it; else why it is not read.
 *
 * A name from a script is a stranger's: no folder, no link and no device is followed.
 *
 * @param most bytes that it may have
 */
export async function readBeside(
  folder: string | null,
  name: string,
  most: number,
): Promise<{ text: string } | { reason: string }> {
  if (folder === null) return { reason: 'nothing lies beside stdin' };
  if (!/^[^/\\\0]+$/.test(name) || name === '.' || name === '..' || basename(name) !== name) {
    return { reason: 'it is not in the folder of the script' };
  }
  const path = join(folder, name);
  try {
    if ((await lstat(path)).isSymbolicLink()) return { reason: `${name} is a link` };
    return { text: sourceText(await readPlain(path, most), path) };
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT') return { reason: `there is no ${name} beside the script` };
    return { reason: `${name} cannot be read as a script` };
  }
}

async function readFolder(path: string): Promise<{ file: string; text: string }[]> {
  const names = await readdir(path).catch((cause: NodeJS.ErrnoException) => {
    throw missing(path, cause.code ?? String(cause), cause);
  });
  if (names.length > FOLDER_NAMES_MAX) {
    throw tooLarge(path, `at most ${FOLDER_NAMES_MAX} names in the folder`, `${names.length}`);
  }
  const scripts: { file: string; text: string }[] = [];
  let left = SOURCE_BYTES_MAX;
  for (const file of names.filter((name) => name.endsWith('.py')).sort()) {
    const at = join(path, file);
    // A link may lead out of the folder, and a name may be a folder's.
    const status = await lstat(at).catch(() => null);
    if (status === null || !status.isFile()) continue;
    if (scripts.length === FOLDER_FILES_MAX) {
      throw tooLarge(path, `at most ${FOLDER_FILES_MAX} scripts in a folder`, 'more');
    }
    const bytes = await readPlain(at, left);
    left -= bytes.byteLength;
    scripts.push({ file, text: sourceText(bytes, at) });
  }
  if (scripts.length === 0) throw missing(path, 'a folder without a .py file');
  return scripts;
}

/** Bytes of a regular file; its size is compared before it is read, and again while it is. */
async function readPlain(path: string, most: number): Promise<Uint8Array> {
  // A device may do something when it is opened: it is looked at before, and what was opened after.
  const before = await stat(path).catch((cause: NodeJS.ErrnoException) => {
    throw missing(path, cause.code ?? String(cause), cause);
  });
  if (!before.isFile()) throw noPlainFile(path, kindOf(before));
  const handle = await open(path, FLAGS).catch((cause: NodeJS.ErrnoException) => {
    throw missing(path, cause.code ?? String(cause), cause);
  });
  try {
    const status = await handle.stat();
    if (!status.isFile()) throw noPlainFile(path, kindOf(status));
    if (status.size > most) throw tooLarge(path, `at most ${most} bytes`, `${status.size} bytes`);
    // One byte more shows a file that grows, or one whose size says nothing, as in /proc.
    const buffer = Buffer.alloc(most + 1);
    let length = 0;
    while (length <= most) {
      const { bytesRead } = await handle
        .read(buffer, length, most + 1 - length, null)
        .catch((cause: NodeJS.ErrnoException) => {
          throw missing(path, cause.code ?? String(cause), cause);
        });
      if (bytesRead === 0) return buffer.subarray(0, length);
      length += bytesRead;
    }
    throw tooLarge(path, `at most ${most} bytes`, 'more');
  } finally {
    await handle.close();
  }
}

type Status = Awaited<ReturnType<typeof stat>>;

function kindOf(status: Status): string {
  if (status.isDirectory()) return 'a folder';
  if (status.isFIFO()) return 'a FIFO';
  if (status.isSocket()) return 'a socket';
  return 'a device';
}

async function readStdin(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > SOURCE_BYTES_MAX) {
      process.stdin.destroy();
      throw tooLarge(STDIN, `at most ${SOURCE_BYTES_MAX} bytes`, 'more');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** @throws BPB_SOURCE_TOO_LARGE, BPB_SOURCE_BINARY, BPB_SOURCE_NOT_PYTHON for a notebook; invalid UTF-8 becomes U+FFFD, a finding */
export function sourceText(source: string | Uint8Array, path: string): string {
  const size = typeof source === 'string' ? source.length : source.byteLength;
  if (size > SOURCE_BYTES_MAX) {
    throw tooLarge(path, `at most ${SOURCE_BYTES_MAX} bytes`, `${size} bytes`);
  }
  const decoded = typeof source === 'string' ? source : new TextDecoder().decode(source);
  const text = decoded.replace(/^\ufeff/, '');
  if (text.includes('\0')) throw binary(path);
  if (isNotebook(text)) throw notebook(path);
  return text;
}

/** A display of a dictionary is valid Python as well: it needs the keys of a notebook (nbformat 4). */
function isNotebook(text: string): boolean {
  if (!/^\s*\{/.test(text) || !text.includes('"cells"')) return false;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'cells' in value && 'nbformat' in value;
  } catch {
    return false;
  }
}
