/**
 * `bpb verify`: a result's totals computed again, and rows of its artifact scored again.
 */
import { Argument } from 'commander';
import { ALLOW_OP_HELP } from '../evaluation/port-options.js';
import { DEFAULT_ROWS, type VerifyOptions } from '../verify/options.js';
import { integer, repeated, seedFlag } from './arguments.js';
import { defineCommand } from './command.js';
import { flag, GROUPS } from './help.js';

type Flags = Omit<VerifyOptions, 'result' | 'signal' | 'onProgress' | 'command'>;

export const verifyCommand = defineCommand<Flags, [result: string]>({
  name: 'verify',
  description: 'whether a result follows from its files, data and artifact',
  examples: [
    'bpb verify results/',
    'bpb verify results/ --artifact models/sotu-8x256',
    'bpb verify results/result.json --artifact artifact/ --data shards/ --rows 64 --json',
  ],
  options: (command) =>
    command
      .addArgument(new Argument('<result>', 'the --out directory of a score, or a result.json'))
      .optionsGroup(GROUPS.model)
      .option('--artifact <path>', 'what was scored: rows of it are scored again')
      .addOption(
        flag('--tokenizer <file>', 'a SentencePiece .model, or byte260', {
          default: "the artifact's",
        }),
      )
      .addOption(
        flag('--allow-op <domain::name>', ALLOW_OP_HELP, { parse: repeated, default: 'none' }),
      )
      .optionsGroup(GROUPS.data)
      .addOption(
        flag('--data <path...>', 'shards (a directory or files), or a built-in set: sotu-val', {
          default: "the result's",
        }),
      )
      .addOption(flag('--docs <file>', 'documents', { default: "the result's" }))
      .option('--text-field <name>', 'field of the documents that holds the text (default: text)')
      .addOption(
        flag('--sidecar <dir>', 'directory of the byte sidecars', { default: "the shards'" }),
      )
      .optionsGroup(GROUPS.checks)
      .addOption(
        flag('--rules <file>', 'rules to judge it by, or parameter-golf', {
          default: "the result's, where shipped",
        }),
      )
      .addOption(
        flag('--rows <n>', 'rows to score again', {
          parse: integer(1),
          default: String(DEFAULT_ROWS),
        }),
      )
      .addOption(seedFlag('seed of their choice'))
      .optionsGroup(GROUPS.engine)
      .addOption(
        flag('--threads <n>', 'threads of the session', {
          parse: integer(1),
          default: 'by the cores',
        }),
      ),
  run: async ({ flags, command, progress, signal }, result) => {
    const { verify } = await import('../verify/verify.js');
    const document = await verify({ ...flags, result, command, signal: signal(), ...progress });
    return { kind: 'verify', document, ok: document.verdict !== 'failed' };
  },
});
