/**
 * Command lines that `bpb init` gives for copying: each repeats what the caller said.
 */
import { join } from 'node:path';
import type { PortOptions } from '../artifact/load-model.js';
import { shellWord } from '../shell-word.js';
import type { InitOptions } from './types.js';

type Spoken = Pick<InitOptions, 'data' | 'docs'>;

/** ` --data …` and ` --docs …`, or nothing. */
export function dataFlags({ data, docs }: Spoken): string {
  const shards = data === undefined ? '' : ` --data ${data.map(shellWord).join(' ')}`;
  return shards + (docs === undefined ? '' : ` --docs ${shellWord(docs)}`);
}

function portFlags({
  input = {},
  tokensInput,
  logitsOutput,
  logitsAre,
  allowOp,
}: PortOptions): string {
  const named = [
    ['--tokens-input', tokensInput],
    ['--logits-output', logitsOutput],
    ['--logits-are', logitsAre],
    ...Object.entries(input).map(([name, kind]) => {
      const value = typeof kind === 'string' ? kind : kind.constant;
      return ['--input', `${name}=${value}`];
    }),
  ] as const;
  const ports = named
    .map(([flag, value]) => (value === undefined ? '' : ` ${flag} ${shellWord(value)}`))
    .join('');
  return ports + allowFlags({ allowOp });
}

/** ` --allow-op …` for each; no manifest says it, for an artifact cannot allow itself anything. */
export function allowFlags({ allowOp = [] }: Pick<PortOptions, 'allowOp'>): string {
  return allowOp.map((name) => ` --allow-op ${shellWord(name)}`).join('');
}

/** The command that writes the manifest anew. @param tokenizer in place of the one that was named */
export function initAgain(
  directory: string,
  model: string,
  options: InitOptions,
  tokenizer = options.tokenizer,
): string {
  const named = tokenizer === undefined ? '' : ` --tokenizer ${shellWord(tokenizer)}`;
  const flags = `${named}${portFlags(options)}${dataFlags(options)}`;
  return `bpb init ${shellWord(join(directory, model))} --force${flags}`;
}
