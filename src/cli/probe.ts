/**
 * `bpb probe`: looks at an artifact, or at the ledger of a score made elsewhere, from outside.
 */
import { Argument, Command, Option } from 'commander';
import { ENGINE_CHOICES } from '../engine/create.js';
import { type BpbError, usageError } from '../errors.js';
import { type LedgerProbeOptions, probeLedger } from '../ledger/verify.js';
import { type ProbeOptions, probe } from '../probes/probe.js';
import { ledgerText } from '../report/ledger-text.js';
import { probeText } from '../report/probe-text.js';
import { ProgressReporter } from '../report/progress.js';
import { WINDOW_MODES } from '../windows/options.js';
import { integer } from './arguments.js';
import { interruptSignal } from './interrupt.js';

const EXAMPLES = `
Examples:
  $ bpb probe models/sotu-8x256
  $ bpb probe artifact/ --data shards/ --thorough
  $ bpb probe model.onnx --tokenizer byte260 --docs docs.jsonl --window document --seq-len 512 --json
  $ bpb probe --ledger run.jsonl
  $ bpb probe --ledger run.jsonl --data shards/ --tokenizer fineweb_1024_bpe.model --json`;

type Options = Omit<ProbeOptions, 'artifact' | 'signal' | 'onProgress' | 'command'>;

interface Flags extends Options {
  ledger?: string;
  json?: boolean;
  quiet?: boolean;
}

export function probeCommand(): Command {
  return new Command('probe')
    .description('look from outside for what would make a score wrong')
    .addArgument(new Argument('[artifact]', 'a directory with artifact.json, or an .onnx file'))
    .option('--ledger <file>', 'instead: a ledger, also another evaluator’s (docs/ledger.md)')
    .option('--tokenizer <file>', 'a SentencePiece .model, or byte260')
    .option('--data <path...>', 'validation shards (a directory or files), or sotu-val')
    .option('--docs <file>', 'validation documents, one JSON object with `text` a line')
    .option('--limit-docs <n>', 'the first documents only', integer(1))
    .addOption(new Option('--window <mode>', 'how the stream is cut').choices(WINDOW_MODES))
    .option('--seq-len <n>', 'input tokens a row', integer(1))
    .option('--stride <n>', 'targets a row scores after the first', integer(1))
    .addOption(new Option('--engine <name>', 'engine, auto by default').choices(ENGINE_CHOICES))
    .option('--device <name>', 'cpu, or a GPU: cuda:0')
    .addOption(
      new Option('--precision <name>', 'of matrix products on a GPU').choices(['fp32', 'tf32']),
    )
    .option('--allow-cpu-nodes', 'accept nodes that a GPU has to leave to the CPU')
    .option('--ort-lib <dir>', "folder of a libonnxruntime other than onnxruntime-node's")
    .option('--workers <n>', 'sessions side by side', integer(1))
    .option('--threads <n>', 'threads of one session', integer(1))
    .option('--batch-tokens <n>', 'input tokens a batch of documents', integer(1))
    .option('--seed <n>', 'seed of the tokens and places', integer(0))
    .option('--thorough', 'look at many more rows and places')
    .option('--json', 'one JSON document on stdout')
    .option('--quiet', 'no progress')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

async function run(artifact: string | undefined, flags: Flags): Promise<void> {
  const { json, quiet, ledger, ...options } = flags;
  if ((artifact === undefined) === (ledger === undefined)) {
    throw oneOrTheOther(artifact === undefined ? 'neither' : 'both');
  }
  const progress = new ProgressReporter();
  const shown = quiet ? {} : { onProgress: progress.update };
  try {
    let failed: boolean;
    let text: string;
    if (ledger !== undefined) {
      const report = await probeLedger({ ledger, ...ledgerOptions(options), ...shown });
      text = json ? JSON.stringify(report, null, 2) : ledgerText(report);
      failed = report.verdict === 'fail';
    } else {
      const command = ['bpb', ...process.argv.slice(2)].join(' ');
      const signal = interruptSignal();
      const report = await probe({ ...options, artifact: artifact!, command, signal, ...shown });
      text = json ? JSON.stringify(report, null, 2) : probeText(report);
      failed = report.verdict === 'fail';
    }
    progress.done();
    console.log(text);
    if (failed) process.exitCode = 1;
  } finally {
    progress.done();
  }
}

/** Nothing is run for a ledger, so only the flags of the data mean anything. */
function ledgerOptions(options: Options): Omit<LedgerProbeOptions, 'ledger'> {
  const { data, docs, tokenizer, limitDocs, ...others } = options;
  const [stray] = Object.keys(others);
  if (stray === undefined) return { data, docs, tokenizer, limitDocs };
  const flag = `--${stray.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw usageError('BPB_USAGE_PROBE', {
    message: `${flag} has no meaning with --ledger: no model is run`,
    path: flag,
    expected: '--data, --docs, --tokenizer, --limit-docs or none beside --ledger',
    actual: flag,
  });
}

function oneOrTheOther(found: string): BpbError {
  return usageError('BPB_USAGE_PROBE', {
    message: 'what is probed is an artifact or a ledger',
    path: 'artifact, --ledger',
    expected: 'one of them',
    actual: found,
    hint: 'bpb probe ARTIFACT, or bpb probe --ledger FILE',
  });
}
