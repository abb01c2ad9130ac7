/**
 * `bpb claim`: a claimed score, or every score of logs, summaries and tables.
 */
import { Argument } from 'commander';
import { EXIT_CODES } from '../errors.js';
import { integer } from './arguments.js';
import { defineCommand } from './command.js';
import { flag, GROUPS } from './help.js';

interface Flags {
  valLoss?: string;
  valBpb?: string;
  tokens?: number;
  tokenizerFamily?: string;
}

export const claimCommand = defineCommand<Flags, [inputs: readonly string[]]>({
  name: 'claim',
  description: 'which bytes a claimed score implies, and what they fit',
  examples: [
    'bpb claim --val-loss 2.07234577 --val-bpb 1.22735990',
    'bpb claim --val-loss 2.6105 --val-bpb 1.0108 --tokens 40540160 --tokenizer-family sp8192',
    'bpb claim train_seed42.log train_seed1337.log --json',
    'bpb claim records/ leaderboard.csv',
  ],
  options: (command) =>
    command
      .addArgument(new Argument('[input...]', 'logs, folders, submission.json, tables; - is stdin'))
      .optionsGroup(GROUPS.data)
      .option('--val-loss <nats>', 'claimed nats a token, with all printed digits')
      .option('--val-bpb <bits>', 'claimed bits per byte, with all printed digits')
      .option('--tokens <n>', 'scored targets, where the claim states them', integer(1))
      .addOption(
        flag('--tokenizer-family <name>', 'sp1024, sp8192, caseops-sp8192, byte260, …', {
          default: 'all are tried',
        }),
      ),
  run: async ({ flags: { tokenizerFamily: family, ...figures }, progress }, logs) => {
    const { claim } = await import('../submission/claim.js');
    const document = await claim({ ...figures, ...progress, family, logs });
    const { verdict } = document;
    const exit = verdict === 'fail' ? EXIT_CODES.failed : EXIT_CODES.input;
    return { kind: 'claim', document, ok: verdict === 'pass', exit };
  },
});
