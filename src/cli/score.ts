/**
 * `bpb score`: an artifact in bits per byte, or a claimed score from its ledger.
 */
import { Argument, Option } from 'commander';
import { ENGINE_CHOICES } from '../engine/create.js';
import { claimedOptions } from '../evaluation/checks/claimed.js';
import type { ScoreOptions } from '../evaluation/options.js';
import { scoreClaimed } from '../score/claimed.js';
import { score } from '../score/score.js';
import { SLIDING_2026_03_19, WINDOW_MODES } from '../windows/options.js';
import { addEngineFlags, decimal, integer, part } from './arguments.js';
import { defineCommand } from './command.js';

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
    'bpb score --ledger run.jsonl --targets targets.f32 --data shards/ --tokenizer sp.model',
  ],
  options: (command) =>
    addEngineFlags(
      command
        .addArgument(new Argument('[artifact]', 'a directory with artifact.json, or an .onnx file'))
        .option('--tokenizer <file>', 'a SentencePiece .model, or byte260')
        .option('--data <path...>', 'shards (a directory or files), or a built-in set: sotu-val')
        .option('--docs <file>', 'documents, one JSON object with `text` a line')
        .option('--sidecar <dir>', 'byte sidecars, where they are not beside the shards')
        .addOption(new Option('--window <mode>', 'how the stream is cut').choices(WINDOW_MODES))
        .option('--seq-len <n>', 'input tokens a row', integer(1))
        .option('--stride <n>', 'targets a row scores after the first', integer(1))
        .addOption(
          new Option('--tail <what>', 'drop or score the last short row').choices([
            'drop',
            'score',
          ]),
        )
        .addOption(
          new Option('--compat <name>', 'reproduce a historical evaluator').choices([
            SLIDING_2026_03_19,
          ]),
        )
        .option('--limit-docs <n>', 'score the first documents only (a partial score)', integer(1))
        .option('--part <i/n>', 'score one part of the plan', part)
        .addOption(new Option('--engine <name>', 'engine').choices(ENGINE_CHOICES).default('auto'))
        .option('--device <list>', 'cpu, or GPUs: cuda:0,cuda:1')
        .addOption(
          new Option('--precision <name>', 'of matrix products; fp16 with --optimize').choices([
            'fp32',
            'tf32',
            'fp16',
          ]),
        )
        .option('--optimize', 'rewrite the model for speed, and prove it the same; fp16 on a GPU')
        .option('--optimize-tolerance <nats>', 'mean difference that this may make', decimal),
    )
      .option('--batch-tokens <n>', 'input tokens a batch', integer(1))
      .option('--verify-rows <n>', 'rows to score a second time; 0 skips it', integer(0))
      .option('--seed <n>', 'seed of the choice of those rows', integer(0))
      .option('--strict', 'probe the artifact first; no headline where a probe fails')
      .option('--out <dir>', 'write result.json, documents.csv and the journal there')
      .option('--save-targets', "also write every target's nats (targets.f32)")
      .option('--ledger <file>', 'keep what was scored, in order and chained by hashes')
      .option(
        '--targets <file>',
        'instead of an artifact: nats made elsewhere, with their --ledger',
      ),
  run: async ({ flags: { targets, ...flags }, given, command, progress, signal }, artifact) => {
    const claim = claimedOptions(artifact, { ...flags, targets }, given);
    if (claim !== null) {
      const document = await scoreClaimed({ ...claim, command, ...progress });
      return { kind: 'claimed-score', document, ok: document.score.val_bpb !== null };
    }
    const options = { ...flags, artifact: artifact!, command, ...progress };
    const document = await score({ ...options, signal: signal() });
    return { kind: 'score', document, ok: document.score.val_bpb !== null };
  },
});
