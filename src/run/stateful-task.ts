/**
 * Record of one stateful task: what it has committed and adapted to, in order, and its joined result.
 */
import type { LogitFacts } from '../engine/types.js';
import { BpbError } from '../errors.js';
import type { AdaptEvent, LedgerEvent, TargetRange } from '../ledger/events.js';
import type { ScoredRows } from './assemble.js';
import { type EveryRowSums, EveryRowTotals } from './every-row/sums.js';
import {
  type InfiniteCounts,
  type InfiniteTargets,
  type ScoredSpans,
  scoreEvents,
} from './scored-spans.js';

/** The scores of all steps of a task, joined in their order, with its times and ledger events. */
export interface StatefulScore extends InfiniteCounts {
  readonly spans: ScoredSpans;
  /** Q30 sum of each span. */
  readonly q30: BigInt64Array;
  readonly nats: Float32Array;
  /** Seconds inside the two graphs, and in the scorer. */
  readonly runSeconds: number;
  readonly adaptSeconds: number;
  readonly scoreSeconds: number;
  /** Runs of the adapt graph. */
  readonly adaptations: number;
  readonly deviceToHostBytes: number | null;
  readonly events: readonly LedgerEvent[];
  /** Width of the logits, and facts of those of the first step where they were asked for. */
  readonly vocabulary?: number | undefined;
  readonly facts?: LogitFacts | undefined;
  /** Of the checks that were asked for. */
  readonly everyRow?: EveryRowSums | undefined;
}

export class StatefulTask {
  private readonly steps: ScoredRows[] = [];
  private readonly events: LedgerEvent[] = [];
  /** Spans of the last step: first target to the target after the last. */
  private readonly committed = new Map<number, number>();
  private adaptations = 0;
  private adaptSeconds = 0;
  private everyRow: EveryRowTotals | null = null;

  /** Enters a scored step: from here on its nats are part of the result and cannot change. */
  commit(step: ScoredRows): void {
    this.steps.push(step);
    const { spans, q30, infiniteSpans } = step;
    this.events.push(...scoreEvents(spans, q30, infiniteSpans));
    this.committed.clear();
    spans.first.forEach((first, r) => {
      this.committed.set(first, first + spans.count[r]!);
    });
  }

  /**
   * Checks the rule "score before adapting" against what was committed, independent of the runner.
   *
   * @param used ranges of targets, one a row, each of which begins where a span does
   * @throws BPB_ADAPT_BEFORE_SCORE (internal)
   */
  requireCommitted(used: readonly TargetRange[]): void {
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

  /** Enters what came of checking a step. */
  checked(sums: EveryRowSums): void {
    this.everyRow ??= new EveryRowTotals();
    this.everyRow.merge(sums);
  }

  /** Enters one run of the adapt graph. */
  adapted(seconds: number): void {
    this.adaptations++;
    this.adaptSeconds += seconds;
  }

  /** Enters the targets of an update; `document` null is state that all documents share. */
  updated(ranges: readonly TargetRange[], document: AdaptEvent['document']): void {
    this.events.push({ kind: 'adapt', ranges, document });
  }

  result(): StatefulScore {
    const { steps, events, adaptations, adaptSeconds } = this;
    const sum = (of: (step: ScoredRows) => number) => steps.reduce((n, step) => n + of(step), 0);
    const bytes = steps.map(({ deviceToHostBytes }) => deviceToHostBytes);
    return {
      ...joined(steps),
      vocabulary: steps[0]!.vocabulary,
      facts: steps[0]!.facts,
      runSeconds: sum(({ runSeconds }) => runSeconds) + adaptSeconds,
      adaptSeconds,
      scoreSeconds: sum(({ scoreSeconds }) => scoreSeconds),
      adaptations,
      deviceToHostBytes: bytes.includes(undefined)
        ? null
        : (bytes as number[]).reduce((a, b) => a + b, 0),
      events,
      ...(this.everyRow === null ? {} : { everyRow: { ...this.everyRow } }),
    };
  }
}

type Joined = Pick<
  StatefulScore,
  'spans' | 'q30' | 'nats' | 'least' | 'most' | 'infinite' | 'infiniteSpans'
>;

function joined(steps: readonly ScoredRows[]): Joined {
  const numbers = (of: (step: ScoredRows) => Uint32Array) =>
    concatenated(Uint32Array, steps.map(of));
  const infinite = steps.map((step) => step.infinite).reduce(added);
  return {
    spans: {
      document: numbers(({ spans }) => spans.document),
      first: numbers(({ spans }) => spans.first),
      count: numbers(({ spans }) => spans.count),
    },
    q30: concatenated(
      BigInt64Array,
      steps.map(({ q30 }) => q30),
    ),
    nats: concatenated(
      Float32Array,
      steps.map(({ nats }) => nats),
    ),
    least: steps.reduce((least, step) => Math.min(least, step.least), Number.POSITIVE_INFINITY),
    most: steps.reduce((most, step) => Math.max(most, step.most), Number.NEGATIVE_INFINITY),
    infinite,
    infiniteSpans:
      infinite.count === 0
        ? null
        : numbers(
            ({ infiniteSpans, spans }) => infiniteSpans ?? new Uint32Array(spans.count.length),
          ),
  };
}

function added(a: InfiniteTargets, b: InfiniteTargets): InfiniteTargets {
  if (a.count === 0 || b.count === 0) return a.count === 0 ? b : a;
  return { count: a.count + b.count, first: Math.min(a.first, b.first) };
}

type Numbers = Uint32Array | Float32Array | BigInt64Array;

function concatenated<A extends Numbers>(Type: new (length: number) => A, parts: readonly A[]): A {
  const whole = new Type(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part as never, at);
    at += part.length;
  }
  return whole;
}
