/** Causal attention spelled out node by node, with one part or another changed. */
import { GraphBuilder } from '../helpers/graph-builder.js';
import { checked } from '../helpers/optimized.js';

export const [T, H, W] = [8, 4, 8];
export const D = H * W;
export const SCALE = 1 / Math.sqrt(W);

/** What a spelled-out attention is made of; each test changes one thing. */
export interface Parts {
  kvHeads?: number;
  repeat?: (g: GraphBuilder, x: string, times: number) => string;
  transposeKeys?: (g: GraphBuilder, k: string) => string;
  scale?: (g: GraphBuilder, scores: string) => string;
  mask?: (g: GraphBuilder, scores: string) => string;
  after?: (g: GraphBuilder, weights: string) => string;
  extra?: (g: GraphBuilder, scores: string) => string;
}

export const square = (f: (i: number, j: number) => number) =>
  Array.from({ length: T * T }, (_, k) => f(Math.floor(k / T), k % T));
export const NEVER = -3.4028234663852886e38;
export const bias = (f: (i: number, j: number) => number) => (g: GraphBuilder, s: string) =>
  g.op('Add', [s, g.floats(square(f), [T, T])]);
export const causal = bias((i, j) => (j <= i ? 0 : NEVER));

/** Each head repeated in its place, as repeat_kv and repeat_interleave do. */
const inPlace = (g: GraphBuilder, x: string, times: number) => {
  const apart = g.op('Unsqueeze', [x, g.ints([2])]);
  const wide = g.op('Expand', [apart, g.ints([1, 1, times, 1, 1])]);
  return g.reshape(wide, [0, H, T, W]);
};
/** All heads one after the other, again and again: another model. */
export const inTurn = (g: GraphBuilder, x: string, times: number) => {
  const apart = g.op('Unsqueeze', [x, g.ints([1])]);
  const wide = g.op('Expand', [apart, g.ints([1, times, 1, 1, 1])]);
  return g.reshape(wide, [0, H, T, W]);
};

export function attention(g: GraphBuilder, parts: Parts): string {
  const { kvHeads = H, repeat = inPlace, mask = causal } = parts;
  const x = g.embed(D);
  const heads = (count: number) => {
    const flat = g.op('MatMul', [x, g.weights([D, count * W], 0.2)]);
    return g.transpose(g.reshape(flat, [0, 0, count, W]), [0, 2, 1, 3]);
  };
  const q = heads(H);
  let [k, v] = [heads(kvHeads), heads(kvHeads)];
  if (kvHeads !== H) [k, v] = [repeat(g, k, H / kvHeads), repeat(g, v, H / kvHeads)];
  const turned = parts.transposeKeys?.(g, k) ?? g.transpose(k, [0, 1, 3, 2]);
  const product = g.op('MatMul', [q, turned]);
  const scaled = parts.scale?.(g, product) ?? g.op('Mul', [product, g.scalar(SCALE)]);
  const weights = g.op('Softmax', [mask(g, scaled)], { axis: { int: -1 } });
  const y = g.op('MatMul', [parts.after?.(g, weights) ?? weights, v]);
  const out = g.reshape(g.transpose(y, [0, 2, 1, 3]), [0, 0, D]);
  return parts.extra === undefined ? out : g.op('Add', [out, parts.extra(g, weights)]);
}

export async function found(parts: Parts, options: Parameters<typeof checked>[1] = {}) {
  const g = new GraphBuilder();
  const model = g.model(attention(g, parts), D);
  const { counts, untouched } = await checked(model, options);
  return { count: fusedOf(counts), untouched };
}

/** Attentions that became a fused operator of whatever kind. */
export function fusedOf(counts: Readonly<Record<string, number>>): number {
  const names = ['attention', 'group-query-attention', 'multi-head-attention'];
  return names.reduce((sum, name) => sum + (counts[name] ?? 0), 0);
}

export const bools = (keep: boolean) => (g: GraphBuilder) =>
  g.bools(square((i, j) => Number(j <= i === keep)).map(Boolean), [1, 1, T, T]);

export const KINDS = ['standard', 'gqa', 'mha'] as const;
