/**
 * Whether a constant mask is the causal one, by its values: exporters write it in a dozen ways.
 */
import { indexer, type Tensor } from '../tensor.js';

/** As good as −∞ in a softmax of fp32: e^−10000 is 0 beside any score that is not itself absurd. */
const NEVER = -1e4;

/**
 * Whether `allowed` holds for position `j` of row `i` exactly when `j ≤ i`, in a tensor that is
 * `[…, time, time]`, the same for every row of the batch and every head.
 */
function isTriangle(mask: Tensor, time: number, judge: (value: number) => boolean | null): boolean {
  if (mask.dims.at(-1) !== time || mask.dims.at(-2) !== time) return false;
  const leading = mask.dims.slice(0, -2);
  const at = indexer([time, time], mask.stored.slice(-2));
  const square = mask.stored.slice(-2).reduce((product, dim) => product * dim, 1);
  const copies = mask.values.length / square;
  if (copies !== 1 && leading.length === 0) return false;
  for (let copy = 0; copy < copies; copy++) {
    for (let i = 0; i < time; i++) {
      for (let j = 0; j < time; j++) {
        if (judge(mask.values[copy * square + at(i * time + j)]!) !== j <= i) return false;
      }
    }
  }
  return true;
}

/** Added to the scores: 0 up to the row's own position, hugely negative after it. */
export function isCausalBias(mask: Tensor, time: number): boolean {
  return isTriangle(mask, time, (value) => (value === 0 ? true : value <= NEVER ? false : null));
}

/** The condition of a Where; `keeps` says which of its values keeps a score. */
export function isCausalCondition(mask: Tensor, time: number, keeps: boolean): boolean {
  return isTriangle(mask, time, (value) => (value !== 0) === keeps);
}

/** The value that a Where puts in the place of a score. */
export function isNever(value: number | undefined): boolean {
  return value !== undefined && value <= NEVER;
}
