/**
 * A seeded sample without replacement: which rows a run scores a second time.
 */

/** A 32-bit generator of full period (Mulberry32); for choosing rows, not for cryptography. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

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
