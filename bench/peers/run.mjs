/**
 * Against PyTorch's own CPU evaluation of the same weights on the same stream: in turn, same run,
 * same cores, best settings of both.
 *
 *   BPB_PYTHON=/path/to/python node bench/peers/run.mjs [ARTIFACT] [REPEATS]
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { score } from '../../dist/index.js';
import { machine, median, table } from '../lib/print.mjs';

const [artifact = 'models/sotu-8x256', repeats = '3'] = process.argv.slice(2);
const python = process.env.BPB_PYTHON ?? 'python3';
const script = fileURLToPath(new URL('./torch_eval.py', import.meta.url));
const threads = availableParallelism();

if (spawnSync(python, ['-c', 'import torch, onnx, sentencepiece']).status !== 0) {
  console.log(`\nPeers: skipped, ${python} has no torch, onnx and sentencepiece (set BPB_PYTHON)`);
  process.exit(0);
}

const ours = [];
const theirs = { eager: [], compiled: [] };
for (let k = 0; k < Number(repeats); k++) {
  ours.push(await score({ artifact, verifyRows: 0 }));
  theirs.eager.push(torch());
  theirs.compiled.push(torch('--compile'));
}
const rate = (results) => median(results.map((result) => result.targets_per_s));
const own = median(ours.map((result) => result.time.targets_per_s));
console.log(`\nPeers on ${artifact}, chunk, ${threads} threads, ${machine()}`);
const row = (name, results) => [
  name,
  Math.round(rate(results)).toLocaleString('en-US'),
  `${(own / rate(results)).toFixed(2)} x`,
  results[0].val_loss.toFixed(8),
];
table(
  ['evaluator', 'targets/s (median)', 'ours over it', 'val_loss'],
  [
    ['bpb score', Math.round(own).toLocaleString('en-US'), '', ours[0].score.val_loss.toFixed(8)],
    row(`PyTorch ${theirs.eager[0].torch} eager`, theirs.eager),
    row('PyTorch compiled', theirs.compiled),
  ],
);

function torch(...flags) {
  const args = [script, artifact, '--threads', String(threads), ...flags];
  const run = spawnSync(python, args, { encoding: 'utf8' });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout.trim().split('\n').at(-1));
}
