/**
 * The files that named inputs stand for: a file is itself, a folder is what is searched for in it.
 */
import { type Dirent, promises } from 'node:fs';
import { join } from 'node:path';
import { type BpbError, inputError } from '../../../errors.js';
import { STDIN } from '../../log/read-bytes.js';

/** A file to read, or the reason why there is none. */
export interface NamedFile {
  readonly path: string;
  /** Found by the search of a folder, not named: what has no score in it is no error. */
  readonly found: boolean;
  readonly error: BpbError | null;
}

/** A file of submissions' logs, and what is said beside them. */
const WANTED = /\.(?:log|txt)$/i;
const WANTED_JSON = /submission[^/]*\.json$|result[^/]*\.json$|summary[^/]*\.json$/i;
/** More than any collection of submissions has; a search beyond it is of another folder. */
const ENTRIES_MAX = 100_000;
const FILES_MAX = 10_000;
const DEPTH_MAX = 16;

/** Every named input in order, folders as their files in the order of their names. */
export async function expandInputs(names: readonly string[]): Promise<NamedFile[]> {
  const files: NamedFile[] = [];
  for (const path of names) {
    if (path === STDIN || !(await isFolder(path))) files.push({ path, found: false, error: null });
    else files.push(...(await searched(path)));
  }
  return files;
}

/** The logs of the folder that a file lies in. */
export async function logsBeside(folder: string): Promise<string[]> {
  const found = await search(folder).catch(() => []);
  return found.filter((path) => WANTED.test(path));
}

async function isFolder(path: string): Promise<boolean> {
  const status = await promises.stat(path).catch(() => null);
  return status?.isDirectory() === true;
}

async function searched(folder: string): Promise<NamedFile[]> {
  try {
    const paths = await search(folder);
    if (paths.length === 0) throw nothing(folder);
    return paths.map((path) => ({ path, found: true, error: null }));
  } catch (cause) {
    const error = cause as BpbError;
    const known = String(error.code).startsWith('BPB_') ? error : unreadable(folder, cause);
    return [{ path: folder, found: false, error: known }];
  }
}

/** Links to files are followed, those to folders are not: a search must end. */
async function search(folder: string): Promise<string[]> {
  const paths: string[] = [];
  let entries = 0;
  const walk = async (at: string, depth: number): Promise<void> => {
    if (depth > DEPTH_MAX) throw tooLarge(folder, `folders more than ${DEPTH_MAX} deep`);
    const list = await promises.readdir(at, { withFileTypes: true });
    entries += list.length;
    if (entries > ENTRIES_MAX) throw tooLarge(folder, `more than ${ENTRIES_MAX} entries`);
    for (const entry of list.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(at, entry.name);
      if (entry.isDirectory()) await walk(path, depth + 1);
      else if (isWanted(entry.name) && (await isFile(path, entry))) paths.push(path);
      if (paths.length > FILES_MAX) throw tooLarge(folder, `more than ${FILES_MAX} files`);
    }
  };
  await walk(folder, 0);
  return paths;
}

function isWanted(name: string): boolean {
  return WANTED.test(name) || WANTED_JSON.test(name);
}

async function isFile(path: string, entry: Dirent): Promise<boolean> {
  if (entry.isFile()) return true;
  if (!entry.isSymbolicLink()) return false;
  return (await promises.stat(path).catch(() => null))?.isFile() === true;
}

function nothing(folder: string): BpbError {
  return inputError('BPB_CLAIM_FOLDER_EMPTY', {
    message: 'the folder has nothing to judge',
    path: folder,
    expected: '*.log, *.txt, submission.json or other results as JSON, in it or in folders below',
    actual: 'none of them',
    hint: 'Name the file itself; a file that is named may be called anything.',
  });
}

function tooLarge(folder: string, actual: string): BpbError {
  return inputError('BPB_CLAIM_FOLDER_LARGE', {
    message: 'the folder is too large to search',
    path: folder,
    expected: `at most ${FILES_MAX} logs among ${ENTRIES_MAX} entries, ${DEPTH_MAX} folders deep`,
    actual,
    hint: 'Name the folders of the submissions.',
  });
}

function unreadable(folder: string, cause: unknown): BpbError {
  return inputError('BPB_CLAIM_FOLDER', {
    message: 'the folder cannot be read',
    path: folder,
    expected: 'a readable folder',
    actual: (cause as NodeJS.ErrnoException).code ?? String(cause),
    cause,
  });
}
