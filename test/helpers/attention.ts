/**
 * Causal attention in float64, and inputs for it.
 */

import type { NativeAddon } from '#bpb/engine/addon';
import { normals } from './models.js';

export type AttentionOptions = Parameters<NativeAddon['causalAttention']>[0];

export interface AttentionShape {
  rows?: number;
  time: number;
  qHeads: number;
  kvHeads: number;
  size: number;
}

/** Queries, keys and values of about N(0, 1), and the usual scale. */
export function attentionInputs(shape: AttentionShape, seed = 1): AttentionOptions {
  const { rows = 1, time, qHeads, kvHeads, size } = shape;
  const cells = rows * time * size;
  return {
    q: normals(cells * qHeads, seed),
    k: normals(cells * kvHeads, seed + 1),
    v: normals(cells * kvHeads, seed + 2),
    rows,
    time,
    qHeads,
    kvHeads,
    scale: 1 / Math.sqrt(size),
    threads: 1,
  };
}

/** softmax(scale q k') v over the keys up to each query's own position. */
export function attentionReference(options: AttentionOptions): Float64Array {
  const { q, k, v, rows, time, qHeads, kvHeads, scale } = options;
  const size = k.length / (rows * time * kvHeads);
  const positions = options.positions ?? Int32Array.from({ length: rows * time }, (_, i) => i);
  const y = new Float64Array(q.length);
  for (const [query, position] of positions.entries()) {
    const first = position - (position % time);
    const count = position - first + 1;
    for (let head = 0; head < qHeads; head++) {
      const own = (query * qHeads + head) * size;
      const keyHead = Math.floor(head / (qHeads / kvHeads));
      const at = (key: number) => ((first + key) * kvHeads + keyHead) * size;
      const scores = Float64Array.from({ length: count }, (_, key) => {
        let sum = 0;
        for (let d = 0; d < size; d++) sum += q[own + d]! * k[at(key) + d]!;
        return scale * sum;
      });
      const top = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
      const weights = scores.map((s) => Math.exp(s - top));
      const total = weights.reduce((a, b) => a + b, 0);
      for (let key = 0; key < count; key++) {
        const weight = weights[key]! / total;
        for (let d = 0; d < size; d++) y[own + d] = y[own + d]! + weight * v[at(key) + d]!;
      }
    }
  }
  return y;
}
