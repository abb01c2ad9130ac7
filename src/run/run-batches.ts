/**
 * Runs the batches of a plan through the pool and merges what comes back, each target once.
 */
import { interrupted } from '../errors.js';
import type { BatchPlan } from '../windows/batches.js';
import type { ScoreLedger } from '../windows/coverage.js';
import type { RowsScore } from './messages.js';
import { type ScorePool, TASKS_PER_WORKER } from './pool.js';
import type { DocumentTotals } from './totals.js';

export interface RunOptions {
  readonly pool: ScorePool;
  readonly batches: BatchPlan;
  /** Batches to run, `[from, to)`: a part of the plan, or all of it. */
  readonly range: readonly [from: number, to: number];
  readonly totals: DocumentTotals;
  readonly ledger: ScoreLedger;
  /** Whether a batch's nats are wanted one by one. */
  readonly keepNats: (batch: number, rows: Uint32Array) => boolean;
  /** Called after a batch is in the totals, in the order in which batches end. */
  readonly onMerged: (batch: number, rows: Uint32Array, result: RowsScore) => void;
  /** Holds a batch back until it may start, and lets all go on when a lane has ended. */
  readonly gate?: { admit(batch: number): Promise<void>; release(): void } | null | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface RunTimes {
  /** Seconds inside the runtime's own Run, summed over the workers. */
  runSeconds: number;
  /** Seconds inside the scorer, summed over the workers. */
  scoreSeconds: number;
  /** Runs of the adapt graph, and seconds in them, which are also in `runSeconds`. */
  adaptations: number;
  adaptSeconds: number;
  /** Bytes that came from GPUs; null where there is none or not all were counted. */
  deviceToHostBytes: number | null;
  /** Of the smallest batch shape that an engine had to fall back to; null where none has one. */
  shape: readonly [rows: number, time: number] | null;
  /** What the engines had to say, each thing once. */
  remarks: Set<string>;
}

/**
 * Every batch in the range, a bounded number in flight. The first failing batch *of the plan*, not
 * of the clock, decides which error is thrown: no new batch starts after a failure, and batches
 * start in order, so all earlier ones have been heard by then.
 *
 * @throws BPB_INTERRUPTED when the signal aborts; nothing runs on after that
 */
export async function runBatches(options: RunOptions): Promise<RunTimes> {
  const { pool, batches, range, signal } = options;
  const times: RunTimes = {
    runSeconds: 0,
    scoreSeconds: 0,
    adaptations: 0,
    adaptSeconds: 0,
    deviceToHostBytes: null,
    shape: null,
    remarks: new Set(),
  };
  let uncounted = false;
  const failures = new Map<number, unknown>();
  let next = range[0];

  const lane = async (): Promise<void> => {
    while (next < range[1] && failures.size === 0 && !signal?.aborted) {
      const batch = next++;
      if (options.gate) {
        await options.gate.admit(batch);
        if (failures.size > 0 || signal?.aborted) return;
      }
      const rows = batches.rows(batch);
      try {
        const result = await pool.score(rows, options.keepNats(batch, rows));
        if (signal?.aborted) return;
        merge(options, result);
        times.runSeconds += result.runSeconds;
        times.scoreSeconds += result.scoreSeconds;
        times.adaptations += result.adaptations;
        times.adaptSeconds += result.adaptSeconds;
        uncounted ||= result.deviceToHostBytes === null;
        times.deviceToHostBytes = uncounted
          ? null
          : (times.deviceToHostBytes ?? 0) + result.deviceToHostBytes!;
        times.shape = smaller(times.shape, result.shape);
        for (const remark of result.remarks) times.remarks.add(remark);
        options.onMerged(batch, rows, result);
      } catch (error) {
        failures.set(batch, error);
      }
    }
  };
  const lanes = Array.from({ length: lanesOf(pool) }, () =>
    lane().finally(() => options.gate?.release()),
  );
  await Promise.all(lanes);

  if (signal?.aborted) throw interrupted();
  if (failures.size > 0) throw failures.get(Math.min(...failures.keys()));
  return times;
}

/** Batches in flight. */
export function lanesOf({ workers }: Pick<ScorePool, 'workers'>): number {
  return workers * TASKS_PER_WORKER;
}

type Shape = RunTimes['shape'];

function smaller(one: Shape, other: Shape): Shape {
  if (one === null || other === null) return one ?? other;
  return other[0] * other[1] < one[0] * one[1] ? other : one;
}

function merge({ totals, ledger }: RunOptions, result: RowsScore): void {
  const { document, first, count } = result.runs;
  for (let r = 0; r < count.length; r++) {
    ledger.mark(first[r]!, count[r]!);
    totals.add(document[r]!, count[r]!, result.totals[r]!);
  }
  totals.addInfinite(result.infinite);
}
