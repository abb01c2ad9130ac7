/**
 * `bpb probe`: black-box checks of an artifact, or of the ledger of a score made elsewhere.
 */
import { Argument, Option } from 'commander';
import { ENGINE_CHOICES } from '../engine/create.js';
import { type BpbError, usageError } from '../errors.js';
import { type LedgerProbeOptions, probeLedger } from '../ledger/verify.js';
import { flagOf } from '../option-check.js';
import { type ProbeOptions, probe } from '../probes/probe.js';
import { WINDOW_MODES } from '../windows/options.js';
import { addEngineFlags, integer } from './arguments.js';
import { defineCommand } from './command.js';

type Flags = Omit<ProbeOptions, 'artifact' | 'signal' | 'onProgress' | 'command'>;

export const probeCommand = defineCommand<
  Flags & { ledger?: string },
  [artifact: string | undefined]
>({
  name: 'probe',
  description: 'look from outside for what would make a score wrong',
  examples: [
    'bpb probe models/sotu-8x256',
    'bpb probe artifact/ --data shards/ --thorough',
    'bpb probe model.onnx --tokenizer byte260 --docs docs.jsonl --window document --seq-len 512 --json',
    'bpb probe --ledger run.jsonl',
    'bpb probe --ledger run.jsonl --data shards/ --tokenizer fineweb_1024_bpe.model --json',
  ],
  options: (command) =>
    addEngineFlags(
      command
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
        ),
    )
      .option('--batch-tokens <n>', 'input tokens a batch of documents', integer(1))
      .option('--seed <n>', 'seed of the tokens and places', integer(0))
      .option('--thorough', 'look at many more rows and places'),
  run: async ({ flags: { ledger, ...flags }, command, progress, signal }, artifact) => {
    if (ledger !== undefined) {
      if (artifact !== undefined) throw oneOrTheOther('both');
      const document = await probeLedger({ ledger, ...ledgerOptions(flags), ...progress });
      return { kind: 'ledger', document, ok: document.verdict !== 'fail' };
    }
    if (artifact === undefined) throw oneOrTheOther('neither');
    const document = await probe({ ...flags, artifact, command, signal: signal(), ...progress });
    return { kind: 'probe', document, ok: document.verdict !== 'fail' };
  },
});

/** No model is run for a ledger, so only the flags of the data apply. */
function ledgerOptions(options: Flags): Omit<LedgerProbeOptions, 'ledger'> {
  const { data, docs, tokenizer, limitDocs, ...others } = options;
  const [stray] = Object.keys(others);
  if (stray === undefined) return { data, docs, tokenizer, limitDocs };
  const flag = flagOf(stray);
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
