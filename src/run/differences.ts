/**
 * Differences between two arrays of per-token losses: the largest, their number and their sum.
 */

/** What `Differences` holds, as plain data. */
export interface DifferenceSums {
  /** In nats, as the sum. */
  readonly largest: number;
  readonly count: number;
  readonly sum: number;
}

/** Differences in nats: the largest, and their mean size. */
export class Differences implements DifferenceSums {
  largest = 0;
  count = 0;
  sum = 0;

  /** Adds `|b[k] - a[k]|`, `from <= k < to`. @returns the largest of them and its index */
  add(
    a: Float32Array,
    b: Float32Array,
    from = 0,
    to = Math.min(a.length, b.length),
  ): { size: number; at: number } {
    let [size, at] = [0, -1];
    for (let k = from; k < to; k++) {
      const difference = distance(a[k]!, b[k]!);
      this.sum += difference;
      if (difference > size) [size, at] = [difference, k];
    }
    this.count += Math.max(0, to - from);
    this.largest = Math.max(this.largest, size);
    return { size, at };
  }

  /** Adds those of another comparison. */
  merge({ largest, count, sum }: DifferenceSums): void {
    this.largest = Math.max(this.largest, largest);
    this.count += count;
    this.sum += sum;
  }

  get mean(): number {
    return this.count === 0 ? 0 : this.sum / this.count;
  }
}

/** Absolute difference; equal infinities and two NaN differ by 0, other pairs with them by infinity. */
export function distance(a: number, b: number): number {
  if (Object.is(a, b)) return 0;
  const size = Math.abs(b - a);
  return Number.isNaN(size) ? Number.POSITIVE_INFINITY : size;
}
