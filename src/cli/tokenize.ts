/**
 * `bpb tokenize`: documents to shards.
 */
import { SPLITS, type TokenizeOptions } from '../tokenize/options.js';
import { documentStart, integer, requireFlags } from './arguments.js';
import { defineCommand } from './command.js';
import { flag, GROUPS } from './help.js';

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
      .optionsGroup(GROUPS.data)
      .option(
        '--docs <file>',
        'documents: JSON Lines, an array, Parquet; or sotu-val, sotu-train (required)',
      )
      .option('--text-field <name>', 'field of the documents that holds the text (default: text)')
      .option('--tokenizer <file>', 'a SentencePiece .model, or byte260 (required)')
      .addOption(
        flag('--document-start <id>', 'id before each document, or none', {
          parse: documentStart,
          default: 'BOS',
        }),
      )
      .addOption(
        flag('--limit-docs <n>', 'the first documents only', { parse: integer(1), default: 'all' }),
      )
      .addOption(
        flag('--workers <n>', 'encoding threads', { parse: integer(1), default: 'one a core' }),
      )
      .optionsGroup(GROUPS.files)
      .option('--out <dir>', 'directory for the shards (required)')
      .addOption(
        flag('--split <name>', 'fineweb_<name>_*.bin', { choices: SPLITS, default: SPLITS[0] }),
      ),
  run: async ({ flags, command, progress, signal }) => {
    const { docs, tokenizer, out } = flags;
    requireFlags('tokenize', { docs, tokenizer, out });
    const { tokenize } = await import('../tokenize/tokenize.js');
    const document = await tokenize({ ...flags, command, signal: signal(), ...progress });
    return { kind: 'tokenize', document, ok: true };
  },
});
