/**
 * The seed of a run, and the generator that chooses what is looked at: rows, positions, tokens.
 */
import { randomInt } from 'node:crypto';

/** The generator takes 32 bits: a larger seed would draw what a smaller one draws. */
export const SEED_MAX = 2 ** 32 - 1;

/** The seed that is given; else one drawn for this run alone, so that no artifact can be made for it. */
export function seedOf(given: number | undefined): number {
  return given ?? randomInt(SEED_MAX + 1);
}

/**
 * Numbers in [0, 1) of a 32-bit generator of full period (Mulberry32). Not for cryptography.
 *
 * @param seed taken modulo 2^32
 */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * A seed of 32 bits that depends on every bit of the numbers: what is drawn for one place of a run then
 * says nothing of what is drawn for the next. The finalizer is MurmurHash3's (fmix32),
 * https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp
 *
 * @param numbers whole, from 0 to 2^53 - 1
 */
export function mixedSeed(...numbers: readonly number[]): number {
  let hash = 0;
  for (const number of numbers) {
    for (const word of [number >>> 0, Math.floor(number / 2 ** 32)]) {
      hash = finalized(Math.imul(hash, 31) + word);
    }
  }
  return hash;
}

function finalized(value: number): number {
  let h = (value + 0x9e3779b9) >>> 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
