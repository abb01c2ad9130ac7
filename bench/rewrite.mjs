/**
 * What the rewrite of `--optimize` does to the time of a batch on the CPU, by its options: processor time of
 * one session of one thread, which others on the machine disturb less than the clock, best of several in turn.
 *
 *   node bench/rewrite.mjs [ARTIFACT|MODEL.onnx] [--seq-len 512] [--stride 64] [--rows 2] [--runs 8]
 */
import { parseArgs } from 'node:util';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { loadArtifact } from '../dist/index.js';
import { optimize } from '../dist/onnx/optimize/optimize.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'seq-len': { type: 'string', default: '512' },
    stride: { type: 'string', default: '64' },
    rows: { type: 'string', default: '2' },
    runs: { type: 'string', default: '8' },
  },
});
const [seqLen, stride, rows, runs] = [
  values['seq-len'],
  values.stride,
  values.rows,
  values.runs,
].map(Number);
const { model } = await loadArtifact(positionals[0] ?? 'models/sotu-8x256');
const original = Buffer.from(model.bytes);

/** Name, and what a session of it is fed beside the ids. */
const variants = [['original', original, null]];
for (const attention of ['standard', 'kept']) {
  for (const scoredPositions of [false, true]) {
    const options = { precision: 'fp32', seqLen, attention, scoredPositions };
    const { bytes, scoredInput } = optimize(original, {
      ...options,
      tokensInput: model.tokens,
      logitsOutput: model.logits,
    });
    const name = `attention ${attention === 'standard' ? 'fused' : 'kept'}${scoredInput ? ', scored positions' : ''}`;
    variants.push([name, Buffer.from(bytes), scoredInput]);
  }
}
const vocabulary = Number(
  model.graph.outputs.find(({ name }) => name === model.logits).dims.at(-1),
);
const int64 = (list, dims) => new Tensor('int64', BigInt64Array.from(list, BigInt), dims);
const ids = int64(
  Array.from({ length: rows * seqLen }, (_, k) => (k * 7919) % vocabulary),
  [rows, seqLen],
);
const scored = Array.from({ length: rows * stride }, (_, k) => {
  return (Math.floor(k / stride) + 1) * seqLen - stride + (k % stride);
});
const sessions = await Promise.all(
  variants.map(([, bytes]) =>
    InferenceSession.create(bytes, {
      intraOpNumThreads: 1,
      interOpNumThreads: 1,
      extra: { session: { disable_quant_qdq: '1' } },
    }),
  ),
);
const best = variants.map(() => Number.POSITIVE_INFINITY);
for (let run = 0; run < runs; run++) {
  for (const [v, [, , scoredInput]] of variants.entries()) {
    const feeds = { [model.tokens]: ids };
    if (scoredInput) feeds[scoredInput] = int64(scored, [scored.length]);
    const before = process.cpuUsage();
    const results = await sessions[v].run(feeds);
    const { user, system } = process.cpuUsage(before);
    best[v] = Math.min(best[v], (user + system) / 1000);
    results[model.logits].dispose();
  }
}
for (const [v, [name]] of variants.entries()) {
  console.log(
    `${name.padEnd(34)} ${best[v].toFixed(0).padStart(6)} ms  ${(best[0] / best[v]).toFixed(2)}`,
  );
}
