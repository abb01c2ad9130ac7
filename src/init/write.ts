/**
 * Writing of a manifest: whole or not at all, and never over another unless that is asked for.
 */
import {
  accessSync,
  constants,
  linkSync,
  lstatSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { usageError } from '../errors.js';
import { shellWord } from '../shell-word.js';
import { writing } from '../write-error.js';

function refuseExisting(file: string) {
  return usageError('BPB_INIT_EXISTS', {
    message: 'there is an artifact.json already',
    path: file,
    expected: 'a directory without one, or --force to replace it',
    actual: 'artifact.json',
    hint: `bpb score ${shellWord(dirname(file))}   or   bpb init ${shellWord(dirname(file))} --force`,
  });
}

/**
 * Checks before any model is loaded that `file` may be written.
 *
 * @returns true where there is one, which is replaced
 * @throws BPB_INIT_EXISTS, BPB_WRITE_FAILED
 */
export function checkWritable(file: string, force: boolean): boolean {
  const there = lstatSync(file, { throwIfNoEntry: false });
  if (there !== undefined && !force) throw refuseExisting(file);
  if (there !== undefined && !there.isFile()) {
    throw usageError('BPB_INIT_EXISTS', {
      message: 'artifact.json is no regular file, and is not replaced',
      path: file,
      expected: 'a regular file, or none',
      actual: there.isDirectory() ? 'a directory' : 'a link or a special file',
      hint: `Move it away: mv ${shellWord(file)} ${shellWord(`${file}.old`)}`,
    });
  }
  writing({ path: dirname(file), what: 'the manifest' }, () =>
    accessSync(dirname(file), constants.W_OK),
  );
  return there !== undefined;
}

/** @throws BPB_INIT_EXISTS where another process made one meanwhile; BPB_WRITE_FAILED */
export function writeManifest(file: string, text: string, force: boolean): void {
  const partial = join(dirname(file), `.artifact.json.${process.pid}`);
  writing({ path: file, what: 'the manifest' }, () => {
    try {
      writeFileSync(partial, text);
      if (force) renameSync(partial, file);
      // A link is made only where there is no file of the name, which a rename would replace.
      else linkSync(partial, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw refuseExisting(file);
      throw error;
    } finally {
      rmSync(partial, { force: true });
    }
  });
}
