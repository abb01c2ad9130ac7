/**
 * Differences between a run and the reference implementation, target by target, and the verdict on them.
 */
import { studentQuantile } from './student-t.js';

/**
 * For a graph that rounds activations to a few bits. Sums in another order differ in their last place, which moves
 * an activation across a step now and then, and what follows with it: two right computations differ by a mean size
 * of 1e-2 (MatMulNBits of accuracy level 4) to 6e-2 nats a target (static int8), to either side, the mean by chance
 * alone (docs/verify.md has the figures). So what is judged is whether the differences favour one side. Their mean
 * size bounds what can hide among them.
 */
export const ROUNDED = {
  /** What the mean may be beside chance, nats. */
  meanNats: 1e-4,
  /** Probability that chance alone fails a run, both sides together. */
  falseAlarm: 1e-6,
  /** The mean size may be this, nats, */
  sizeNats: 5e-3,
  /** or so many times that between two reference computations (score-again.ts). */
  noiseFactor: 10,
  /** Groups from which on their own spread tells the standard error. */
  groups: 16,
  /**
   * With fewer groups the error is that of single targets times this: means of rows of 512 spread by up to 1.16
   * times what independent targets would.
   */
  dependence: 2,
} as const;

/** Of differences in nats, run minus reference. */
export interface Disagreement {
  mean_nats: number | null;
  mean_abs_nats: number | null;
  max_abs_nats: number | null;
}

export class Differences {
  private targets = 0;
  private size = 0;
  private largest = 0;
  /** Whether each target has a difference of its own. */
  private single = true;
  /** Of each group of targets that were run together: how many they are, their sum, that of their squares. */
  private readonly groups: { count: number; sum: number; squares: number }[] = [];

  /** Begins a group of targets, which may differ alike. */
  begin(): void {
    this.groups.push({ count: 0, sum: 0, squares: 0 });
  }

  /** @param count targets that differ by as much: all of a group, of which only the mean is known */
  add(run: number, second: number, count?: number): void {
    // Two infinities agree; one alone disagrees without bound.
    const difference = run === second ? 0 : run - second;
    const group = this.groups.at(-1)!;
    const targets = count ?? 1;
    if (count !== undefined) this.single = false;
    group.count += targets;
    group.sum += targets * difference;
    group.squares += targets * difference * difference;
    this.targets += targets;
    this.size += targets * Math.abs(difference);
    this.largest = Math.max(this.largest, Math.abs(difference));
  }

  summary(): Disagreement {
    if (this.targets === 0) return { mean_nats: null, mean_abs_nats: null, max_abs_nats: null };
    return {
      mean_nats: this.mean(),
      mean_abs_nats: this.meanSize(),
      max_abs_nats: this.largest,
    };
  }

  /**
   * Whether the run and the reference are two computations of one model that agree target by target.
   *
   * @param tolerance of the mean size, in nats
   */
  agree(tolerance: number): boolean {
    // Written so that NaN fails.
    return this.meanSize() <= tolerance;
  }

  /**
   * Whether they are two computations of one model that rounds activations.
   *
   * @param noise mean size between two reference computations, nats
   */
  agreeOnAverage(noise: number): boolean {
    return this.agree(sizeLimit(noise)) && Math.abs(this.mean()) <= this.meanLimit();
  }

  /** What the mean may be, nats. */
  meanLimit(): number {
    return ROUNDED.meanNats + this.chance();
  }

  /**
   * How far from 0 chance alone takes the mean, with the probability of a false alarm: by the standard error
   * clustered by group and Student's t (Cameron & Miller, A Practitioner's Guide to Cluster-Robust Inference,
   * Journal of Human Resources 50(2), 2015, sections II and VI).
   */
  private chance(): number {
    const { groups, single, targets } = this;
    const mean = this.mean();
    const certain = 1 - ROUNDED.falseAlarm / 2;
    if (groups.length < ROUNDED.groups && single) {
      if (targets < 2) return 0;
      const squares = groups.reduce((sum, each) => sum + each.squares, 0);
      const variance = Math.max(0, squares - targets * mean * mean) / (targets - 1);
      const error = ROUNDED.dependence * Math.sqrt(variance / targets);
      return error * studentQuantile(certain, targets - 1);
    }
    if (groups.length < 2) return 0;
    const squares = groups.reduce((sum, each) => sum + (each.sum - each.count * mean) ** 2, 0);
    const error = Math.sqrt((squares * groups.length) / (groups.length - 1)) / targets;
    return error * studentQuantile(certain, groups.length - 1);
  }

  private mean(): number {
    return this.groups.reduce((sum, group) => sum + group.sum, 0) / this.targets;
  }

  private meanSize(): number {
    return this.size / this.targets;
  }
}

/** Of the mean size, nats, of a graph that rounds activations. */
export function sizeLimit(noise: number): number {
  return Math.max(ROUNDED.sizeNats, ROUNDED.noiseFactor * noise);
}

/**
 * What the mean of so many differences may be, nats, whatever they show of their own chance, which whoever bends
 * them can spread: their standard deviation is at most `dependence` times a mean size.
 */
export function boundedMean(noise: number, targets: number): number {
  const certain = 1 - ROUNDED.falseAlarm / 2;
  const error = (ROUNDED.dependence * sizeLimit(noise)) / Math.sqrt(targets);
  return ROUNDED.meanNats + error * studentQuantile(certain, Math.max(1, targets - 1));
}
