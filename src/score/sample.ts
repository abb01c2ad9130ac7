/**
 * A seeded sample without replacement: which rows a run scores a second time.
 */
import { mulberry32 } from '../random.js';

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
