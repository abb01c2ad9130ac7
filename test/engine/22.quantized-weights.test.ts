/**
 * Quantized weights: the weights may be int8 or int4, the activations never.
 *
 * By default ONNX Runtime rewrites DequantizeLinear + MatMul into a product with int8 activations;
 * the engines' session settings keep it in fp32.
 */

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { rowNats } from '#bpb/engine/softmax';
import { onnxModel } from '#bpb/onnx/writer';
import { fullBatch, openEngine } from '../helpers/engines.js';
import { normals, uniform } from '../helpers/models.js';

const depth = 128;
const vocabulary = 64;
const ids = 30;
const block = 32;
const embedding = normals(ids * depth, 21);
const next = uniform(22);
const codes = Int8Array.from({ length: depth * vocabulary }, () => Math.floor(next() * 255) - 127);
const scales = Float32Array.from(
  { length: (depth / block) * vocabulary },
  () => 0.001 + 0.002 * next(),
);

/** logits = embedding[id] · dequantized(codes), quantized in blocks along the depth. */
const model = onnxModel({
  nodes: [
    { op: 'Gather', inputs: ['embedding', 'input_ids'], outputs: ['x'] },
    {
      op: 'DequantizeLinear',
      inputs: ['codes', 'scales'],
      outputs: ['weights'],
      attributes: { axis: { int: 0 }, block_size: { int: block } },
    },
    { op: 'MatMul', inputs: ['x', 'weights'], outputs: ['logits'] },
  ],
  inputs: [{ name: 'input_ids', type: 'int64', dims: ['b', 't'] }],
  outputs: [{ name: 'logits', type: 'float32', dims: ['b', 't', vocabulary] }],
  initializers: [
    { name: 'embedding', type: 'float32', dims: [ids, depth], data: embedding },
    { name: 'codes', type: 'int8', dims: [depth, vocabulary], data: codes },
    { name: 'scales', type: 'float32', dims: [depth / block, vocabulary], data: scales },
  ],
});

/** Logits after token `id` in float64. */
function exactLogits(id: number): Float64Array {
  const logits = new Float64Array(vocabulary);
  for (let v = 0; v < vocabulary; v++) {
    for (let k = 0; k < depth; k++) {
      const weight = codes[k * vocabulary + v]! * scales[Math.floor(k / block) * vocabulary + v]!;
      logits[v]! += embedding[id * depth + k]! * weight;
    }
  }
  return logits;
}

describe.each(['onnx-cpu', 'onnx-js'] as const)('%s', (name) => {
  test.each([true, false])('computes in fp32, optimize %s', async (optimize) => {
    const engine = await openEngine(name, model, { optimize });
    const batch = fullBatch(
      [Array.from({ length: ids }, (_, id) => id)],
      [Array.from({ length: ids }, (_, id) => (id * 7) % vocabulary)],
    );
    const { nats } = await engine.score(batch);
    for (const [k, value] of nats.entries()) {
      const exact = rowNats(Float32Array.from(exactLogits(k)), batch.targets[k]!, null);
      expect(Math.abs(value - exact)).toBeLessThan(1e-5);
    }
    await engine.close();
  });
});

test('without the settings the trap is there', async () => {
  const session = await InferenceSession.create(model);
  const feed = BigInt64Array.from({ length: ids }, (_, id) => BigInt(id));
  const results = await session.run({ input_ids: new Tensor('int64', feed, [1, ids]) });
  const logits = results['logits']!.data as Float32Array;
  let worst = 0;
  for (let id = 0; id < ids; id++) {
    for (const [v, exact] of exactLogits(id).entries()) {
      worst = Math.max(worst, Math.abs(logits[id * vocabulary + v]! - exact));
    }
  }
  // Should this fail, ONNX Runtime has changed its default, and the settings can be thought over.
  expect(worst).toBeGreaterThan(1e-3);
  await session.release();
});
