/**
 * A small model of bytes with what `--optimize` looks for: means over earlier positions, an MLP
 * behind an RMSNorm, and a softcap if wanted.
 */
import type { Dim } from '#bpb/onnx/port';
import { onnxModel } from '#bpb/onnx/writer';
import { GraphBuilder } from './graph-builder.js';
import { VOCABULARY } from './score-fixture.js';

const WIDTH = 16;
/** Rows may be this long. */
const LONGEST = 64;

export function languageModel(
  options: { cap?: number; dims?: readonly [Dim, Dim]; broken?: number } = {},
): Uint8Array {
  const { cap, dims = ['batch', 'time'], broken } = options;
  const g = new GraphBuilder();
  const table = g.weights([VOCABULARY, WIDTH], 1);
  const x = g.op('Gather', [table, 'input_ids']);
  // Row i of the triangle: a fifth of every position up to i; cut to the time of the batch.
  const triangle = Array.from({ length: LONGEST ** 2 }, (_, k) =>
    k % LONGEST <= Math.floor(k / LONGEST) ? 0.2 : 0,
  );
  const time = g.op('Gather', [g.op('Shape', ['input_ids']), g.ints([1])], { axis: { int: 0 } });
  const ends = g.op('Concat', [time, time], { axis: { int: 0 } });
  const cut = g.op('Slice', [g.floats(triangle, [LONGEST, LONGEST]), g.ints([0, 0]), ends]);
  const mixed = g.op('Add', [x, g.op('MatMul', [cut, x])]);
  const normal = g.op('RMSNormalization', [mixed, g.weights([WIDTH])], { axis: { int: -1 } });
  const up = g.op('Relu', [g.op('MatMul', [normal, g.weights([WIDTH, 2 * WIDTH])])]);
  const hidden = g.op('Add', [mixed, g.op('MatMul', [up, g.weights([2 * WIDTH, WIDTH])])]);
  let z = g.op('MatMul', [hidden, g.weights([WIDTH, VOCABULARY])]);
  if (broken !== undefined) z = g.op('Add', [z, hole(g, broken)]);
  if (cap !== undefined) {
    z = g.op('Mul', [g.op('Tanh', [g.op('Div', [z, g.scalar(cap)])]), g.scalar(cap)]);
  }
  g.op('Identity', [z], {}, 'logits');
  return onnxModel({
    nodes: g.nodes,
    initializers: g.initializers,
    inputs: [{ name: 'input_ids', type: 'int64', dims }],
    outputs: [{ name: 'logits', type: 'float32', dims: [...dims, VOCABULARY] }],
    opset: 23,
  });
}

/** NaN for every logit after the token `id`, else 0: `[batch, time, 1]`. */
function hole(g: GraphBuilder, id: number): string {
  const values = Float32Array.from({ length: VOCABULARY }, (_, k) => (k === id ? Number.NaN : 0));
  return g.op('Gather', [g.floats(values, [VOCABULARY, 1]), 'input_ids']);
}
