/**
 * Against other evaluators of ONNX exports: the same models, documents and rows, one run, in turn.
 *
 *   node bench/peers/onnx.mjs FOLDER [REPEATS]
 *
 * BPB_EXPORT_PYTHONS names the Pythons that have the tools, separated by colons; FOLDER keeps the models.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { score } from '../../dist/index.js';
import { machine, median, table } from '../lib/print.mjs';

const [folder, repeats = '1'] = process.argv.slice(2);
const pythons = (process.env.BPB_EXPORT_PYTHONS ?? 'python3').split(':');
const script = fileURLToPath(new URL('./onnx_peers.py', import.meta.url));
/** As in onnx_peers.py. */
const TIME = 512;
const PEERS = ['lm-eval onnxruntime', 'lm-eval onnxruntime-genai', 'Olive ort', 'Olive ortgenai'];

const runs = pythons.map((python) => [python, spawnSync(python, [script, 'make', folder], UTF8())]);
for (const [python, { status, stderr }] of runs) {
  if (status !== 0) console.error(`${python}: ${stderr.slice(-500)}`);
}
console.log(`\nPeers on ONNX exports, ${machine()}`);
for (const model of ['builder', 'optimum', 'convolution']) {
  const artifact = join(folder, model, 'model.onnx');
  if (!existsSync(artifact)) {
    console.log(`${model}: skipped, none of the Pythons has its exporter`);
    continue;
  }
  await compare(model, artifact);
}

async function compare(model, artifact) {
  const ours = [];
  const theirs = new Map(PEERS.map((peer) => [peer, []]));
  for (let k = 0; k < Number(repeats); k++) {
    ours.push(await own(artifact));
    for (const peer of PEERS) theirs.get(peer).push(peerOn(model, peer));
  }
  const time = median(ours.map(({ seconds }) => seconds));
  const rows = [...theirs].map(([peer, results]) => {
    const [{ error, bpb }] = results;
    if (error !== undefined) return [peer, error.slice(0, 110), '', '', ''];
    const seconds = median(results.map((result) => result.seconds));
    const ratio = `${(seconds / time).toFixed(1)} x`;
    return [peer, bpb.toFixed(8), (bpb - ours[0].bpb).toExponential(1), seconds.toFixed(2), ratio];
  });
  const own_ = ['bpb score', ours[0].bpb.toFixed(8), '', time.toFixed(2), ''];
  console.log(`\n${model}`);
  table(['evaluator', 'bpb', 'difference', 'seconds', 'over ours'], [own_, ...rows]);
}

async function own(artifact) {
  const docs = join(folder, 'docs.jsonl');
  const window = { window: 'document', seqLen: TIME };
  const options = { artifact, tokenizer: 'byte260', docs, ...window, verifyRows: 0 };
  const result = await score(options);
  return { bpb: result.score.val_bpb, seconds: result.time.score_s };
}

/** The first of the Pythons whose peer scores the model; else why the last one does not. */
function peerOn(model, peer) {
  let found = { error: 'not installed' };
  for (const python of pythons) {
    const { stdout } = spawnSync(python, [script, 'score', folder, model, peer], UTF8());
    found = JSON.parse(stdout.trim().split('\n').at(-1));
    if (found.error === undefined) return { ...found, bpb: found.nats / Math.LN2 / found.bytes };
    if (!found.error.startsWith('ModuleNotFoundError')) return found;
  }
  return found;
}

function UTF8() {
  return { encoding: 'utf8', maxBuffer: 1 << 26 };
}
