/**
 * A seeded sample without replacement: which rows a run scores a second time.
 */
import { mulberry32 } from '../random.js';

/** `count` of `0..size-1` in random order, so that any first ones of them are a sample too. */
export function sampleInOrder(size: number, count: number, seed: number): number[] {
  const chosen = sampleIndexes(size, count, seed);
  const random = mulberry32(ORDER ^ seed);
  // Fisher and Yates.
  for (let left = chosen.length - 1; left > 0; left--) {
    const other = Math.floor(random() * (left + 1));
    [chosen[left], chosen[other]] = [chosen[other]!, chosen[left]!];
  }
  return chosen;
}

/** Tells the draw of an order from the draw of the sample under the same seed. */
const ORDER = 0x6f726472;

/** `count` of `0..size-1`, ascending (Floyd's algorithm: memory for the sample only). */
export function sampleIndexes(size: number, count: number, seed: number): number[] {
  const random = mulberry32(seed);
  const chosen = new Set<number>();
  for (let last = size - Math.min(count, size); last < size; last++) {
    const drawn = Math.floor(random() * (last + 1));
    chosen.add(chosen.has(drawn) ? last : drawn);
  }
  return [...chosen].sort((a, b) => a - b);
}
