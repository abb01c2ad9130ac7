/**
 * `bpb audit`: the flags of an audit, and what to print of it.
 */
import { Argument, Command } from 'commander';
import { audit } from '../audit/audit.js';
import type { AuditOptions } from '../audit/options.js';
import { auditText } from '../report/audit-text.js';
import { ProgressReporter } from '../report/progress.js';
import { decimal, integer } from './arguments.js';
import { interruptSignal } from './interrupt.js';

const EXAMPLES = `
Examples:
  $ bpb audit tokenizer.model
  $ bpb audit tokenizer.model --docs sotu-val
  $ bpb audit fineweb_1024_bpe.model --data shards/ --docs docs_selected.jsonl --out audit/
  $ bpb audit caseops.model --data shards/ --train-data shards/ --json
  $ bpb audit --source train_gpt.py`;

interface Flags extends Omit<AuditOptions, 'tokenizer' | 'signal' | 'onProgress' | 'command'> {
  json?: boolean;
  quiet?: boolean;
}

export function auditCommand(): Command {
  return new Command('audit')
    .description("audit a tokenizer's byte accounting, alone and on your data")
    .addArgument(new Argument('[tokenizer]', 'a SentencePiece .model, or byte260'))
    .option('--docs <file>', 'documents, one JSON object with `text` a line, or sotu-val')
    .option('--data <path...>', 'validation shards (a directory or files)')
    .option('--sidecar <dir>', 'byte sidecars, where they are not beside the shards')
    .option('--train-data <path...>', 'training shards, searched for the validation documents')
    .option('--lut <file>', 'your own table of bytes by id, as JSON')
    .option('--bytes-per-token <x>', 'what your evaluation comes to: loss / ln 2 / bpb', decimal)
    .option('--source <file>', 'a training or evaluation script, read and never run')
    .option('--workers <n>', 'threads for the documents', integer(0))
    .option('--out <dir>', 'write audit.json, documents.csv and documents.json there')
    .option('--json', 'one JSON document on stdout')
    .option('--quiet', 'no progress')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(tokenizer: string | undefined, flags: Flags): Promise<void> {
  const { json, quiet, ...options } = flags;
  const progress = new ProgressReporter();
  try {
    const report = await audit({
      ...options,
      tokenizer,
      command: ['bpb', ...process.argv.slice(2)].join(' '),
      signal: interruptSignal(),
      ...(quiet ? {} : { onProgress: progress.update }),
    });
    progress.done();
    console.log(json ? JSON.stringify(report, null, 2) : auditText(report));
    if (report.verdict === 'fail') process.exitCode = 1;
  } finally {
    progress.done();
  }
}
