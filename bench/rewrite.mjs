/**
 * What the parts of `--optimize` do to the time of a batch on the CPU in fp32: processor time of one session of one
 * thread, which others on the machine disturb less than the clock, best and median of several in turn, and the
 * difference of the losses.
 *
 *   node bench/rewrite.mjs [ARTIFACT|MODEL.onnx] [--seq-len 512] [--stride 64] [--rows 8] [--runs 14]
 *
 * The last two lines score the last `stride` positions of each row alone, as sliding windows do.
 */
import { parseArgs } from 'node:util';
import { loadAddon } from '../dist/engine/addon.js';
import { findRuntimeLibrary } from '../dist/engine/library.js';
import { sessionConfig } from '../dist/engine/session-config.js';
import { loadArtifact } from '../dist/index.js';
import { optimize } from '../dist/onnx/optimize/optimize.js';
import { machine, median, table } from './lib/print.mjs';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'seq-len': { type: 'string', default: '512' },
    stride: { type: 'string', default: '64' },
    rows: { type: 'string', default: '8' },
    runs: { type: 'string', default: '14' },
  },
});
const sizes = [values['seq-len'], values.stride, values.rows, values.runs];
const [seqLen, stride, rows, runs] = sizes.map(Number);
const { model } = await loadArtifact(positionals[0] ?? 'models/sotu-8x256');
const original = Buffer.from(model.bytes);
const { addon } = loadAddon();
const all = addon.operators('cpu');
const width = model.graph.outputs.find(({ name }) => name === model.logits).dims.at(-1);

/** A session and a batch for it: all targets, or the last of each row. */
async function variant(name, operators, scoredPositions) {
  const options = { precision: 'fp32', seqLen, scoredPositions, operators: new Set(operators) };
  const made =
    operators &&
    optimize(original, {
      ...options,
      attention: operators.includes('CausalAttention') ? 'causal' : 'kept',
      liftSoftcap: true,
      tokensInput: model.tokens,
      logitsOutput: model.logits,
    });
  const session = await addon.open({
    graph: {
      model: made ? Buffer.from(made.bytes) : original,
      tokens: model.tokens,
      logits: model.logits,
      rewritten: made !== null,
      positions: made?.scoredInput,
    },
    runtime: { library: findRuntimeLibrary(), threads: 1, optimize: true, config: sessionConfig() },
  });
  const count = scoredPositions ? stride : seqLen;
  const scored = Uint32Array.from({ length: rows * count }, (_, k) => {
    return (Math.floor(k / count) + 1) * seqLen - count + (k % count);
  });
  const batch = {
    rows,
    time: seqLen,
    ids: Int32Array.from({ length: rows * seqLen }, (_, k) => (k * 7919) % width),
    scored,
    positions: made?.scoredInput ? scored : undefined,
    targets: Int32Array.from(scored, (position) => (position * 31) % width),
    spanEnds: Uint32Array.of(scored.length),
    softcap: made?.softcap ?? null,
  };
  return { name, session, batch, times: [], nats: null };
}

const variants = [
  await variant('exported', null, false),
  await variant('rewritten, no operators of our own', [], false),
];
const withoutProduct = all.filter((name) => name !== 'Product');
variants.push(await variant('with our own', withoutProduct, false));
if (all.includes('Product')) variants.push(await variant('with Product too', all, false));
variants.push(await variant('whole queries, head of scored positions', [], true));
variants.push(await variant('with our own, queries of scored positions', all, true));

for (let run = 0; run < runs; run++) {
  for (const each of variants) {
    const before = process.cpuUsage();
    const { nats } = await each.session.score(each.batch);
    const { user, system } = process.cpuUsage(before);
    each.times.push((user + system) / 1000);
    each.nats ??= nats;
  }
}
const [exported] = variants;
const best = (each) => Math.min(...each.times);
console.log(
  `\nRewrites of ${positionals[0] ?? 'models/sotu-8x256'}, ${rows} x ${seqLen}, ${machine()}`,
);
table(
  [
    'variant',
    'best, ms',
    'median, ms',
    'exported over it (best, median)',
    'mean nats',
    'mean size',
  ],
  variants.map((each) => [
    each.name,
    best(each).toFixed(0),
    median(each.times).toFixed(0),
    `${(best(exported) / best(each)).toFixed(2)}, ${(median(exported.times) / median(each.times)).toFixed(2)}`,
    ...differences(each),
  ]),
);
await Promise.all(variants.map(({ session }) => session.close()));

/** Mean of what a variant's losses are above the exported graph's, with and without its sign. */
function differences({ nats, batch }) {
  let [sum, size] = [0, 0];
  for (const [k, value] of nats.entries()) {
    const difference = value - exported.nats[batch.scored[k]];
    sum += difference;
    size += Math.abs(difference);
  }
  return [sum, size].map((total) => (total / nats.length).toExponential(1));
}
