/**
 * `bpb claim`: judges a claimed score, or every final score of training logs.
 */
import { Argument, Command } from 'commander';
import { usageError } from '../errors.js';
import { claimText, logClaimText } from '../report/claim-text.js';
import { claim } from '../submission/claim.js';
import { claimLog } from '../submission/claim-log.js';
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
  const { valLoss, valBpb, tokens, tokenizerFamily: family, json } = flags;
  if (logs.length > 0) {
    if (valLoss !== undefined || valBpb !== undefined) throw oneOrTheOther('both');
    const judged = [];
    for (const log of logs) judged.push(await claimLog(log));
    const document = { schema: 'bpb-claim/1', logs: judged };
    console.log(
      json ? JSON.stringify(document, null, 2) : judged.map((log) => logClaimText(log)).join('\n'),
    );
    if (judged.some(({ findings }) => findings.some(({ severity }) => severity === 'fail'))) {
      process.exitCode = 1;
    }
    return;
  }
  if (valLoss === undefined || valBpb === undefined) throw oneOrTheOther('neither');
  const judged = claim({ valLoss, valBpb, tokens, family });
  const document = { schema: 'bpb-claim/1', claim: judged };
  console.log(json ? JSON.stringify(document, null, 2) : claimText(judged));
  if (wrong(judged.verdict)) process.exitCode = 1;
}

function oneOrTheOther(found: string) {
  return usageError('BPB_USAGE_CLAIM', {
    message: 'a claim is a pair of figures, or logs that print them',
    path: '--val-loss, --val-bpb',
    expected: '--val-loss and --val-bpb, or the names of logs',
    actual: found,
  });
}

/** A score that nothing right explains fails the verdict; one that is not known does not. */
function wrong(verdict: string | undefined): boolean {
  return verdict === 'mistake' || verdict === 'other-set';
}
