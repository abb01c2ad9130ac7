/**
 * `bpb tokenize`: documents to shards.
 */
import { Option } from 'commander';
import { SPLITS, type TokenizeOptions } from '../tokenize/options.js';
import { tokenize } from '../tokenize/tokenize.js';
import { integer } from './arguments.js';
import { defineCommand } from './command.js';

type Flags = Omit<TokenizeOptions, 'signal' | 'onProgress' | 'command' | 'shardTokens'>;

export const tokenizeCommand = defineCommand<Flags>({
  name: 'tokenize',
  description: 'write documents as shards in the reference layout, with their byte sidecar',
  examples: [
    'bpb tokenize --docs docs.jsonl --tokenizer fineweb_8192_bpe.model --out shards/',
    'bpb tokenize --docs sotu-val --tokenizer byte260 --out shards/ --json',
    'bpb tokenize --docs docs.jsonl --tokenizer caseops.model --out shards/ --split train',
  ],
  options: (command) =>
    command
      .requiredOption(
        '--docs <file>',
        'documents, one JSON object with `text` a line; or sotu-val, sotu-train',
      )
      .requiredOption('--tokenizer <file>', 'a SentencePiece .model, or byte260')
      .requiredOption('--out <dir>', 'directory for the shards')
      .addOption(
        new Option('--split <name>', 'fineweb_<name>_*.bin').choices(SPLITS).default(SPLITS[0]),
      )
      .option('--limit-docs <n>', 'take the first documents only', integer(1))
      .option('--workers <n>', 'encoding threads; by default one a core', integer(1)),
  run: async ({ flags, command, progress, signal }) => {
    const document = await tokenize({ ...flags, command, signal: signal(), ...progress });
    return { kind: 'tokenize', document, ok: true };
  },
});
