/** Queries of the last attention for scored positions alone. */
import { expect, test } from 'vitest';
import { openOnnxCpu } from '#bpb/engine/onnx-cpu';
import { OnnxGraph } from '#bpb/onnx/graph';
import { type OptimizeOptions, optimize } from '#bpb/onnx/optimize/optimize';
import { expanded } from '../helpers/expand-operators.js';
import {
  GraphBuilder,
  largestDifference,
  runLogits,
  someIds,
  VOCAB,
} from '../helpers/graph-builder.js';
import { TOLERANCE_LOGIT } from '../helpers/optimized.js';

const [T, H, K, W, ROWS] = [8, 4, 2, 8, 2];
const D = H * W;

interface Parts {
  /** Norms of queries and of keys. */
  norms?: readonly boolean[];
  bias?: boolean;
  /** Attentions, one after the other. */
  layers?: number;
  after?: (g: GraphBuilder, y: string, q: string) => string;
}

function model({ norms = [true, true], bias = false, layers = 1, after }: Parts): Uint8Array {
  const g = new GraphBuilder();
  let x = g.op('Tanh', [g.embed(D)]);
  for (let layer = 0; layer < layers; layer++) {
    const [q, k, v] = [H, K, K].map((heads, part) => {
      const product = g.op('MatMul', [x, g.weights([D, heads * W], 0.3)]);
      const added = bias ? g.op('Add', [product, g.weights([heads * W])]) : product;
      const apart = g.reshape(added, [0, 0, heads, W]);
      const axis = { axis: { int: -1 } };
      const y = norms[part] ? g.op('RMSNormalization', [apart, g.weights([W])], axis) : apart;
      return g.transpose(y, [0, 2, 1, 3]);
    }) as [string, string, string];
    const y = g.op('Attention', [q, k, v], { is_causal: { int: 1 } });
    const flat = g.reshape(g.transpose(y, [0, 2, 1, 3]), [0, 0, D]);
    const out = g.op('MatMul', [after?.(g, flat, q) ?? flat, g.weights([D, D], 0.3)]);
    x = g.op('Add', [x, out]);
  }
  return g.model(x, D, { opset: 23 });
}

/** Nodes by operator of the model that computes scored positions, after it was held against the whole one. */
async function sliced(parts: Parts, options: Partial<OptimizeOptions> = {}) {
  const bytes = model(parts);
  const given = {
    precision: 'fp32',
    seqLen: T,
    scoredPositions: true,
    attention: 'causal',
  } as const;
  const operators = new Set(['SumNorm', 'SplitNormRotary', 'CausalAttention'] as const);
  const ids = someIds(ROWS, T);
  const all = await runLogits(bytes, ids, ROWS);
  for (const batch of [ROWS, undefined]) {
    const result = optimize(bytes, { ...given, operators, batch, ...options });
    for (const scored of [[3], [0, 15], [15, 3, 3, 8, 7]]) {
      const some = await runLogits(expanded(result.bytes), ids, ROWS, scored);
      const wanted = scored.flatMap((p) => [...all.subarray(p * VOCAB, (p + 1) * VOCAB)]);
      expect(largestDifference(Float32Array.from(wanted), some)).toBeLessThan(TOLERANCE_LOGIT);
    }
  }
  const { bytes: open, rewrites } = optimize(bytes, { ...given, operators, ...options });
  const { nodes } = OnnxGraph.parse(open, 'm.onnx');
  const at = (op: string, input: number) =>
    nodes.filter((node) => node.op === op && node.inputs[input] === 'scored_positions').length;
  return {
    count: rewrites.find(({ name }) => name === 'scored-queries')?.count ?? 0,
    attentions: at('CausalAttention', 3),
    queries: at('SplitNormRotary', 5),
    products: nodes.filter(({ op }) => op === 'MatMul').length,
  };
}

test('not where all queries are needed', async () => {
  // A mean over positions behind the attention.
  const mixed = (g: GraphBuilder, y: string) => {
    const triangle = Array.from({ length: T * T }, (_, k) =>
      k % T <= Math.floor(k / T) ? 0.2 : 0,
    );
    return g.op('MatMul', [g.floats(triangle, [T, T]), y]);
  };
  expect(await sliced({ after: mixed })).toMatchObject({ count: 0, attentions: 0, queries: 0 });
});

test('not for an attention of the runtime', async () => {
  expect(await sliced({}, { attention: 'standard' })).toMatchObject({ count: 0, queries: 0 });
});

test('norms and products of scored queries alone', async () => {
  const expected = { count: 1, attentions: 1, queries: 1, products: 4 };
  expect(await sliced({})).toEqual(expected);
  expect(await sliced({ bias: true })).toEqual(expected);
  // Of two attentions the last.
  expect(await sliced({ layers: 2 })).toEqual({ ...expected, products: 6 });
  expect(await sliced({ norms: [true, false] })).toEqual(expected);
});

test('queries by themselves, and such that are read elsewhere too', async () => {
  expect(await sliced({ norms: [false, false] })).toMatchObject({
    count: 1,
    attentions: 1,
    queries: 0,
  });
  const also = (g: GraphBuilder, y: string, q: string) => {
    const all = g.reshape(g.transpose(q, [0, 2, 1, 3]), [0, 0, D]);
    return g.op('Add', [y, g.op('Abs', [all])]);
  };
  expect(await sliced({ after: also })).toMatchObject({ count: 1, attentions: 1, queries: 0 });
});

test('the addon gives the losses of the original', async () => {
  const bytes = model({ layers: 2, bias: true });
  const { bytes: made, scoredInput } = optimize(bytes, {
    precision: 'fp32',
    seqLen: T,
    scoredPositions: true,
    attention: 'causal',
    operators: new Set(['SumNorm', 'SplitNormRotary', 'CausalAttention']),
  });
  const graph = { path: 'm.onnx', tokens: 'input_ids', logits: 'logits', softcap: null };
  const batch = {
    rows: ROWS,
    time: T,
    ids: Int32Array.from(someIds(ROWS, T)),
    scored: Uint32Array.of(0, 3, 7, 8, 15),
    targets: Int32Array.of(1, 5, 22, 0, 9),
    spanEnds: Uint32Array.of(3, 5),
  };
  const losses: Float32Array[] = [];
  for (const rewritten of [false, true]) {
    const own = { ...graph, model: rewritten ? made : bytes, rewritten };
    const engine = await openOnnxCpu({
      graph: rewritten ? { ...own, positions: scoredInput } : own,
      runtime: { threads: 1, optimize: true },
    });
    losses.push((await engine.score(batch)).nats);
    await engine.close();
  }
  expect(scoredInput).not.toBeNull();
  expect(largestDifference(losses[0]!, losses[1]!)).toBeLessThan(TOLERANCE_LOGIT);
});
