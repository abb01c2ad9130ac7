/**
 * Permutation test of two sets of documents: is the difference of their bits per byte one of chance?
 */
import { Shuffle } from './shuffle.js';
import { type Group, PERMUTATIONS } from './types.js';

interface PermutationOptions {
  readonly seed: number;
  /** By default 9,999. */
  readonly permutations?: number;
  /** Called between stretches of draws with the permutations so far, so that a run can be ended. */
  readonly onDone?: (permutations: number) => void | Promise<void>;
}

/** Documents drawn between two calls of `onDone`: a few hundredths of a second. */
const STRETCH = 1 << 22;

/** Rounding of a sum, relative to what is summed: what lies closer counts as equal, which makes `p` larger. */
const ROUNDING = 1e-11;

/** `Σ bits / Σ bytes`. */
export function ratioOf({ bits, bytes }: Group): number {
  return total(bits) / total(bytes);
}

export function total(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

/**
 * One-sided `p` of `D = R(validation) - R(control)`, `R = Σ bits / Σ bytes`, for "validation is better": the labels
 * of the documents are permuted, and `p = (1 + #{D* <= D}) / (B + 1)`. The observed labels are one of the
 * permutations, hence the 1, without which a test of `B` draws would be wrong more often than it says (Phipson &
 * Smyth 2010, doi 10.2202/1544-6115.1585).
 *
 * Documents are what can be exchanged: those of two samples of one kind are independent of each other, and what
 * a model knows of a document it knows of all of its tokens.
 *
 * @param validation bits and bytes of each document; so `control`
 */
export async function permutationTest(
  validation: Group,
  control: Group,
  { seed, permutations = PERMUTATIONS, onDone }: PermutationOptions,
): Promise<number> {
  const bits = total(validation.bits) + total(control.bits);
  const bytes = total(validation.bytes) + total(control.bytes);
  // The smaller set is drawn, the other one is the rest.
  const drawn = validation.bits.length <= control.bits.length ? validation : control;
  const size = drawn.bits.length;
  const sign = drawn === validation ? 1 : -1;
  const observed = ratioOf(validation) - ratioOf(control);
  const bound = observed + ROUNDING * (bits / bytes);
  const shuffle = new Shuffle([validation, control], seed);
  const sums = { bits: 0, bytes: 0 };
  let reached = 0;
  let since = 0;
  for (let done = 0; done < permutations; done++) {
    shuffle.draw(size, sums);
    const difference = sums.bits / sums.bytes - (bits - sums.bits) / (bytes - sums.bytes);
    // A part without any byte has no ratio; it counts as one that is reached.
    if (!(sign * difference > bound)) reached++;
    since += size;
    if (since < STRETCH) continue;
    since = 0;
    await onDone?.(done + 1);
  }
  return (1 + reached) / (permutations + 1);
}
