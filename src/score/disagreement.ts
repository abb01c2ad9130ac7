/**
 * Differences between a run and the reference implementation, target by target, and the verdict on them.
 */

/**
 * For a graph that rounds activations to a few bits. Sums in another order differ in their last place,
 * which moves an activation across a step now and then: a row then differs by up to 7e-3 nats a target,
 * to either side, and the mean loss by 5e-6 (measured with MatMulNBits of accuracy level 4). What is
 * judged is whether the differences favour one side. Their mean size bounds what can hide among them.
 */
export const ROUNDED = { meanNats: 1e-4, standardErrors: 3, sizeNats: 5e-3 } as const;

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
  /** Of each group of targets that were run together: how many they are, their sum, that of their squares. */
  private readonly groups: { count: number; sum: number; squares: number }[] = [];

  /** Begins a group of targets, which may differ alike. */
  begin(): void {
    this.groups.push({ count: 0, sum: 0, squares: 0 });
  }

  /** @param count targets that differ by as much */
  add(run: number, second: number, count = 1): void {
    // Two infinities agree; one alone disagrees without bound.
    const difference = run === second ? 0 : run - second;
    const group = this.groups.at(-1)!;
    group.count += count;
    group.sum += count * difference;
    group.squares += count * difference * difference;
    this.targets += count;
    this.size += count * Math.abs(difference);
    this.largest = Math.max(this.largest, Math.abs(difference));
  }

  summary(): Disagreement {
    if (this.targets === 0) return { mean_nats: null, mean_abs_nats: null, max_abs_nats: null };
    return {
      mean_nats: this.mean(),
      mean_abs_nats: this.size / this.targets,
      max_abs_nats: this.largest,
    };
  }

  /**
   * Whether the run and the reference are two computations of one model.
   *
   * @param tolerance of the mean size, in nats
   * @param rounded whether the graph rounds activations
   */
  agree(tolerance: number, rounded: boolean): boolean {
    const size = this.size / this.targets;
    // Written so that NaN fails.
    if (size <= tolerance) return true;
    const limit = ROUNDED.meanNats + ROUNDED.standardErrors * this.standardError();
    return rounded && size <= ROUNDED.sizeNats && Math.abs(this.mean()) <= limit;
  }

  private mean(): number {
    return this.groups.reduce((sum, group) => sum + group.sum, 0) / this.targets;
  }

  /** Of the mean, clustered by group; of one group by its targets. */
  private standardError(): number {
    const { groups, targets } = this;
    const mean = this.mean();
    const [only] = groups;
    if (groups.length === 1) {
      const variance = (only!.squares - targets * mean * mean) / Math.max(1, targets - 1);
      return Math.sqrt(Math.max(0, variance) / targets);
    }
    const squares = groups.reduce((sum, each) => sum + (each.sum - each.count * mean) ** 2, 0);
    return Math.sqrt((squares * groups.length) / (groups.length - 1)) / targets;
  }
}
