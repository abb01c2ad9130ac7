/**
 * `bpb init`: a manifest from what lies in a directory. It asks nothing and runs no model.
 */
import { basename, join, relative, resolve } from 'node:path';
import { loadArtifact } from '../artifact/load.js';
import { parseManifest } from '../artifact/manifest.js';
import { BYTES_LIMIT, storedFile } from '../artifact/size.js';
import { PORT_CHECKS, portOptions } from '../evaluation/port-options.js';
import { checkOptionTypes, type OptionChecks, option } from '../option-check.js';
import { shellWord } from '../shell-word.js';
import { harnessCommit, harnessVersion } from '../version.js';
import { allowFlags, initAgain } from './commands.js';
import { findCode, packedCode } from './find-code.js';
import { findData } from './find-data.js';
import { findLength } from './find-length.js';
import { findModel } from './find-model.js';
import { findTokenizer } from './find-tokenizer.js';
import { findUncounted } from './find-uncounted.js';
import { portsOf } from './ports.js';
import type { Found, InitOptions, InitResult, Search } from './types.js';
import { checkWritable, writeManifest } from './write.js';

const INIT_CHECKS: OptionChecks<InitOptions> = {
  path: option.required(option.text),
  ...PORT_CHECKS,
  tokenizer: option.text,
  data: option.texts,
  docs: option.text,
  force: option.flag,
  command: option.text,
};

/**
 * Writes `artifact.json` beside a model: its ports, the tokenizer that fits, how it is evaluated, and
 * what counts against the cap; with what could not be known.
 *
 * @example
 * ```ts
 * import { init, score } from 'bpb-harness';
 *
 * const { file, unknown } = await init({ path: 'exported/' });
 * console.log(file, unknown.map(({ hint }) => hint));
 * ```
 * @throws BpbError: `usage` for a manifest that is there, several models, or data that is not known;
 *   `input` where the model or a named tokenizer is refused; `environment` where the directory cannot
 *   be written. Nothing is written then.
 */
export async function init(options: InitOptions): Promise<InitResult> {
  checkOptionTypes('init', INIT_CHECKS, options);
  const { path, force = false } = options;
  const { directory, name, how } = findModel(path);
  const file = join(directory, 'artifact.json');
  const replaced = checkWritable(file, force);
  const asked = portOptions(options);
  const artifact = await loadArtifact(join(directory, name), asked);
  const model: Found = { what: 'model', value: name, how };
  const ports = portsOf(artifact, asked);
  const tokenizer = findTokenizer(directory, name, ports.width, options.tokenizer, (file) =>
    initAgain(directory, name, options, file),
  );
  const allowed = allowFlags(options);
  const score = `bpb score ${shellWord(directory)}${tokenizer.value.flags}${allowed}`;
  const data = findData(directory, options, score);
  const length = findLength(
    directory,
    { name, bytes: artifact.model.bytes },
    ports.time,
    `${score}${data.value.flags}`,
  );
  const files = artifact.model.files.map((each) => relative(directory, each.name));
  const code = findCode(directory, files, initAgain(directory, name, options));

  const manifest = {
    format: 'bpb-artifact/1',
    name: basename(resolve(directory)).slice(0, 200) || 'artifact',
    model: { path: name, ...ports.fields },
    ...(tokenizer.value.field === null ? {} : { tokenizer: tokenizer.value.field }),
    evaluation: {
      window: 'chunk',
      seqLen: length.value,
      ...(data.value.builtIn === null ? {} : { data: data.value.builtIn }),
    },
    counted: code.value,
    ...packedCode(code.value),
  };
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  // What is written is what score reads: the same parser, before there is a file.
  parseManifest(text, file);
  const counted = await Promise.all(
    code.value.map((each) => storedFile(each, join(directory, each))),
  );
  writeManifest(file, text, force);
  const uncounted = findUncounted(directory, [
    ...code.value,
    ...[tokenizer.value.field?.['path'], options.docs].filter((path) => path !== undefined),
    ...(options.data ?? []),
  ]);
  const named = `${shellWord(directory)}${tokenizer.value.flags}${allowed}${data.value.flags}`;
  const searches: Search<unknown>[] = [tokenizer, length, data, code];
  return {
    schema: 'bpb-init/1',
    file,
    replaced,
    manifest,
    found: [model, ...ports.found, ...searches.flatMap(({ found }) => found)],
    unknown: [...searches.flatMap(({ unknown }) => unknown), ...uncounted],
    size: {
      bytes_counted: counted.reduce((sum, { bytes }) => sum + bytes, 0),
      bytes_limit: BYTES_LIMIT,
    },
    commands: { score: `bpb score ${named}`, probe: `bpb probe ${named}` },
    run: {
      harness: harnessVersion(),
      commit: harnessCommit(),
      command: options.command ?? 'init()',
      date: new Date().toISOString(),
    },
  };
}
