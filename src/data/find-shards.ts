/**
 * Token shards of a split: found in a directory by name, or among the named files.
 */
import { readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inputError } from '../errors.js';
import { shellWord } from '../shell-word.js';

/** True of `fineweb_val_bytes_000000.bin`, which the pattern of the token shards matches too. */
export function isSidecarName(name: string): boolean {
  return /_bytes_\d*\.bin$/.test(basename(name));
}

function kindOf(path: string): 'directory' | 'file' {
  let stat: ReturnType<typeof statSync>;
  try {
    stat = statSync(path);
  } catch (cause) {
    throw inputError('BPB_DATA_MISSING', {
      message: 'There is no such file or directory.',
      path,
      expected: 'a directory of shards, or shard files',
      actual: 'nothing there',
      hint: 'Check the path given as data.',
      cause,
    });
  }
  if (stat.isDirectory()) return 'directory';
  if (stat.isFile()) return 'file';
  // A FIFO or a device has no size to check against the header, and could block for ever.
  throw inputError('BPB_DATA_MISSING', {
    message: 'This is neither a regular file nor a directory.',
    path,
    expected: 'a directory of shards, or shard files',
    actual: 'a special file',
    hint: 'Write the shards to a file first.',
  });
}

const NUMBERED = /^(.*)_(\d+)\.bin$/;

/** Refuses names whose order is not that of their numbers: 10 comes before 2 where there are no zeros. */
function refuseUnordered(directory: string, names: readonly string[]): void {
  const at = names.findIndex((name, k) => k > 0 && swapped(names[k - 1]!, name));
  if (at < 0) return;
  const inOrder = [...names].sort((a, b) => numberOf(a) - numberOf(b));
  throw inputError('BPB_SHARD_ORDER', {
    message: `The order of the names is not that of their numbers: ${names[at - 1]} comes before ${names[at]}.`,
    path: directory,
    expected: 'numbers of one length, with zeros in front',
    actual: names.join(', '),
    hint: `Name the files in order: --data ${inOrder.map((name) => shellWord(join(directory, name))).join(' ')}`,
  });
}

const numberOf = (name: string) => Number(NUMBERED.exec(name)?.[2] ?? 0);

/** Refuses a gap in the numbers of training shards; one in those of a score is a finding. */
function refuseGap(directory: string, names: readonly string[]): void {
  for (let i = 1; i < names.length; i++) {
    const before = NUMBERED.exec(names[i - 1]!);
    const here = NUMBERED.exec(names[i]!);
    if (before === null || here === null || before[1] !== here[1]) continue;
    if (Number(here[2]) === Number(before[2]) + 1) continue;
    throw inputError('BPB_SHARD_GAP', {
      message: `A shard is missing between ${names[i - 1]} and ${names[i]}.`,
      path: directory,
      expected: 'consecutively numbered shards',
      actual: names.join(', '),
      hint: 'Fetch the missing shard, or name the files one by one to score just these.',
    });
  }
}

function inDirectory(directory: string, split: string): string[] {
  const all = readdirSync(directory).sort();
  const names = all.filter(
    (name) => name.startsWith(`fineweb_${split}_`) && name.endsWith('.bin') && !isSidecarName(name),
  );
  if (names.length === 0) {
    const shown = all.slice(0, 8).join(', ');
    throw inputError('BPB_NO_SHARDS', {
      message: `There are no ${split} shards in this directory.`,
      path: directory,
      expected: `files named fineweb_${split}_*.bin`,
      actual:
        all.length === 0
          ? 'an empty directory'
          : `${shown}${all.length > 8 ? `, … (${all.length})` : ''}`,
      hint: 'Give the directory that holds the shards, or name the files themselves.',
    });
  }
  refuseUnordered(directory, names);
  if (split !== 'val') refuseGap(directory, names);
  return names.map((name) => join(directory, name));
}

/**
 * The token shards of `split`, in the order of their tokens.
 *
 * A directory gives its `fineweb_<split>_*.bin` in name order, never the `_bytes_` sidecars; files
 * that are named one by one are taken in the order given, which must be the order of their names.
 */
export function findShards(pathOrFiles: string | readonly string[], split = 'val'): string[] {
  const paths = typeof pathOrFiles === 'string' ? [pathOrFiles] : pathOrFiles;
  if (paths.length === 0) {
    throw inputError('BPB_NO_SHARDS', {
      message: 'No data was named.',
      expected: 'a directory or shard files',
      actual: 'an empty list',
      hint: 'Name a directory of shards.',
    });
  }
  const files = paths.flatMap((path) =>
    kindOf(path) === 'directory' ? inDirectory(path, split) : [path],
  );
  const seen = new Set<string>();
  for (const [index, file] of files.entries()) {
    if (isSidecarName(file)) {
      throw inputError('BPB_SIDECAR_AS_TOKENS', {
        message: 'This is a byte sidecar, not a token shard: its entries are byte counts.',
        path: file,
        expected: 'token shards',
        actual: basename(file),
        hint: 'Leave it out; sidecars are found beside the shards.',
      });
    }
    const before = files[index - 1];
    if (seen.has(file) || (before !== undefined && swapped(before, file))) {
      throw inputError('BPB_SHARD_ORDER', {
        message: seen.has(file) ? 'A shard is named twice.' : 'The shards are not in name order.',
        path: file,
        expected: 'each shard once, in the order of the names',
        actual: files.map((f) => basename(f)).join(', '),
        hint: 'Name each shard once, in order; another order is another token stream.',
      });
    }
    seen.add(file);
  }
  return files;
}

function swapped(before: string, file: string): boolean {
  const a = NUMBERED.exec(before);
  const b = NUMBERED.exec(file);
  return a !== null && b !== null && a[1] === b[1] && Number(a[2]) > Number(b[2]);
}
