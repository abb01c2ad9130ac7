/**
 * `bpb tokenize`: the flags that name documents, tokenizer and directory, and what to print.
 */
import { Command, Option } from 'commander';
import { ProgressReporter } from '../report/progress.js';
import { tokenizeText } from '../report/tokenize-text.js';
import { SPLITS, type TokenizeOptions } from '../tokenize/options.js';
import { tokenize } from '../tokenize/tokenize.js';
import { integer } from './arguments.js';
import { interruptSignal } from './interrupt.js';

const EXAMPLES = `
Examples:
  $ bpb tokenize --docs docs.jsonl --tokenizer fineweb_8192_bpe.model --out shards/
  $ bpb tokenize --docs sotu-val --tokenizer byte260 --out shards/ --json
  $ bpb tokenize --docs docs.jsonl --tokenizer caseops.model --out shards/ --split train`;

interface Flags extends Omit<TokenizeOptions, 'signal' | 'onProgress' | 'command' | 'shardTokens'> {
  json?: boolean;
  quiet?: boolean;
}

export function tokenizeCommand(): Command {
  return new Command('tokenize')
    .description('write documents as shards in the reference layout, with their byte sidecar')
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
    .option('--workers <n>', 'encoding threads; by default one a core', integer(1))
    .option('--json', 'one JSON document on stdout')
    .option('--quiet', 'no progress')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run({ json, quiet, ...options }: Flags): Promise<void> {
  const progress = new ProgressReporter();
  try {
    const result = await tokenize({
      ...options,
      command: ['bpb', ...process.argv.slice(2)].join(' '),
      signal: interruptSignal(),
      ...(quiet ? {} : { onProgress: progress.update }),
    });
    progress.done();
    console.log(json ? JSON.stringify(result, null, 2) : tokenizeText(result));
  } finally {
    progress.done();
  }
}
