/**
 * `bpb claim`: judges a claimed score, or every final score of training logs.
 */
import { Argument, Command } from 'commander';
import { claimReportText } from '../report/claim-text.js';
import { claim } from '../submission/claim.js';
import { integer } from './arguments.js';

const EXAMPLES = `
Examples:
  $ bpb claim --val-loss 2.07234577 --val-bpb 1.22735990
  $ bpb claim --val-loss 2.6105 --val-bpb 1.0108 --tokens 40540160 --tokenizer-family sp8192
  $ bpb claim train_seed42.log train_seed1337.log --json`;

interface Flags {
  valLoss?: string;
  valBpb?: string;
  tokens?: number;
  tokenizerFamily?: string;
  json?: boolean;
}

export function claimCommand(): Command {
  return new Command('claim')
    .description('which bytes a claimed score implies, and what they fit')
    .addArgument(new Argument('[log...]', 'training logs of the challenge'))
    .option('--val-loss <nats>', 'claimed nats a token, with all printed digits')
    .option('--val-bpb <bits>', 'claimed bits per byte, with all printed digits')
    .option('--tokens <n>', 'scored targets, where the claim states them', integer(1))
    .option('--tokenizer-family <name>', 'sp1024, sp8192, caseops-sp8192, byte260, …')
    .option('--json', 'one JSON document on stdout')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(logs: readonly string[], flags: Flags): Promise<void> {
  const { tokenizerFamily: family, json, ...figures } = flags;
  const report = await claim({ ...figures, family, logs });
  console.log(json ? JSON.stringify(report, null, 2) : claimReportText(report));
  if (report.verdict === 'fail') process.exitCode = 1;
}
