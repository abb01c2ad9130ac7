/**
 * Reference scorer: nats of a target from raw logits, in plain float64.
 *
 * This is the specification. The SIMD and CUDA scorers compute the same with fp32 lanes and are
 * tested against it; the onnx-js engine and the verification of a run score with it.
 */

/** `c tanh(x / c)` with a softcap `c`, in logits; the logit itself where there is none. */
export function capped(logit: number, softcap: number | null): number {
  return softcap === null ? logit : softcap * Math.tanh(logit / softcap);
}

/**
 * Nats of `target` given a row of raw logits `x`:
 *
 *     nats = log(Σ_j exp(x_j − max)) + (max − x_target),   x_j := capped(x_j)
 *
 * With the maximum removed no exponential overflows and the sum is at least 1, and the probability
 * itself, which may underflow, is never formed.
 *
 * NaN exactly when the raw row is no distribution: it holds a NaN or +Infinity, or nothing but
 * −Infinity. +Infinity when the target's capped logit is −Infinity and another one is not.
 */
export function rowNats(row: Float32Array, target: number, softcap: number | null): number {
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of row) {
    if (Number.isNaN(logit)) return Number.NaN;
    if (logit > largest) largest = logit;
  }
  if (!Number.isFinite(largest)) return Number.NaN;

  const max = capped(largest, softcap);
  let sum = 0;
  for (const logit of row) sum += Math.exp(capped(logit, softcap) - max);
  return Math.log(sum) + (max - capped(row[target]!, softcap));
}

/** The smallest logit of a raw row, their sum, and `log Σ exp x`. */
export function rowFacts(row: Float32Array): [smallest: number, sum: number, logSum: number] {
  let [smallest, largest, sum, scaled] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (const logit of row) {
    sum += logit;
    if (logit < smallest) smallest = logit;
    if (logit > largest) largest = logit;
  }
  for (const logit of row) scaled += Math.exp(logit - largest);
  return [smallest, sum, largest + Math.log(scaled)];
}

/** A `[rows, vocabulary]` matrix of raw logits, row-major and without gaps. */
export interface Logits {
  readonly values: Float32Array;
  readonly vocabulary: number;
}

/**
 * Nats of `targets[k]` on row `scored[k]`, rounded to fp32 as every engine does.
 *
 * @throws RangeError for a target or row outside the matrix.
 */
export function targetNats(
  logits: Logits,
  scored: Uint32Array,
  targets: Int32Array,
  softcap: number | null,
): Float32Array {
  const { values, vocabulary } = logits;
  const nats = new Float32Array(scored.length);
  for (let k = 0; k < scored.length; k++) {
    const target = targets[k]!;
    const start = scored[k]! * vocabulary;
    if (target < 0 || target >= vocabulary || start + vocabulary > values.length) {
      throw new RangeError(`target ${target} of row ${scored[k]} is outside the logits`);
    }
    nats[k] = rowNats(values.subarray(start, start + vocabulary), target, softcap);
  }
  return nats;
}
