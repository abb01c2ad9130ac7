/** What a model of models/train has to compute, and how fast this machine multiplies matrices. */
import { availableParallelism } from 'node:os';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { loadAddon } from '../../dist/engine/addon.js';
import { readModel } from '../../dist/onnx/reader.js';
import { ENTRY, MODEL } from '../../dist/onnx/schema.js';
import { onnxModel } from '../../dist/onnx/writer.js';

/** The `Config` of models/train/config.py that an exported graph carries. */
export function configOf(graph) {
  for (const entry of readModel(graph).children(MODEL.metadata_props)) {
    if (entry.string(ENTRY.key) === 'config') return JSON.parse(entry.string(ENTRY.value));
  }
  throw new Error('the graph has no `config` among its metadata: models/train did not export it');
}

/**
 * Multiplications and additions that one row of `seqLen` tokens needs: the products by weights, and attention
 * for a query with the keys up to its own. What an evaluator computes above the diagonal does not count.
 */
export function operationsOfRow({ layers, dim, heads, kv_heads, mlp, vocab }, seqLen) {
  const columns = dim + (2 * kv_heads * dim) / heads + dim + 2 * mlp * dim;
  const products = 2 * seqLen * dim * (layers * columns + vocab);
  const pairs = (seqLen * (seqLen + 1)) / 2;
  return products + layers * 4 * dim * pairs; // q kᵀ and weights · v, 2 dim each over all heads
}

const PRODUCT = { rows: 1024, inner: 512, width: 1024 };

/**
 * Operations a second of the operator Product on one core, the best of a few; undefined where the CPU has no
 * AMX. A host that shares a core's matrix unit with another guest shows in how much it differs from call to call.
 */
export function productRate() {
  const { addon } = loadAddon();
  if (!addon.operators('cpu').includes('Product')) return undefined;
  const { rows, inner, width } = PRODUCT;
  const numbers = (count) => Float32Array.from({ length: count }, (_, i) => Math.sin(1.7 * i));
  const x = numbers(rows * inner);
  const weights = numbers(inner * width);
  return (2 * rows * inner * width) / addon.product({ ...PRODUCT, x, weights, repeats: 8 }).seconds;
}

const SIDE = 2048;
const RUNS = 4;

/** Operations a second of ONNX Runtime's MatMul in fp32 on all cores, the best of several. */
export async function sgemmPeak() {
  const data = Float32Array.from({ length: SIDE * SIDE }, (_, i) => ((i * 7919) % 64) / 64 - 0.5);
  const dims = [SIDE, SIDE];
  const bytes = onnxModel({
    nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: ['y'], attributes: {} }],
    initializers: [{ name: 'w', type: 'float32', dims, data }],
    inputs: [{ name: 'x', type: 'float32', dims }],
    outputs: [{ name: 'y', type: 'float32', dims }],
    opset: 18,
  });
  const session = await InferenceSession.create(Buffer.from(bytes), {
    intraOpNumThreads: availableParallelism(),
    interOpNumThreads: 1,
  });
  const x = new Tensor('float32', data, dims);
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 1 + RUNS; run++) {
    const start = performance.now();
    const { y } = await session.run({ x });
    best = Math.min(best, (performance.now() - start) / 1e3);
    y.dispose();
  }
  await session.release();
  return (2 * SIDE ** 3) / best;
}
