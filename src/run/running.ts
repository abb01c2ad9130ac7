/**
 * The score so far, for progress: doubles will do for the eye.
 */

import type { Progress } from '../progress.js';
import type { Prepared } from '../score/prepare.js';
import type { RowsScore } from './messages.js';
import { natsOf } from './totals.js';

export class RunningBpb {
  private nats = 0;
  private bytes = 0;
  private done = 0;

  constructor(private readonly prepared: Prepared) {}

  get bpb(): number | null {
    return this.bytes === 0 ? null : this.nats / Math.LN2 / this.bytes;
  }

  /** Adds a merged batch. */
  add({ runs, totals }: RowsScore): Progress {
    const { accounting, plan } = this.prepared;
    for (let r = 0; r < runs.count.length; r++) {
      const from = runs.first[r]!;
      const to = from + runs.count[r]!;
      this.bytes +=
        accounting.headline === 'sidecar'
          ? accounting.sidecarBytes(from, to)!
          : accounting.lutBytes(from, to);
      this.nats += natsOf(totals[r]!);
      this.done += runs.count[r]!;
    }
    const total = plan.scored + plan.repeated;
    return { phase: 'score', done: this.done, total, unit: 'targets', bpb: this.bpb };
  }
}
