/**
 * `bpb score`: an artifact in bits per byte, or a claimed score from its ledger.
 */
import { Argument } from 'commander';
import { claimedOptions } from '../evaluation/checks/claimed.js';
import type { ScoreOptions } from '../evaluation/options.js';
import { DEFAULT_BATCH_TOKENS } from '../evaluation/session-options.js';
import { SLIDING_2026_03_19 } from '../windows/options.js';
import {
  addDataFlags,
  addEngineFlags,
  addPortFlags,
  addRulesFlag,
  addWindowFlags,
  cutsFlag,
  decimal,
  integer,
  part,
  seedFlag,
} from './arguments.js';
import { defineCommand } from './command.js';
import { flag, GROUPS } from './help.js';

interface Flags extends Omit<ScoreOptions, 'artifact' | 'signal' | 'onProgress' | 'command'> {
  targets?: string;
}

export const scoreCommand = defineCommand<Flags, [artifact: string | undefined]>({
  name: 'score',
  description: 'score an exported model in bits per byte',
  examples: [
    'bpb score models/sotu-8x256',
    'bpb score model.onnx --tokenizer fineweb_1024_bpe.model --data shards/ --window chunk --seq-len 1024',
    'bpb score model.onnx --tokenizer byte260 --docs docs.jsonl --window sliding --seq-len 512 --stride 64 --json',
    'bpb score artifact/ --data shards/ --rules parameter-golf',
    'bpb score --ledger run.jsonl --targets targets.f32 --data shards/ --tokenizer sp.model',
  ],
  options: (command) => {
    addPortFlags(
      command
        .addArgument(new Argument('[artifact]', 'a directory with artifact.json, or an .onnx file'))
        .optionsGroup(GROUPS.model)
        .option('--targets <file>', 'in place of an artifact: nats made elsewhere, and --ledger')
        .addOption(
          flag('--tokenizer <file>', 'a SentencePiece .model, or byte260', {
            default: "the artifact's",
          }),
        )
        .option('--optimize', 'rewrite the model for speed, and prove it the same; fp16 on a GPU')
        .addOption(
          flag('--optimize-tolerance <nats>', 'mean difference that this may make', {
            parse: decimal,
            default: '1e-4',
          }),
        ),
    );
    addDataFlags(command, "the artifact's")
      .addOption(
        flag('--sidecar <dir>', 'directory of the byte sidecars', { default: "the shards'" }),
      )
      .addOption(
        flag('--control-docs <file>', 'documents of the kind that nobody trained on, to compare', {
          default: 'none',
        }),
      )
      .addOption(flag('--control-data <dir>', 'the same as shards', { default: 'none' }))
      .addOption(
        flag('--part <i/n>', 'score one part of the plan', { parse: part, default: '1/1' }),
      );
    addWindowFlags(command)
      .addOption(
        flag('--tail <what>', 'the last short row', {
          choices: ['drop', 'score'],
          default: "the artifact's, else drop",
        }),
      )
      .addOption(
        flag('--compat <name>', 'reproduce a historical evaluator', {
          choices: [SLIDING_2026_03_19, 'none'],
          default: "the artifact's, else none",
        }),
      );
    addEngineFlags(command)
      .addOption(
        flag('--device <list>', 'cpu, or GPUs: cuda:0,cuda:1', {
          default: 'the first GPU that can be used, else cpu',
        }),
      )
      .addOption(
        flag('--precision <name>', 'of matrix products; fp16 with --optimize', {
          choices: ['fp32', 'tf32', 'fp16'],
          default: "the model's own",
        }),
      )
      .addOption(
        flag('--batch-tokens <n>', 'input tokens a batch', {
          parse: integer(1),
          default: `${DEFAULT_BATCH_TOKENS}; on a GPU by its memory`,
        }),
      )
      .optionsGroup(GROUPS.checks);
    addRulesFlag(command)
      .addOption(
        flag('--verify-rows <n>', 'rows to score a second time; 0 skips it', {
          parse: integer(0),
          default: '1 %, at least 1, at most 64',
        }),
      )
      .addOption(seedFlag('seed of all that is drawn: those rows, and the probes'))
      .option('--strict', 'probe the artifact first; no headline where a probe fails')
      .option('--every-row', 'with --strict: also every row again, what follows a place replaced')
      .addOption(cutsFlag())
      .optionsGroup(GROUPS.files)
      .option('--out <dir>', 'result.json, documents.csv and the journal; else error.json')
      .option('--force', "replace an earlier run's files in --out")
      .option('--save-targets', "also write every target's nats there (targets.f32)")
      .option('--ledger <file>', 'keep what was scored, in order and chained by hashes');
    return command;
  },
  run: async ({ flags: { targets, ...flags }, given, command, progress, signal }, artifact) => {
    const claim = claimedOptions(artifact, { ...flags, targets }, given);
    if (claim !== null) {
      const { scoreClaimed } = await import('../score/claimed.js');
      const document = await scoreClaimed({ ...claim, command, ...progress });
      return { kind: 'claimed-score', document, ok: document.score.val_bpb !== null };
    }
    const options = { ...flags, artifact: artifact!, command, ...progress };
    const { score } = await import('../score/score.js');
    const document = await score({ ...options, signal: signal() });
    return { kind: 'score', document, ok: document.score.val_bpb !== null };
  },
});
