/**
 * Speed of the CPU's causal attention on one core, against matrix products of ONNX Runtime in the same process.
 *
 *     npm run build && node bench/attention.mjs [repeats]
 *
 * Operations are those that the mask leaves: 4 x head size for each pair of a query and a key that it may read.
 * Seconds are the process's CPU time, the least of all repeats; product and attention run in turn, so that what
 * else the machine does meets both. `floor` is the time of the same operations at the products' speed.
 */

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { loadAddon } from '../dist/engine/addon.js';
import { onnxModel } from '../dist/onnx/writer.js';

const repeats = Number(process.argv[2] ?? 40);
const native = loadAddon();
if ('reason' in native) {
  console.error(native.reason);
  process.exit(4);
}
const { addon } = native;

/** Rows, positions of a row, query heads, key heads, head size. */
const shapes = [
  [2, 512, 4, 2, 64],
  [1, 1024, 8, 4, 64],
  [2, 512, 8, 8, 64],
  [1, 1024, 16, 16, 64],
  [2, 512, 4, 4, 128],
  [2, 512, 8, 2, 96],
  [2, 512, 8, 8, 32],
  [16, 64, 4, 2, 64],
];

/** Values of about N(0, 1). */
function normals(count) {
  return Float32Array.from({ length: count }, (_, i) => {
    const u = (Math.imul(i + 1, 0x9e3779b1) >>> 8) / 2 ** 24;
    const v = (Math.imul(i + 1, 0x85ebca6b) >>> 8) / 2 ** 24;
    return Math.sqrt(-2 * Math.log(1 - u)) * Math.cos(2 * Math.PI * v);
  });
}

/** Seconds of CPU time. */
async function seconds(run) {
  const start = process.cpuUsage();
  await run();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

/** A product of a layer's size, on one thread. */
async function product() {
  const [rows, depth, width] = [1024, 512, 1536];
  const model = onnxModel({
    nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
    inputs: [{ name: 'x', type: 'float32', dims: [rows, depth] }],
    outputs: [{ name: 'y', type: 'float32', dims: [rows, width] }],
    initializers: [
      { name: 'w', type: 'float32', dims: [depth, width], data: normals(depth * width) },
    ],
  });
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1 });
  const x = new Tensor('float32', normals(rows * depth), [rows, depth]);
  return { run: () => session.run({ x }), operations: 2 * rows * depth * width };
}

const sgemm = await product();
const table = [];
for (const [rows, time, qHeads, kvHeads, size] of shapes) {
  const cells = rows * time * size;
  const [q, k, v] = [qHeads, kvHeads, kvHeads].map((heads) => normals(cells * heads));
  const shape = { rows, time, qHeads, kvHeads, scale: size ** -0.5, threads: 1 };
  const operations = (rows * qHeads * time * (time + 1) * 4 * size) / 2;
  const times = Object.fromEntries(addon.instructionSets().map((isa) => [isa, Infinity]));
  let best = Infinity;
  for (let i = 0; i < repeats; i++) {
    best = Math.min(best, await seconds(sgemm.run));
    for (const isa of Object.keys(times)) {
      const run = () => addon.causalAttention({ q, k, v, ...shape, isa });
      times[isa] = Math.min(times[isa], await seconds(run));
    }
  }
  const limit = sgemm.operations / best;
  for (const [isa, least] of Object.entries(times).toReversed()) {
    table.push({
      rows,
      time,
      heads: `${qHeads}/${kvHeads}`,
      size,
      isa,
      ms: (1e3 * least).toFixed(2),
      'floor ms': ((1e3 * operations) / limit).toFixed(2),
      'GFLOP/s': (operations / least / 1e9).toFixed(1),
      'sgemm GFLOP/s': (limit / 1e9).toFixed(1),
      share: `${((100 * operations) / least / limit).toFixed(0)} %`,
    });
  }
}
console.log(`causal attention, one core, best of ${repeats}`);
console.table(table);
