/**
 * Comparison of a result's nats with those of rows that were scored again, row by row or by document.
 */
import { Q30_ONE } from '../engine/q30.js';
import type { RowsScore } from '../run/messages.js';
import { Differences, type Disagreement } from '../score/disagreement.js';
import type { WindowPlan } from '../windows/plan.js';
import type { DocumentTable } from './documents-table.js';
import { targetsOfRow } from './draw.js';

/** What rows that were scored again come to. */
export interface Compared {
  readonly targets: number;
  readonly differences: Disagreement;
  /** The largest mean size of the differences of one unit. */
  readonly worst: number;
  /** All differences together. */
  all(): Differences;
}

/** Target by target: nats of the result against those of each row. */
export class RowComparison implements Compared {
  targets = 0;
  worst = 0;
  private readonly together = new Differences();

  /** @param nats `nats[i - 1]` is that of target `i` */
  constructor(
    private readonly plan: WindowPlan,
    private readonly nats: Float32Array,
  ) {}

  add(group: Uint32Array, { nats }: RowsScore): void {
    let k = 0;
    for (const row of group) {
      const [from, to] = targetsOfRow(this.plan, row);
      const own = new Differences();
      own.begin();
      this.together.begin();
      for (let i = from; i < to; i++) {
        own.add(this.nats[i - 1]!, nats![k]!);
        this.together.add(this.nats[i - 1]!, nats![k++]!);
      }
      this.targets += to - from;
      this.worst = larger(this.worst, own.summary().mean_abs_nats ?? 0);
    }
  }

  get differences(): Disagreement {
    return this.together.summary();
  }

  all(): Differences {
    return this.together;
  }
}

/** By document: exact sums of the result against those of all its rows. */
export class DocumentComparison implements Compared {
  private readonly sums = new Map<number, { q30: bigint; targets: number }>();

  constructor(
    private readonly documents: readonly number[],
    private readonly table: DocumentTable,
  ) {}

  add(_group: Uint32Array, { spans, q30 }: RowsScore): void {
    for (const [s, document] of spans.document.entries()) {
      const sum = this.sums.get(document) ?? { q30: 0n, targets: 0 };
      sum.q30 += q30[s]!;
      sum.targets += spans.count[s]!;
      this.sums.set(document, sum);
    }
  }

  get targets(): number {
    return this.each().reduce((all, { targets }) => all + targets, 0);
  }

  get worst(): number {
    return this.each().reduce((most, { mean }) => larger(most, Math.abs(mean)), 0);
  }

  get differences(): Disagreement {
    const { targets } = this;
    if (targets === 0) return { mean_nats: null, mean_abs_nats: null, max_abs_nats: null };
    const total = (of: (mean: number) => number) =>
      this.each().reduce((all, { mean, targets: own }) => all + of(mean) * own, 0) / targets;
    const size = total(Math.abs);
    return { mean_nats: total((mean) => mean), mean_abs_nats: size, max_abs_nats: this.worst };
  }

  /** Each target of a document with the mean difference of all of them: what the sums tell. */
  all(): Differences {
    const all = new Differences();
    for (const { mean, targets } of this.each()) {
      all.begin();
      all.add(mean, 0, targets);
    }
    return all;
  }

  /** Mean difference a target of each document that was drawn; NaN where its targets are others. */
  private each(): { mean: number; targets: number }[] {
    const { table } = this;
    return this.documents.map((document) => {
      const row = table.document.indexOf(document);
      const { q30, targets } = this.sums.get(document) ?? { q30: 0n, targets: 0 };
      if (targets !== table.targets[row]) return { mean: Number.NaN, targets };
      const difference = Number(table.q30[row]! - q30) / Q30_ONE;
      return { mean: difference / targets, targets };
    });
  }
}

/** NaN is the largest of all. */
function larger(a: number, b: number): number {
  return Number.isNaN(a) || Number.isNaN(b) ? Number.NaN : Math.max(a, b);
}
