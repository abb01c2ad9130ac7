/**
 * `bpb probe --ledger`: verdicts on a ledger made elsewhere.
 */
import { Command } from 'commander';
import { probeLedger } from '../ledger/probe.js';
import { ledgerText } from '../report/ledger-text.js';
import { ProgressReporter } from '../report/progress.js';
import { integer } from './arguments.js';

const EXAMPLES = `
Examples:
  $ bpb probe --ledger run.jsonl
  $ bpb probe --ledger run.jsonl --data shards/ --tokenizer fineweb_1024_bpe.model --json`;

interface Flags {
  ledger: string;
  data?: string[];
  docs?: string;
  tokenizer?: string;
  limitDocs?: number;
  json?: boolean;
  quiet?: boolean;
}

export function probeCommand(): Command {
  return new Command('probe')
    .description('checks a score from outside: here, the ledger of one')
    .requiredOption('--ledger <file>', 'a ledger, also another evaluator’s (docs/ledger.md)')
    .option('--data <path...>', 'what was scored: shards, or a built-in set: sotu-val')
    .option('--docs <file>', 'documents, one JSON object with `text` a line')
    .option('--tokenizer <file>', 'a SentencePiece .model, or byte260')
    .option('--limit-docs <n>', 'the first documents only', integer(1))
    .option('--json', 'one JSON document on stdout')
    .option('--quiet', 'no progress')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run({ json, quiet, ...options }: Flags): Promise<void> {
  const progress = new ProgressReporter();
  try {
    const report = await probeLedger({
      ...options,
      ...(quiet ? {} : { onProgress: progress.update }),
    });
    progress.done();
    const document = { schema: 'bpb-probe/1', ...report };
    console.log(json ? JSON.stringify(document, null, 2) : ledgerText(report));
    if (report.verdict === 'fail') process.exitCode = 1;
  } finally {
    progress.done();
  }
}
