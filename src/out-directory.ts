/**
 * The directory of `--out`: checked before anything is loaded, and what a refused run leaves there.
 */
import {
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  opendirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { asBpbError, BpbError, errorDocument, usageError } from './errors.js';
import { writing } from './write-error.js';

/** Name of the file that a refused or interrupted run leaves. */
const ERROR_FILE = 'error.json';

/** Characters that tell a file of ours from another one of its name. */
const HEAD = 256;

/** A file that a command writes into its directory, and how it begins. */
interface OwnFile {
  readonly name: string;
  /** Of its first characters; absent for what has no head, and is ours where another file is. */
  readonly begins?: RegExp | undefined;
}

export interface OutDirectory {
  readonly path: string;
  /** What a run writes there. */
  readonly files: readonly OwnFile[];
  /** `--force`: the files of an earlier run are replaced. */
  readonly force?: boolean | undefined;
  /** Its reason, where it is a BpbError, is what `error.json` says of an interrupted run. */
  readonly signal?: AbortSignal | undefined;
}

const ERROR: OwnFile = { name: ERROR_FILE, begins: /^\{"schema":"bpb-error\// };

/**
 * Makes the directory, then runs `work`. An error of `work` is left there as `error.json`, which the
 * next run that succeeds removes.
 *
 * A directory that holds files of a run is refused, except with `force`, or where `error.json` says
 * that the run came to nothing. A file of their names that no run wrote is never replaced.
 *
 * @throws BPB_OUT_IN_USE (usage); BPB_WRITE_FAILED (environment) where it cannot be made or written
 */
export async function withOutDirectory<T>(out: OutDirectory, work: () => Promise<T>): Promise<T> {
  prepare(out);
  const file = join(out.path, ERROR_FILE);
  try {
    const result = await work();
    rmSync(file, { force: true });
    return result;
  } catch (thrown) {
    leaveError(file, thrown, out.signal);
    throw thrown;
  }
}

/** Writes a whole file, or none: it gets its name when all of it is on the disk. */
export function writeWhole(path: string, text: string): void {
  const partial = `${path}.partial`;
  try {
    writeFileSync(partial, text, { flush: true });
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

/**
 * Makes a directory and those above it, one at a time: in `/proc`, where nothing can be made,
 * `mkdirSync` with `recursive` tries for ever.
 *
 * @throws errors of the file system
 */
function makeDirectories(path: string): void {
  if (isThere(path)) {
    opendirSync(path).closeSync();
    return;
  }
  const parent = dirname(path);
  if (parent !== path) makeDirectories(parent);
  mkdirSync(path);
}

function prepare({ path, files, force = false }: OutDirectory): void {
  const where = { path, what: 'the output', expected: 'a directory that can be written' };
  writing(where, () => {
    makeDirectories(resolve(path));
    // The permission bits do not tell, as in /proc or on a file system that is read-only.
    const probe = join(path, `.bpb-${process.pid}`);
    closeSync(openSync(probe, 'wx'));
    rmSync(probe);
  });
  const found = [...files, ERROR].filter(({ name }) => isThere(join(path, name)));
  const foreign = found.find(({ name, begins }) => begins && !begins.test(head(join(path, name))));
  if (foreign !== undefined) throw foreignFile(join(path, foreign.name));
  const failed = found.includes(ERROR);
  const earlier = found.filter((file) => file !== ERROR);
  if (earlier.length > 0 && !force && !failed) throw inUse(path, earlier);
  if (earlier.length > 0 && earlier.every(({ begins }) => begins === undefined)) {
    throw foreignFile(join(path, earlier[0]!.name));
  }
  writing(where, () => {
    for (const { name } of earlier) rmSync(join(path, name));
  });
}

/** Whether there is anything of that name, a dangling link too. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** The beginning of a regular file; nothing for what is none. */
function head(path: string): string {
  if (!lstatSync(path).isFile()) return '';
  const buffer = Buffer.alloc(HEAD);
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    return buffer.toString('utf8', 0, readSync(file, buffer));
  } finally {
    closeSync(file);
  }
}

function leaveError(path: string, thrown: unknown, signal: AbortSignal | undefined): void {
  const known = asBpbError(thrown);
  const reason: unknown = signal?.reason;
  const error = known.kind === 'interrupted' && reason instanceof BpbError ? reason : known;
  try {
    writeWhole(path, `${JSON.stringify(errorDocument(error))}\n`);
  } catch {
    // The error itself is what must be reported, not that its file could not be written.
  }
}

function inUse(path: string, files: readonly OwnFile[]): BpbError {
  return usageError('BPB_OUT_IN_USE', {
    message: 'the directory already holds a run',
    path,
    expected: 'a directory without files of an earlier run, or --force',
    actual: files.map(({ name }) => name).join(', '),
    hint: '--force replaces these files; or choose another directory for --out',
  });
}

function foreignFile(path: string): BpbError {
  return usageError('BPB_OUT_IN_USE', {
    message: 'a file that bpb has not written stands where it would write one',
    path,
    expected: 'no file of this name, or one of an earlier run',
    actual: 'another file',
    hint: 'choose another directory for --out',
  });
}
