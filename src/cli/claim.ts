/**
 * `bpb claim`: a claimed score, or every final score of training logs.
 */
import { Argument } from 'commander';
import { integer } from './arguments.js';
import { defineCommand } from './command.js';
import { flag, GROUPS } from './help.js';

interface Flags {
  valLoss?: string;
  valBpb?: string;
  tokens?: number;
  tokenizerFamily?: string;
}

export const claimCommand = defineCommand<Flags, [logs: readonly string[]]>({
  name: 'claim',
  description: 'which bytes a claimed score implies, and what they fit',
  examples: [
    'bpb claim --val-loss 2.07234577 --val-bpb 1.22735990',
    'bpb claim --val-loss 2.6105 --val-bpb 1.0108 --tokens 40540160 --tokenizer-family sp8192',
    'bpb claim train_seed42.log train_seed1337.log --json',
  ],
  options: (command) =>
    command
      .addArgument(new Argument('[log...]', 'training logs of the challenge'))
      .optionsGroup(GROUPS.data)
      .option('--val-loss <nats>', 'claimed nats a token, with all printed digits')
      .option('--val-bpb <bits>', 'claimed bits per byte, with all printed digits')
      .option('--tokens <n>', 'scored targets, where the claim states them', integer(1))
      .addOption(
        flag('--tokenizer-family <name>', 'sp1024, sp8192, caseops-sp8192, byte260, …', {
          default: 'all are tried',
        }),
      ),
  run: async ({ flags: { tokenizerFamily: family, ...figures } }, logs) => {
    const { claim } = await import('../submission/claim.js');
    const document = await claim({ ...figures, family, logs });
    return { kind: 'claim', document, ok: document.verdict !== 'fail' };
  },
});
