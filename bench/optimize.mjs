/**
 * `bpb score --optimize` on the CPU beside the exported graph and PyTorch, eager and compiled: the same
 * weights, rows and threads, all in turn in one run, ratios pair by pair. Beside each figure stands the share
 * of the machine's own sgemm peak, measured between the runs: operations that the mask needs over time. The rate of
 * Product on one core is printed too: where it changes during a run, others use the same matrix unit.
 *
 *   node bench/optimize.mjs [--pairs 10] [--models bundled,baseline] [--rows bundled=112,baseline=16]
 *
 * `bundled` is models/sotu-8x256 on its validation documents, `baseline` the challenge's shape of
 * bench/gpu/make_models.py with random weights and tokens. BPB_PYTHON names a Python with torch, onnx and
 * numpy; without it only the exported graph stands beside. Quiet machines only: the load is printed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sotuDocuments } from '../dist/data/sotu.js';
import { loadArtifact, loadTokenizer, score } from '../dist/index.js';
import { tokenizeDocuments } from '../dist/tokenizer/stream.js';
import { writeTokens } from './gpu/data.mjs';
import { artifact, SHAPES } from './gpu/models.mjs';
import { configOf, operationsOfRow, productRate, sgemmPeak } from './lib/operations.mjs';
import { machine, median, table } from './lib/print.mjs';
import { writeShards } from './lib/shards.mjs';
import { noTorch, torchRounds } from './lib/torch-rounds.mjs';

const { values } = parseArgs({
  options: {
    pairs: { type: 'string', default: '10' },
    models: { type: 'string', default: 'bundled,baseline' },
    rows: { type: 'string', default: 'bundled=112,baseline=16' },
  },
});
const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const rowsOf = Object.fromEntries(values.rows.split(',').map((part) => part.split('=')));
const python = process.env.BPB_PYTHON ?? 'python3';
const threads = availableParallelism();
const intel = /Intel/.test(cpus()[0].model);
const absent = noTorch(python);

/** Artifact, shard and row length of a model, made in `folder`. */
const MODELS = {
  async bundled(folder, rows) {
    const directory = at('models/sotu-8x256');
    const tokenizer = loadTokenizer(join(directory, 'tokenizer.model'));
    const { stream } = await tokenizeDocuments(sotuDocuments('val'), tokenizer, { workers: 0 });
    await writeShards(folder, rows * 512 + 1, (i) => stream.ids[i]);
    return { directory, shard: join(folder, 'fineweb_val_000000.bin'), seqLen: 512, goal: 1.15 };
  },
  async baseline(folder, rows) {
    const shape = 'baseline-9x512';
    const made = spawnSync(python, [at('bench/gpu/make_models.py'), folder, shape]);
    if (made.status !== 0) throw new Error(`make_models.py: ${made.stderr}`);
    const { seqLen, vocabulary } = SHAPES[shape];
    const shard = await writeTokens(folder, 'tokens', rows * seqLen + 1, vocabulary);
    return { directory: artifact(folder, shape), shard, seqLen, goal: 1.2 };
  },
};

