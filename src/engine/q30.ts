/**
 * Nats in fixed point: integer multiples of 2⁻³⁰, whose sums are equal to the last bit in any order.
 */

/** One nat. */
export const Q30_ONE = 2 ** 30;

const INT64_MAX = 2n ** 63n - 1n;

/**
 * The multiple of 2⁻³⁰ nearest to `nats`, ties to even, as an integral double. Exact for an fp32
 * argument: times a power of two it is still a double.
 */
export function toQ30(nats: number): number {
  const scaled = nats * Q30_ONE;
  const below = Math.floor(scaled);
  const fraction = scaled - below;
  if (fraction > 0.5) return below + 1;
  if (fraction < 0.5) return below;
  return below % 2 === 0 ? below : below + 1;
}

/** Sums of spans, and how many targets were at +Infinity nats and so count 0 in them. */
interface SpanTotals {
  readonly q30: BigInt64Array;
  readonly infinite: number;
}

/**
 * Sums `nats[ends[s-1] .. ends[s])` for every span, in 2⁻³⁰ nats.
 *
 * @throws RangeError on a NaN, and where a sum leaves int64.
 */
export function spanTotals(nats: Float32Array, ends: Uint32Array): SpanTotals {
  const totals = new BigInt64Array(ends.length);
  let infinite = 0;
  let k = 0;
  for (let s = 0; s < ends.length; s++) {
    let total = 0n;
    // Doubles add integers exactly up to 2^53; beyond that the sum goes on in BigInt.
    let small = 0;
    for (; k < ends[s]!; k++) {
      const value = nats[k]!;
      if (value === Number.POSITIVE_INFINITY) {
        infinite++;
        continue;
      }
      const q30 = toQ30(value);
      if (!Number.isFinite(q30)) throw new RangeError(`nats[${k}] is ${value}`);
      if (Math.abs(small + q30) <= Number.MAX_SAFE_INTEGER) {
        small += q30;
      } else {
        total += BigInt(small) + BigInt(q30);
        small = 0;
      }
    }
    total += BigInt(small);
    if (total > INT64_MAX) throw new RangeError(`the sum of span ${s} leaves int64`);
    totals[s] = total;
  }
  return { q30: totals, infinite };
}
