/**
 * `bpb audit`: a tokenizer's byte accounting, alone and on data.
 */
import { Argument } from 'commander';
import { EXIT_CODES } from '../errors.js';
import type { AuditOptions } from '../evaluation/audit-options.js';
import { decimal, documentStart, integer } from './arguments.js';
import { defineCommand } from './command.js';
import { flag, GROUPS } from './help.js';

type Flags = Omit<AuditOptions, 'tokenizer' | 'signal' | 'onProgress' | 'command'>;

export const auditCommand = defineCommand<Flags, [tokenizer: string | undefined]>({
  name: 'audit',
  description: "audit a tokenizer's byte accounting, alone and on your data",
  examples: [
    'bpb audit tokenizer.model',
    'bpb audit tokenizer.model --docs sotu-val',
    'bpb audit fineweb_1024_bpe.model --data shards/ --docs docs_selected.jsonl --out audit/',
    'bpb audit caseops.model --data shards/ --train-data shards/ --json',
    'bpb audit --source train_gpt.py',
  ],
  options: (command) =>
    command
      .addArgument(new Argument('[tokenizer]', 'a SentencePiece .model, or byte260'))
      .optionsGroup(GROUPS.data)
      .addOption(
        flag('--document-start <id>', 'id before each document, or none', {
          parse: documentStart,
          default: 'BOS',
        }),
      )
      .option('--docs <file>', 'documents: JSON Lines, an array, Parquet; or sotu-val')
      .option('--text-field <name>', 'field of the documents that holds the text (default: text)')
      .option('--data <path...>', 'validation shards (a directory or files)')
      .addOption(
        flag('--sidecar <dir>', 'directory of the byte sidecars', { default: "the shards'" }),
      )
      .option('--train-data <path...>', 'training shards, searched for the validation documents')
      .addOption(
        flag('--workers <n>', 'threads for the documents', {
          parse: integer(0),
          default: 'by the cores and the size of the input',
        }),
      )
      .optionsGroup(GROUPS.checks)
      .option('--lut <file>', 'your own table of bytes by id, as JSON')
      .option('--bytes-per-token <x>', 'what your evaluation comes to: loss / ln 2 / bpb', decimal)
      .option(
        '--source <path>',
        'a script, a folder of one program, or - for stdin: no Python runs',
      )
      .optionsGroup(GROUPS.files)
      .option('--out <dir>', 'write audit.json, documents.csv and documents.json there'),
  run: async ({ flags, command, progress, signal }, tokenizer) => {
    const { audit } = await import('../audit/audit.js');
    const document = await audit({ ...flags, tokenizer, command, signal: signal(), ...progress });
    const { verdict } = document;
    const ok = verdict === 'pass' || verdict === 'warn';
    const exit = verdict === 'not_judged' ? EXIT_CODES.input : EXIT_CODES.failed;
    return { kind: 'audit', document, ok, exit };
  },
});
