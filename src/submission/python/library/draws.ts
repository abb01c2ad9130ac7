/**
 * Made-up draws, in place of random ones.
 *
 * Which members a script draws is not known here; how many are. A sample of n of N leaves out N − n in any draw and a
 * permutation none, so one draw shows what all have in common. Ranks and runs draw the same unless the script seeds them
 * apart, so that what differs between them is the script's doing.
 */
import type { Runtime } from '../runtime.js';

/** A generator of 32-bit numbers in full period (Numerical Recipes, 2nd edition, section 7.1, "quick and dirty"). */
export class Draws {
  #state = 0;

  constructor(seed = 0) {
    this.seed(seed);
  }
  seed(seed: number): void {
    this.#state = Math.imul(seed | 0, 2654435761) >>> 0;
  }
  /** An integer from 0 to below `end`. */
  below(end: number): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * end);
  }
  /** `count` of the integers from 0 to below `end`, each at most once; all of them unless `count` is given. */
  distinct(end: number, count: number = end): number[] {
    const all = Array.from({ length: end }, (_, i) => i);
    for (let i = 0; i < count; i++) {
      const other = i + this.below(end - i);
      [all[i], all[other]] = [all[other]!, all[i]!];
    }
    return all.slice(0, count);
  }
}

const shared = new WeakMap<Runtime, Map<string, Draws>>();

/** The generator that all of a library's functions draw from where none is given. */
export function sharedDraws(library: string, runtime: Runtime): Draws {
  const own = shared.get(runtime) ?? new Map<string, Draws>();
  shared.set(runtime, own);
  const draws = own.get(library) ?? new Draws();
  own.set(library, draws);
  return draws;
}
