/**
 * The data of the commands that follow: what is named, shards beside the model, or the built-in set.
 */
import { existsSync } from 'node:fs';
import { BpbError, inputError } from '../errors.js';
import { documentSource, isBuiltIn } from '../evaluation/open-data.js';
import { shellWord } from '../shell-word.js';
import { dataFlags } from './commands.js';
import { namesIn } from './find-model.js';
import type { InitOptions, Search } from './types.js';

interface DataChoice {
  /** Name for the manifest; null where the data is outside of it. */
  readonly builtIn: string | null;
  /** Flags for the commands, each with a space before it. */
  readonly flags: string;
}

const DEFAULT_SET = 'sotu-val';

function refuseMissing(path: string) {
  return inputError('BPB_DATA_MISSING', {
    message: 'There is no such data.',
    path,
    expected: 'a directory of shards, a file, or a built-in set',
    actual: 'nothing there',
    hint: 'Check the path given as --data or --docs.',
  });
}

/** Why a built-in set cannot be opened; null where it can. */
function refusalOf(set: string): BpbError | null {
  try {
    documentSource(set, undefined);
    return null;
  } catch (error) {
    if (error instanceof BpbError) return error;
    throw error;
  }
}

/**
 * @param score the command that scores the artifact, up to its data
 * @throws BPB_DATA_MISSING
 */
export function findData(
  directory: string,
  { data, docs }: Pick<InitOptions, 'data' | 'docs'>,
  score: string,
): Search<DataChoice> {
  const named = [...(data ?? []), ...(docs === undefined ? [] : [docs])];
  for (const path of named) {
    if (!existsSync(path) && !isBuiltIn(path)) throw refuseMissing(path);
  }
  if (named.length > 0) {
    const [only] = named;
    const isSet = named.length === 1 && !existsSync(only!);
    const flags = dataFlags({ data, docs });
    const found = [{ what: 'data', value: named.join(', '), how: 'as named' }];
    return {
      value: { builtIn: isSet ? only! : null, flags: isSet ? '' : flags },
      found,
      unknown: [],
    };
  }
  const shards = namesIn(directory).filter((name) => /^fineweb_val_\d+\.bin$/.test(name));
  if (shards.length > 0) {
    const found = [{ what: 'data', value: `${shards.length} shards`, how: 'beside the model' }];
    const flags = ` --data ${shellWord(directory)}`;
    return { value: { builtIn: null, flags }, found, unknown: [] };
  }
  const installed = refusalOf(DEFAULT_SET);
  if (installed !== null) {
    const message = `no data is named, and ${DEFAULT_SET} is not installed`;
    const flags = ' --data shards/';
    const hint = installed.hint ?? `${score}${flags}`;
    return {
      value: { builtIn: null, flags },
      found: [],
      unknown: [{ what: 'data', message, hint }],
    };
  }
  const found = [{ what: 'data', value: DEFAULT_SET, how: 'the built-in set' }];
  const unknown = {
    what: 'data',
    message: `no data is named; ${DEFAULT_SET} is written`,
    hint: `${score} --data shards/`,
  };
  return { value: { builtIn: DEFAULT_SET, flags: '' }, found, unknown: [unknown] };
}
