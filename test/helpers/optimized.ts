/**
 * Optimizes a model and holds the result against the original on ONNX Runtime.
 */
import { expect } from 'vitest';
import { type Optimized, type OptimizeOptions, optimize } from '#bpb/onnx/optimize/optimize';
import { expanded } from './expand-operators.js';
import { largestDifference, natsDifference, runLogits, someIds, VOCAB } from './graph-builder.js';

/** Largest difference of a logit, in fp32: sums in another order, nothing else. */
export const TOLERANCE_LOGIT = 1e-4;
/** Mean difference in nats, in fp16: 11 bits of every weight and activation. */
export const TOLERANCE_HALF = 1e-3;

export interface Checked extends Optimized {
  /** How often each rewrite was made. */
  readonly counts: Readonly<Record<string, number>>;
}

export async function checked(
  model: Uint8Array,
  options: Partial<Omit<OptimizeOptions, 'seqLen'>> & {
    seqLen?: number;
    rows?: number;
    vocab?: number;
  } = {},
): Promise<Checked> {
  const { rows = 2, vocab = VOCAB, ...given } = options;
  const full = { precision: 'fp32', seqLen: 8, batch: rows, ...given } as const;
  const result = optimize(model, full);
  const ids = someIds(rows, full.seqLen, vocab);
  const before = await runLogits(model, ids, rows);
  let after = await runLogits(expanded(result.bytes), ids, rows);
  const { softcap } = result;
  if (softcap !== null) after = after.map((z) => softcap * Math.tanh(z / softcap));
  if (full.precision === 'fp32') {
    expect(largestDifference(before, after)).toBeLessThanOrEqual(TOLERANCE_LOGIT);
  }
  const { mean } = natsDifference(before, after, ids, vocab);
  expect(Math.abs(mean)).toBeLessThanOrEqual(TOLERANCE_HALF);
  const counts = Object.fromEntries(result.rewrites.map(({ name, count }) => [name, count]));
  return { ...result, counts };
}
