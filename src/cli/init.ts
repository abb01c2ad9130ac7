/**
 * `bpb init`: a manifest from what lies in a directory.
 */
import { Argument } from 'commander';
import type { InitOptions } from '../init/types.js';
import { addPortFlags } from './arguments.js';
import { defineCommand } from './command.js';
import { GROUPS } from './help.js';

type Flags = Omit<InitOptions, 'path' | 'command'>;

export const initCommand = defineCommand<Flags, [path: string]>({
  name: 'init',
  description: 'write artifact.json for an exported model, from what lies beside it',
  examples: [
    'bpb init exported/',
    'bpb init exported/model.onnx --tokenizer exported/tokenizer.model --data shards/',
    'bpb init exported/ --force --json',
  ],
  options: (command) =>
    addPortFlags(
      command
        .addArgument(new Argument('<path>', 'an .onnx file, or a directory that holds one'))
        .optionsGroup(GROUPS.model)
        .option('--tokenizer <file>', 'a SentencePiece .model, or byte260'),
    )
      .optionsGroup(GROUPS.data)
      .option('--data <path...>', 'shards, or a built-in set, for the commands to run next')
      .option('--docs <file>', 'documents, for the commands to run next')
      .optionsGroup(GROUPS.files)
      .option('--force', 'replace an artifact.json'),
  run: async ({ flags, command }, path) => {
    const { init } = await import('../init/init.js');
    const document = await init({ ...flags, path, command });
    return { kind: 'init', document, ok: true };
  },
});