console.log(`${machine()}, load ${loadavg()[0].toFixed(1)}`);
if (absent !== '') console.log(`without PyTorch: ${absent}`);
const met = [];
for (const name of values.models.split(',')) {
  const folder = mkdtempSync(join(tmpdir(), 'bpb-bench-'));
  try {
    await compare(name, await MODELS[name](folder, Number(rowsOf[name])), Number(rowsOf[name]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
console.log(`\nLoad at the end ${loadavg()[0].toFixed(1)}. Goals:`);
table(['goal', 'measured', ''], met);

/** Who is timed, by name: each gives seconds and the nats of all targets. */
function contenders({ directory, shard, seqLen }, torch) {
  const own = (options) => async () => {
    const data = { data: [shard], window: 'chunk', seqLen, tail: 'drop' };
    const result = await score({
      ...{ artifact: directory, verifyRows: 0 },
      ...data,
      ...options,
    });
    return { seconds: result.time.score_s, loss: result.score.val_loss };
  };
  const exported = { exported: own({}), '--optimize': own({ optimize: true }) };
  if (torch === undefined) return exported;
  const peer = (form) => () => torch.ask(form);
  return { ...exported, 'PyTorch eager': peer('eager'), 'PyTorch compiled': peer('compiled') };
}

async function compare(name, model, rows) {
  const { directory, shard, seqLen, goal } = model;
  const graph = (await loadArtifact(directory)).model;
  const needed = rows * operationsOfRow(configOf(graph.bytes), seqLen);
  const targets = rows * seqLen;
  const file = { model: join(directory, 'model.onnx.xz'), shard, seqLen, threads };
  const torch = absent === '' ? await torchRounds(python, file) : undefined;
  const runs = contenders(model, torch);
  const names = Object.keys(runs);
  const rounds = [];
  const products = [];
  let peak = 0;
  for (let pair = 0; pair < Number(values.pairs); pair++) {
    const round = {};
    // A round begins with another one each time, so that none always follows the same one.
    for (let k = 0; k < names.length; k++) {
      const who = names[(pair + k) % names.length];
      const { seconds, loss, nats } = await runs[who]();
      round[who] = { seconds, loss: loss ?? nats / targets };
    }
    peak = Math.max(peak, await sgemmPeak(), torch ? (await torch.ask('mm')).flops : 0);
    rounds.push(round);
    products.push(productRate());
  }
  torch?.close();
  print(name, { rounds, products, names, targets, needed, peak, goal, torch: torch?.torch });
}

function print(name, { rounds, products, names, targets, needed, peak, goal, torch }) {
  const ratios = (who, of) => rounds.map((round) => round[who].seconds / round[of].seconds);
  const spread = (list) => `${Math.min(...list).toFixed(2)} to ${Math.max(...list).toFixed(2)}`;
  const gflops = (value) => `${(value / 1e9).toFixed(0)} GFLOP/s`;
  console.log(
    `\n${name}: ${targets.toLocaleString('en-US')} targets, ${rounds.length} pairs, ${threads} threads, ` +
      `sgemm peak ${gflops(peak)}, needed ${(needed / targets / 1e6).toFixed(1)} MFLOP a target` +
      (torch === undefined ? '' : `, PyTorch ${torch}`),
  );
  if (products[0] !== undefined) {
    const rates = [Math.min(...products), median(products), Math.max(...products)].map(gflops);
    console.log(
      `Product on one core between the rounds: least ${rates[0]}, median ${rates[1]}, most ${rates[2]}`,
    );
  }
  table(
    ['evaluator', 'targets/s (median)', 'of sgemm peak', '--optimize over it', 'spread', 'loss'],
    names.map((who) => {
      const seconds = median(rounds.map((round) => round[who].seconds));
      const over = ratios(who, '--optimize');
      return [
        who,
        Math.round(targets / seconds).toLocaleString('en-US'),
        `${((100 * needed) / seconds / peak).toFixed(1)} %`,
        who === '--optimize' ? '' : median(over).toFixed(2),
        who === '--optimize' ? '' : spread(over),
        rounds[0][who].loss.toFixed(8),
      ];
    }),
  );
  const ratio = median(ratios('exported', '--optimize'));
  const off = Math.abs(rounds[0]['--optimize'].loss - rounds[0].exported.loss);
  const said = (ok) => (ok ? 'met' : 'not met');
  met.push([`${name}: ≥ ${goal} × exported`, ratio.toFixed(2), said(ratio >= goal)]);
  met.push([`${name}: within 1e-6 nats of it`, off.toExponential(1), said(off <= 1e-6)]);
  if (!names.includes('PyTorch compiled')) return;
  const compiled = median(ratios('PyTorch compiled', '--optimize'));
  met.push([
    `${name}: ≥ 1.35 × PyTorch compiled`,
    compiled.toFixed(2),
    intel ? said(compiled >= 1.35) : 'no Intel machine: not judged',
  ]);
}
