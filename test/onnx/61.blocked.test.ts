/** Attention in blocks of queries, as this project's own models have it, and what only looks so. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadArtifact } from '#bpb/artifact/load';
import { OnnxGraph } from '#bpb/onnx/graph';
import { optimize } from '#bpb/onnx/optimize/optimize';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { checked } from '../helpers/optimized.js';

const [T, K, G, W] = [8, 2, 2, 8];
const D = K * G * W;

interface Changes {
  edges?: number[];
  order?: number[];
  mask?: (row: number, column: number) => number;
  ones?: number;
  keysFrom?: number;
  power?: string;
}

function model(changes: Changes): Uint8Array {
  const { edges = [0, 3, 6, 8], order, ones = 1, keysFrom = 0, power = 'Exp' } = changes;
  const mask = changes.mask ?? ((row, column) => Number(column <= row));
  const g = new GraphBuilder();
  const x = g.embed(D);
  const flat = (width: number) => g.op('MatMul', [x, g.weights([D, width], 0.1)]);
  const q = g.transpose(g.reshape(flat(D), [0, 0, K, G, W]), [0, 2, 3, 1, 4]);
  const k = g.transpose(g.reshape(flat(K * W), [0, 0, K, W]), [0, 2, 3, 1]);
  const v = g.transpose(g.reshape(flat(K * W), [0, 0, K, W]), [0, 2, 1, 3]);
  const column = g.op('Expand', [g.scalar(ones), g.ints([2, K, T, 1])]);
  const beside = g.op('Concat', [v, column], { axis: { int: -1 } });
  const blocks = edges.slice(1).map((end, b) => {
    const start = edges[b]!;
    const rows = end - start;
    const queries = g.reshape(g.slice(q, 3, start, end), [-1, K, G * rows, W]);
    const scores = g.op('MatMul', [queries, g.slice(k, 3, keysFrom, keysFrom + end)]);
    const weights = g.op(power, [g.reshape(scores, [-1, K, G, rows, end])]);
    const square = Array.from({ length: rows * end }, (_, i) =>
      mask(start + Math.floor(i / end), i % end),
    );
    const masked = g.op('Mul', [weights, g.floats(square, [rows, end])]);
    const sums = g.op('MatMul', [
      g.reshape(masked, [-1, K, G * rows, end]),
      g.slice(beside, 2, 0, end),
    ]);
    const [numerator, denominator] = [`numerator${b}`, `denominator${b}`];
    g.nodes.push({
      op: 'Split',
      inputs: [sums, g.ints([W, 1])],
      outputs: [numerator, denominator],
      attributes: { axis: { int: -1 } },
    });
    return g.reshape(g.op('Div', [numerator, denominator]), [-1, K * G, rows, W]);
  });
  const ordered = order === undefined ? blocks : order.map((b) => blocks[b]!);
  const y = g.op('Concat', ordered, { axis: { int: 2 } });
  return g.model(g.reshape(g.transpose(y, [0, 2, 1, 3]), [0, 0, D]), D);
}

const KINDS = ['standard', 'gqa', 'mha'] as const;
const NAMES = ['attention', 'group-query-attention', 'multi-head-attention'];

const found = async (changes: Changes, attention: (typeof KINDS)[number] = 'standard') => {
  const { counts } = await checked(model(changes), { attention });
  return NAMES.reduce((sum, name) => sum + (counts[name] ?? 0), 0);
};

describe('blocked attention', () => {
  test.each<[string, Changes]>([
    ['a window', { mask: (i, j) => Number(j <= i && i - j < 3) }],
    ['rows that may look ahead inside their block', { mask: (_i, j) => Number(j >= 0) }],
    ['weights that fade', { mask: (i, j) => (j <= i ? 0.9 ** (i - j) : 0) }],
    ['blocks in another order', { order: [1, 0, 2] }],
    ['a block missing', { edges: [0, 3, 6], mask: (i, j) => Number(j <= i) }],
    ['another denominator', { ones: 2 }],
    ['no exponential', { power: 'Abs' }],
  ])('is left: %s', async (name, changes) => {
    if (name === 'a block missing') {
      // Fewer rows than tokens: no model of this interface, so only the match is asked for.
      const options = { precision: 'fp32', seqLen: T, batch: 2 } as const;
      const { rewrites } = optimize(model(changes), options);
      expect(rewrites.some(({ name }) => NAMES.includes(name))).toBe(false);
    } else expect(await found(changes)).toBe(0);
  });

  test.each(KINDS)('is found: %s', async (attention) => {
    expect(await found({}, attention)).toBe(1);
    expect(await found({ edges: [0, 4, 8] }, attention)).toBe(1);
    expect(await found({ edges: [0, 2, 8] }, attention)).toBe(1);
  });
});

const artifact = fileURLToPath(new URL('../../models/sotu-8x256/', import.meta.url));
const there = (() => {
  try {
    return readFileSync(`${artifact}artifact.json`).length > 0;
  } catch {
    return false;
  }
})();

test.skipIf(!there)('the model of this repository is fused throughout', async () => {
  const { model: own } = await loadArtifact(artifact);
  const options = { precision: 'fp16', seqLen: 512, batch: 2 } as const;
  const all = { ...options, scoredPositions: true, liftSoftcap: true };
  const { bytes, rewrites, untouched, softcap } = optimize(own.bytes, all);
  const counts = Object.fromEntries(rewrites.map(({ name, count }) => [name, count]));
  expect(counts).toMatchObject({
    'dequantized-weights': 33,
    attention: 8,
    'rotary-embedding': 8,
    'rms-norm': 25,
    // One by one for queries, keys and values, and for the first two once more.
    'separate-projections': 16,
    'factors-into-rotary': 8,
    'residual-norm': 16,
    'logits-from-product': 1,
  });
  const { nodes } = OnnxGraph.parse(bytes, 'm.onnx');
  const copied = nodes.filter(({ op, inputs }) => op === 'Split' || (op === 'Gemm' && inputs[2]));
  expect(copied).toEqual([]);
  expect(nodes.find(({ outputs }) => outputs.includes('logits'))?.op).toBe('MatMul');
  expect(untouched).toEqual([]);
  expect(softcap).toBe(30);
});
