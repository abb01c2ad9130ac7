/**
 * What counts against the cap: the model, its external data, and the code that lies beside them.
 */
import { shellWord } from '../shell-word.js';
import { namesIn } from './find-model.js';
import type { Search } from './types.js';

/** Names of the script that trained a model, and of archives of such scripts. */
const CODE = /^(train\w*\.py|recipe\.(tar|zip)(\.\w+)?|recipe\.py)$/;

/** A script, and an archive whose files can be read; what packs code otherwise must be named as code. */
const READ = /\.(py|tar(\.(gz|br|xz|zst))?)$/;

/** The field `code` of the manifest; absent where all code shows itself. */
export function packedCode(counted: readonly string[]): { code?: string[] } {
  const code = counted.filter((name) => CODE.test(name) && !READ.test(name));
  return code.length === 0 ? {} : { code };
}

/**
 * @param files of the model, from the directory
 * @param again the command that writes the manifest anew
 */
export function findCode(
  directory: string,
  files: readonly string[],
  again: string,
): Search<string[]> {
  const code = namesIn(directory).filter((name) => CODE.test(name));
  const value = [...files, ...code];
  const found = [{ what: 'counted', value: value.join(', '), how: 'the files of the model' }];
  if (code.length > 0) {
    found[0]!.how = 'the files of the model, and the code beside it';
    return { value, found, unknown: [] };
  }
  const unknown = {
    what: 'counted',
    message: 'no training script is here; code counts, too',
    hint: `cp train_gpt.py ${shellWord(`${directory}/`)} && ${again}`,
  };
  return { value, found, unknown: [unknown] };
}
