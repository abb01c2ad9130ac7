/**
 * Targets a second of `bpb score` on a GPU, from a call like a user's: model opened, data read, scored.
 *
 *   node bench/gpu/run.mjs MODELS OUT.jsonl --shape SHAPE --variant VARIANT [--windows chunk,sliding]
 *     [--purpose end-to-end] [--batch-tokens a,b,c] [--workers N] [--batches N] [--device cuda:0] [--ort-lib DIR]
 *
 * MODELS is what make_models.py wrote. VARIANT is `fp16`, `fp32` or `tf32`, with --optimize, or `exported`.
 * Appends a line to OUT.jsonl after every run, and leaves out what stands there already without an
 * error, unless BPB_GPU_AGAIN is 1. Behind the timed part of an end-to-end run one row is scored again on
 * the CPU. A run that fails is a line with an error, and so is one that this row or the proof of
 * --optimize contradicts. Exit codes: scripts/gpu/answers.mjs.
 */
import { parseArgs } from 'node:util';
import { score } from '../../dist/index.js';
import { answer, dryRun } from '../../scripts/gpu/answers.mjs';
import { addLine, readLines } from '../../scripts/gpu/lines.mjs';
import { artifact, SHAPES, STRIDE, shard } from './models.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    shape: { type: 'string' },
    variant: { type: 'string' },
    windows: { type: 'string', default: 'chunk,sliding' },
    purpose: { type: 'string', default: 'end-to-end' },
    'batch-tokens': { type: 'string' },
    workers: { type: 'string', default: '1' },
    batches: { type: 'string' },
    device: { type: 'string', default: 'cuda:0' },
    'ort-lib': { type: 'string' },
  },
});
const [models, out] = positionals;
const { shape, variant, purpose } = values;
const sessions = Number(values.workers);
const KEYS = ['who', 'shape', 'variant', 'window', 'purpose', 'batch_tokens', 'sessions'];

async function run(window, batchTokens) {
  const batches = values.batches === undefined ? undefined : Number(values.batches);
  const sliding = window === 'sliding';
  const result = await score({
    artifact: artifact(models, shape),
    data: [await shard(models, shape, window, batches)],
    window,
    ...(sliding ? { stride: STRIDE } : {}),
    seqLen: SHAPES[shape].seqLen,
    batchTokens,
    workers: sessions,
    device: values.device,
    ortLib: values['ort-lib'],
    // A runtime that computes nothing has no values to judge, and the CPU's would cost it a minute.
    verifyRows: purpose === 'end-to-end' && !dryRun ? 1 : 0,
    ...(variant === 'exported' ? {} : { optimize: true, precision: variant }),
  });
  const { engine, time, optimization, verification, notes, totals, score: figures } = result;
  const device = time.run_s + time.nll_s;
  const rows = sliding
    ? 1 + (totals.targets - SHAPES[shape].seqLen) / STRIDE
    : totals.targets / SHAPES[shape].seqLen;
  return {
    targets: totals.targets,
    input_tokens: rows * SHAPES[shape].seqLen,
    seconds: time.score_s,
    targets_per_s: time.targets_per_s,
    val_loss: figures.val_loss,
    scorer_share: device > 0 ? time.nll_s / device : null,
    ...{ engine, time, optimization, verification, notes },
  };
}

/** What contradicts the values of a run. A runtime that computes nothing has none to judge. */
function contradictions({ optimization, verification }) {
  if (dryRun) return [];
  const opinions = Object.entries({ proof: optimization, verification });
  return opinions
    .filter(([, opinion]) => opinion && !['pass', 'skipped'].includes(opinion.verdict))
    .map(
      ([name, { verdict, mean_abs_nats: size, note }]) =>
        `${name}: ${verdict}, ${note ?? `off by ${size} nats on average`}`,
    );
}

const key = (line) => JSON.stringify(KEYS.map((name) => line[name]));
const earlier = process.env.BPB_GPU_AGAIN === '1' ? [] : readLines(out);
const done = new Set(earlier.flatMap((line) => (line.error === null ? [key(line)] : [])));
const failures = [];
for (const window of values.windows.split(',')) {
  const sizes = (values['batch-tokens'] ?? String(SHAPES[shape].batchTokens)).split(',');
  for (const size of sizes.map(Number)) {
    const line = {
      who: 'bpb',
      shape,
      variant: variant === 'exported' ? 'exported fp32' : `optimize ${variant}`,
      window,
      stride: window === 'sliding' ? STRIDE : null,
      purpose,
      batch_tokens: size,
      sessions,
    };
    if (done.has(key(line))) continue;
    const what = `${shape} ${line.variant} ${window} ${size}`;
    try {
      const figures = await run(window, size);
      const error = contradictions(figures).join('; ') || null;
      addLine(out, { ...line, ...figures, error });
      console.log(`${what}: ${Math.round(figures.targets_per_s)} targets/s`);
      if (error !== null) failures.push(`${what}: ${error}`);
    } catch (error) {
      const words = `${error.code ?? ''} ${error.message} ${error.actual ?? ''}`.trim();
      addLine(out, { ...line, error: words });
      console.log(`${what}: ${words}`);
      failures.push(`${what}: ${words}`);
    }
  }
}
answer(failures);
