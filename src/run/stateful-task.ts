/**
 * What one task of rows that carry state has scored and learnt so far, in its order.
 */
import { BpbError } from '../errors.js';
import type { LedgerEvent } from '../ledger/events.js';
import { infiniteTargets } from './infinite.js';
import { type JoinedSteps, joinSteps, type Step } from './merge-steps.js';
import { scoreEvents } from './score-events.js';

export interface LanesScore extends JoinedSteps {
  /** Seconds inside the two graphs, and in the scorer. */
  readonly runSeconds: number;
  readonly adaptSeconds: number;
  readonly scoreSeconds: number;
  /** Runs of the adapt graph. */
  readonly adaptations: number;
  readonly deviceToHostBytes: number | null;
  readonly events: readonly LedgerEvent[];
}

/** What one task has committed so far. */
export class LaneTask {
  private readonly steps: Step[] = [];
  private readonly events: LedgerEvent[] = [];
  /** Runs of the last step, by first target: where each ends. */
  private readonly committed = new Map<number, number>();
  private adaptations = 0;
  private adaptSeconds = 0;

  commit(step: Step): void {
    this.steps.push(step);
    const { runs, score } = step;
    const { infiniteRuns } = infiniteTargets(score.nats, runs);
    this.events.push(...scoreEvents(runs, score.totals, infiniteRuns));
    this.committed.clear();
    runs.first.forEach((first, r) => {
      this.committed.set(first, first + runs.count[r]!);
    });
  }

  /**
   * The rule that this room exists for, held once more against what was really committed.
   *
   * @param used ranges of targets, each a row's: they begin where a run does
   */
  requireCommitted(used: readonly (readonly [number, number])[]): void {
    for (const [first, count] of used) {
      for (let i = first; i < first + count; ) {
        const end = this.committed.get(i);
        if (end === undefined) {
          throw new BpbError({
            kind: 'internal',
            code: 'BPB_ADAPT_BEFORE_SCORE',
            message: `target ${i} was to be adapted to before its nats were committed`,
          });
        }
        i = end;
      }
    }
  }

  adapted(seconds: number): void {
    this.adaptations++;
    this.adaptSeconds += seconds;
  }

  learnt(used: readonly [number, number][], segments: readonly number[] | null): void {
    if (segments === null) this.events.push({ kind: 'adapt', ranges: used, document: null });
    else {
      for (const [r, range] of used.entries()) {
        this.events.push({ kind: 'adapt', ranges: [range], document: segments[r]! });
      }
    }
  }

  result(): LanesScore {
    const sum = (of: (step: Step) => number) => this.steps.reduce((n, step) => n + of(step), 0);
    const bytes = this.steps.map(({ score }) => score.deviceToHostBytes);
    return {
      ...joinSteps(this.steps),
      runSeconds: sum(({ score }) => score.runSeconds) + this.adaptSeconds,
      adaptSeconds: this.adaptSeconds,
      scoreSeconds: sum(({ score }) => score.scoreSeconds),
      adaptations: this.adaptations,
      deviceToHostBytes: bytes.includes(undefined)
        ? null
        : (bytes as number[]).reduce((a, b) => a + b, 0),
      events: this.events,
    };
  }
}
