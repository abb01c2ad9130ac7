/**
 * `bpb probe`: black-box checks of an artifact, or of the ledger of a score made elsewhere.
 */
import { Argument } from 'commander';
import { type BpbError, usageError } from '../errors.js';
import { DEFAULT_BATCH_TOKENS } from '../evaluation/session-options.js';
import type { LedgerProbeOptions } from '../ledger/verify.js';
import { flagOf } from '../option-check.js';
import type { ProbeOptions } from '../probes/probe.js';
import {
  addDataFlags,
  addEngineFlags,
  addPortFlags,
  addRulesFlag,
  addWindowFlags,
  cutsFlag,
  integer,
  seedFlag,
} from './arguments.js';
import { defineCommand } from './command.js';
import { flag, GROUPS } from './help.js';

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
  options: (command) => {
    addPortFlags(
      command
        .addArgument(new Argument('[artifact]', 'a directory with artifact.json, or an .onnx file'))
        .optionsGroup(GROUPS.model)
        .addOption(
          flag('--tokenizer <file>', 'a SentencePiece .model, or byte260', {
            default: "the artifact's",
          }),
        )
        .option('--ledger <file>', 'instead: a ledger, also another evaluator’s (docs/ledger.md)'),
    );
    addDataFlags(command, "the artifact's, else random tokens");
    addWindowFlags(command);
    addEngineFlags(command)
      .addOption(
        flag('--device <name>', 'cpu, or a GPU: cuda:0', {
          default: 'the first GPU that can be used, else cpu',
        }),
      )
      .addOption(
        flag('--precision <name>', 'of matrix products on a GPU', {
          choices: ['fp32', 'tf32'],
          default: 'fp32',
        }),
      )
      .addOption(
        flag('--batch-tokens <n>', 'input tokens a batch of documents', {
          parse: integer(1),
          default: String(DEFAULT_BATCH_TOKENS),
        }),
      )
      .optionsGroup(GROUPS.checks);
    addRulesFlag(command)
      .addOption(seedFlag('seed of the tokens and places'))
      .option('--thorough', 'look at many more rows and places')
      .option('--every-row', 'score every row of the data twice, what follows a place replaced')
      .addOption(cutsFlag());
    return command;
  },
  run: async ({ flags: { ledger, ...flags }, command, progress, signal }, artifact) => {
    if (ledger !== undefined) {
      if (artifact !== undefined) throw oneOrTheOther('both');
      const { probeLedger } = await import('../ledger/verify.js');
      const document = await probeLedger({ ledger, ...ledgerOptions(flags), ...progress });
      return { kind: 'ledger', document, ok: document.verdict !== 'fail' };
    }
    if (artifact === undefined) throw oneOrTheOther('neither');
    const { probe } = await import('../probes/probe.js');
    const document = await probe({ ...flags, artifact, command, signal: signal(), ...progress });
    return { kind: 'probe', document, ok: document.verdict !== 'fail' };
  },
});

/** No model is run for a ledger, so only the flags of the data apply. */
function ledgerOptions(options: Flags): Omit<LedgerProbeOptions, 'ledger'> {
  const { data, docs, textField, tokenizer, documentStart: start, limitDocs, ...others } = options;
  const [stray] = Object.keys(others);
  if (stray === undefined)
    return { data, docs, textField, tokenizer, documentStart: start, limitDocs };
  const flag = flagOf(stray);
  throw usageError('BPB_USAGE_PROBE', {
    message: `${flag} has no meaning with --ledger: no model is run`,
    path: flag,
    expected:
      '--data, --docs, --text-field, --tokenizer, --document-start, --limit-docs or none beside --ledger',
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
