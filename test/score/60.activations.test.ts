/**
 * What a graph does to its activations, in a score: a model that quantizes over the whole batch has no
 * number, at any batch size; one that rounds by fixed scales has, and so have quantized weights.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ScoreOptions } from '#bpb/evaluation/options';
import { onnxModel } from '#bpb/onnx/writer';
import { probe } from '#bpb/probes/probe';
import { score } from '#bpb/score/score';
import { byteGraph, byteModel, lookup, table } from '../helpers/byte-models.js';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import { normals } from '../helpers/models.js';
import { scoreFixture, VOCABULARY } from '../helpers/score-fixture.js';
import { sharedCase } from '../helpers/shared-data.js';

const WINDOW = { tokenizer: 'byte260', window: 'chunk', seqLen: 32, tail: 'score' } as const;

/** The table model behind what `quantize_dynamic` puts before a product: uint8 and back. */
function quantized(g: GraphBuilder): string {
  g.nodes.push({
    op: 'DynamicQuantizeLinear',
    inputs: [table(g)],
    outputs: ['codes', 'scale', 'zero'],
  });
  return g.op('DequantizeLinear', ['codes', 'scale', 'zero']);
}

describe('quantize_dynamic', () => {
  test.each<[string, Partial<ScoreOptions>]>([
    ['by default', {}],
    ['with one row a batch, where it verifies', { batchTokens: 32 }],
    ['unverified', { verifyRows: 0 }],
    ['by the JavaScript engine', { engine: 'onnx-js' }],
    ['optimized', { optimize: true }],
  ])('%s: no headline, the node and the way out', async (_, over) => {
    const w = await scoreFixture({ model: byteModel(quantized) });
    const result = await score({ ...WINDOW, artifact: w.model, docs: w.docs, ...over });
    expect(result.status).toBe('withheld');
    expect(result.score).toMatchObject({ val_bpb: null, stderr_bpb: null, ci95_bpb: null });
    expect(result.score.val_loss).toBeGreaterThan(0);
    const [first, ...others] = result.findings;
    expect(first).toMatchObject({ id: 'batch-dependent', severity: 'fail', accepted: false });
    expect(first!.message).toContain('1 node: DynamicQuantizeLinear (codes)');
    expect(first!.hint).toMatch(/weights only .*matmul_nbits_quantizer .*quantize_static/);
    for (const { hint } of others) expect(hint ?? '').not.toContain('bpb probe');
  });

  test('--strict: the probes that fail name the graph as the reason', async () => {
    const w = await scoreFixture({ model: byteModel(quantized) });
    const result = await score({
      ...WINDOW,
      artifact: w.model,
      docs: w.docs,
      strict: true,
      seed: 1,
    });
    expect(result.findings.map(({ id }) => id).slice(0, 2)).toEqual([
      'batch-dependent',
      'probes-failed',
    ]);
    const failed = result.probes!.filter(({ verdict }) => verdict === 'fail');
    expect(failed.map(({ name }) => name)).toContain('graph');
    expect(failed.find(({ name }) => name === 'graph')!.note).toContain('DynamicQuantizeLinear');
    for (const { name, note } of failed) {
      if (name !== 'graph') expect(note, name).toMatch(/^follows from what the graph probe names/);
    }
  });

  test('probe: the cause is a finding, as in a score', async () => {
    const w = await scoreFixture({ model: byteModel(quantized) });
    const { tail: _, ...window } = WINDOW;
    const report = await probe({ ...window, artifact: w.model, seed: 1 });
    expect(report.verdict).toBe('fail');
    expect(report.findings).toMatchObject([{ id: 'batch-dependent', severity: 'fail' }]);
    expect(report.verdicts[0]).toMatchObject({ name: 'graph', verdict: 'fail' });
  });

  const folder = sharedCase('dynamic-quant');
  const absent = folder === null ? ' (the shared cases are not there)' : '';
  test.skipIf(folder === null).each(['verify-passes', 'verify-fails'])(
    `case %s${absent}`,
    async (name) => {
      for (const batchTokens of [64, 128, undefined]) {
        const { score: figures, findings } = await score({
          artifact: join(folder!, `${name}.onnx`),
          data: [join(folder!, 'fineweb_val_000000.bin')],
          tokenizer: 'byte260',
          window: 'chunk',
          seqLen: 64,
          batchTokens,
        });
        expect(figures.val_bpb).toBeNull();
        expect(findings[0]!.message).toMatch(/nodes?: DynamicQuantizeLinear \(/);
      }
    },
  );
});

test('a batch normalization in training mode is named, with how to export instead', async () => {
  const graph = byteGraph((g) => {
    const x = g.transpose(table(g), [0, 2, 1]);
    const ones = g.floats(new Float32Array(260).fill(1));
    const zeros = g.floats(new Float32Array(260));
    const training = { training_mode: { int: 1 } };
    const outputs = ['normal', 'mean', 'variance'];
    g.nodes.push({
      op: 'BatchNormalization',
      inputs: [x, ones, zeros, zeros, ones],
      outputs,
      attributes: training,
    });
    return g.transpose('normal', [0, 2, 1]);
  });
  const w = await scoreFixture();
  writeFileSync(w.model, onnxModel(graph));
  const { findings, score: figures } = await score({ ...WINDOW, artifact: w.model, docs: w.docs });
  expect(figures.val_bpb).toBeNull();
  expect(findings[0]!.message).toContain('BatchNormalization (normal)');
  expect(findings[0]!.hint).toContain('model.eval()');
});

describe('a number stands, and what it is of is said', () => {
  const WIDTH = 32;
  /** A table of 32 wide rows, and a product of it by int8 weights. */
  const product = (g: GraphBuilder, rounded: boolean): string => {
    const x = lookup(g, normals(VOCABULARY * WIDTH, 5), 'input_ids', WIDTH);
    const codes = normals(WIDTH * VOCABULARY, 6, 30).map(Math.round);
    const data = Int8Array.from(codes);
    g.initializers.push({ name: 'codes', type: 'int8', dims: [WIDTH, VOCABULARY], data });
    const weights = g.op('DequantizeLinear', ['codes', g.scalar(0.01)]);
    if (!rounded) return g.op('MatMul', [x, weights]);
    const scale = g.scalar(0.03);
    const activations = g.op('QuantizeLinear', [x, scale], {}, 'rounded');
    return g.op('MatMul', [g.op('DequantizeLinear', [activations, scale]), weights]);
  };
  const found = async (rounded: boolean, over: Partial<ScoreOptions> = {}) => {
    const w = await scoreFixture({ model: byteModel((g) => product(g, rounded)) });
    return score({ ...WINDOW, artifact: w.model, docs: w.docs, ...over });
  };

  test.each<[string, Partial<ScoreOptions>]>([
    ['onnx-cpu', {}],
    ['onnx-js', { engine: 'onnx-js' }],
    ['optimized', { optimize: true }],
  ])('weights alone are quantized: a note, %s', async (_, over) => {
    const { status, findings } = await found(false, over);
    expect(status).toBe('scored');
    const own = findings.find(({ id }) => id === 'weight-only');
    expect(own).toMatchObject({ severity: 'note' });
    expect(own!.message).toContain('1 product with quantized weights');
  });

  test('activations are rounded by a fixed scale: a warning that names the node', async () => {
    const { status, findings } = await found(true);
    expect(status).toBe('scored');
    const own = findings.find(({ id }) => id === 'rounded-activations');
    expect(own).toMatchObject({ severity: 'warn' });
    expect(own!.message).toContain('1 node: QuantizeLinear (rounded)');
  });
});
