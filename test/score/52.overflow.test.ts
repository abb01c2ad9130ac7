/** Activations beyond fp16 inside each operator of our own: refused with the way out, or caught by the proof. */
import { describe, expect, test } from 'vitest';
import type { OwnOperator } from '#bpb/onnx/optimize/own-operators';
import { score } from '#bpb/score/score';
import { byteModel, lookup } from '../helpers/byte-models.js';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import { normals } from '../helpers/models.js';
import { refusalOf } from '../helpers/refusal.js';
import { scoreFixture, VOCABULARY } from '../helpers/score-fixture.js';

const WIDTH = 16;
const options = {
  tokenizer: 'byte260',
  window: 'chunk',
  seqLen: 16,
  tail: 'score',
  device: 'cpu',
  optimize: true,
} as const;

/** Logits of hidden states, small enough not to leave fp16 by themselves. */
function head(g: GraphBuilder, x: string): string {
  return g.op('MatMul', [x, g.floats(normals(WIDTH * VOCABULARY, 5), [WIDTH, VOCABULARY])]);
}

const hidden = (g: GraphBuilder, size: number, seed = 1) =>
  lookup(g, normals(VOCABULARY * WIDTH, seed, size), 'input_ids', WIDTH);

const CASES: readonly (readonly [OwnOperator, string, (g: GraphBuilder) => string])[] = [
  [
    'SumNorm',
    'sum-norm',
    (g) => {
      // Each term is within fp16, and their sum is beyond it where it is stored for a later use.
      const sum = g.op('Add', [hidden(g, 20_000), hidden(g, 20_000)]);
      const gain = g.floats(new Float32Array(WIDTH).fill(1));
      const norm = g.op('SimplifiedLayerNormalization', [sum, gain], { axis: { int: -1 } });
      return head(g, g.op('Add', [norm, g.op('Mul', [sum, g.scalar(1e-4)])]));
    },
  ],
  [
    'SquaredRelu',
    'squared-relu',
    (g) => {
      const relu = g.op('Relu', [hidden(g, 1000)]);
      return g.op('Mul', [head(g, g.op('Mul', [relu, relu])), g.scalar(1e-6)]);
    },
  ],
  [
    'SwiGlu',
    'swiglu',
    (g) => {
      const gate = hidden(g, 1000);
      const up = hidden(g, 1000, 2);
      const activated = g.op('Mul', [gate, g.op('Sigmoid', [gate])]);
      return g.op('Mul', [head(g, g.op('Mul', [activated, up])), g.scalar(1e-6)]);
    },
  ],
];

describe.each(CASES)('%s', (_, rewrite, build) => {
  test('fp32 is proved, and fp16 refused with its name and the way out', async () => {
    const w = await scoreFixture({ model: byteModel(build) });
    const given = { ...options, artifact: w.model, docs: w.docs };
    const { optimization } = await score({ ...given, precision: 'fp32' });
    expect(optimization!.verdict).toBe('pass');
    expect(optimization!.rewrites.map(({ name }) => name)).toContain(rewrite);
    const error = await refusalOf(() => score({ ...given, precision: 'fp16' }));
    expect(error).toMatchObject({ code: 'BPB_NAN_LOGITS', exitCode: 3 });
    expect(error.hint).toMatch(/fp16, which ends at 65504.*--precision fp32/);
  });
});

test('an overflow that a Tanh makes 1 of leaves the logits finite: the proof catches it', async () => {
  const model = byteModel((g) => {
    const relu = g.op('Relu', [hidden(g, 400)]);
    const small = g.op('Mul', [g.op('Mul', [relu, relu]), g.scalar(1e-5)]);
    return head(g, g.op('Tanh', [small]));
  });
  const w = await scoreFixture({ model });
  const given = { ...options, artifact: w.model, docs: w.docs };
  const { optimization } = await score({ ...given, precision: 'fp32' });
  expect(optimization!.verdict).toBe('pass');
  const result = await score({ ...given, precision: 'fp16' });
  expect(result.optimization!.verdict).toBe('fail');
  expect(result.score.val_bpb).toBeNull();
  const found = result.findings.find(({ id }) => id === 'optimization-failed');
  expect(found!.hint).toMatch(/--precision fp32/);
});
