/**
 * Running score of a run, for progress: in doubles, which are exact enough for display.
 */
import type { Progress } from '../progress.js';
import type { RowsScore } from './messages.js';
import { natsOf } from './totals.js';

/** Bytes by which a score is divided. */
export interface ByteCounter {
  /** Bytes of the targets `[from, to)` in the headline accounting. */
  headlineBytes(from: number, to: number): number;
}

export class RunningBpb {
  private nats = 0;
  private bytes = 0;
  private done = 0;

  /**
   * @param targets that the whole plan scores, repeated ones counted again
   * @param scores of each target: more than one where rows are scored again with what follows replaced
   */
  constructor(
    private readonly accounting: ByteCounter,
    private readonly targets: number,
    private readonly scores = 1,
  ) {}

  get bpb(): number | null {
    return this.bytes === 0 ? null : this.nats / Math.LN2 / this.bytes;
  }

  /** Adds a merged batch. */
  add({ spans, q30 }: RowsScore): Progress {
    for (let r = 0; r < spans.count.length; r++) {
      const from = spans.first[r]!;
      this.bytes += this.accounting.headlineBytes(from, from + spans.count[r]!);
      this.nats += natsOf(q30[r]!);
      this.done += spans.count[r]!;
    }
    const { done, targets, scores, bpb } = this;
    return { phase: 'score', done: done * scores, total: targets * scores, unit: 'targets', bpb };
  }
}
