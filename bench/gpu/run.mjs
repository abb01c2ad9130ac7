/**
 * End to end on a GPU: targets a second of `bpb score`, as exported and with `--optimize`, and of
 * PyTorch on the same weights and tokens, in turn, in one run; and the batch sizes to choose from.
 *
 *   python3 bench/gpu/make_models.py DIR && node bench/gpu/run.mjs DIR OUT [--ort-lib DIR] [--shapes a,b]
 *     [--chunk-tokens N] [--sliding-tokens N] [--device cuda:0] [--batch-tokens a,b,c]
 *
 * Writes OUT/end-to-end.json, every run as it was, and OUT/end-to-end.md. PYTHON names the peer's
 * python; without torch there the peer's rows say so.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { score } from '../../dist/index.js';
import { writeTokens } from './data.mjs';
import { artifact, SHAPES } from './models.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'ort-lib': { type: 'string' },
    shapes: { type: 'string', default: 'baseline-9x512,wide-11x512' },
    'chunk-tokens': { type: 'string', default: '30000000' },
    'sliding-tokens': { type: 'string', default: '2000000' },
    'batch-tokens': { type: 'string', default: '16384,32768,65536,131072,262144' },
    device: { type: 'string', default: 'cuda:0' },
  },
});
const [models, out] = positionals;
const python = process.env.PYTHON ?? 'python3';
const peer = fileURLToPath(new URL('./peer.py', import.meta.url));
const onGpu = values.device !== 'cpu';
const runs = [];

/** One score of ours; a failure is a row of its own, not the end. */
async function ours(shape, window, shard, more = {}) {
  const variant = more.optimize ? `optimize ${more.precision}` : 'exported';
  const row = { who: 'bpb', shape, variant, window, ...more };
  try {
    const stride = window === 'sliding' ? { stride: 64 } : {};
    const options = {
      artifact: artifact(models, shape),
      data: [shard],
      window,
      ...stride,
      seqLen: SHAPES[shape].seqLen,
    };
    const place = { device: values.device, ortLib: values['ort-lib'] };
    const result = await score({ ...options, ...place, verifyRows: 0, ...more });
    const { engine, time, score: figures, notes, totals, optimization } = result;
    const { val_loss } = figures;
    runs.push({ ...row, engine, time, val_loss, optimization, notes, targets: totals.targets });
    console.error(`${shape} ${variant} ${window}: ${Math.round(time.targets_per_s)} targets/s`);
    return time.targets_per_s;
  } catch (error) {
    runs.push({ ...row, error: `${error.code ?? ''} ${error.message} ${error.actual ?? ''}` });
    console.error(`${shape} ${variant} ${window}: ${error.message}`);
    return 0;
  }
}

function theirs(shape, precision, window, shard) {
  const device = onGpu ? 'cuda' : 'cpu';
  const args = [peer, join(models, shape), shard, window, precision, '--device', device];
  const run = spawnSync(python, args, { encoding: 'utf8', timeout: 600_000 });
  const row = { who: 'PyTorch', shape, variant: precision, window };
  if (run.status === 0) runs.push({ ...row, ...JSON.parse(run.stdout.trim().split('\n').at(-1)) });
  else runs.push({ ...row, error: (run.stderr ?? '').trim().split('\n').at(-1) || 'no answer' });
  console.error(`${shape} PyTorch ${precision} ${window}: ${run.status === 0 ? 'done' : 'failed'}`);
}

for (const shape of values.shapes.split(',')) {
  const folder = join(models, 'tokens');
  const { vocabulary } = SHAPES[shape];
  for (const window of ['chunk', 'sliding']) {
    const count = Number(values[`${window}-tokens`]);
    const shard = await writeTokens(
      folder,
      `fineweb_val_${shape}-${window}_000000`,
      count,
      vocabulary,
    );
    if (window === 'chunk') {
      // The batch size for the table in src/engine/cuda/batch-shapes.ts.
      for (const size of values['batch-tokens'].split(',')) {
        const batchTokens = Number(size);
        await ours(shape, window, shard, { optimize: true, precision: 'fp16', batchTokens });
      }
    }
    await ours(shape, window, shard);
    for (const precision of onGpu ? ['fp32', 'tf32', 'fp16'] : ['fp32', 'fp16']) {
      await ours(shape, window, shard, { optimize: true, precision });
    }
    const two = { optimize: true, precision: 'fp16', workers: 2 };
    if (onGpu) await ours(shape, window, shard, two);
    for (const precision of ['fp32', 'tf32', 'fp16', 'bf16'])
      theirs(shape, precision, window, shard);
  }
}

const cell = (row) =>
  row.error ?? Math.round(row.time?.targets_per_s ?? row.targets_per_s).toLocaleString('en-US');
const proof = ({ verdict, mean_nats_difference: mean, targets }) =>
  `proof ${verdict}${mean === null ? '' : `, ${mean.toExponential(1)} nats over ${targets}`}`;
const note = (row) =>
  [
    row.batchTokens ? `batch ${row.batchTokens}` : '',
    row.workers ? `${row.workers} sessions` : '',
    row.optimization ? proof(row.optimization) : '',
    row.time
      ? `scorer ${((100 * row.time.nll_s) / (row.time.run_s + row.time.nll_s)).toFixed(1)} %`
      : '',
    row.engine ? `${row.engine.name}, ${row.engine.batch.join(' × ')}` : '',
  ]
    .filter(Boolean)
    .join(', ');
const lines = [
  '| shape | window | evaluator | variant | targets/s | val_loss | |',
  '| --- | --- | --- | --- | ---: | ---: | --- |',
  ...runs.map(
    (row) =>
      `| ${row.shape} | ${row.window} | ${row.who} | ${row.variant} | ${cell(row)} | ${row.val_loss?.toFixed(6) ?? ''} | ${note(row)} |`,
  ),
];
mkdirSync(out, { recursive: true });
writeFileSync(join(out, 'end-to-end.json'), `${JSON.stringify(runs, null, 1)}\n`);
writeFileSync(join(out, 'end-to-end.md'), `${lines.join('\n')}\n`);
console.log(lines.join('\n'));
