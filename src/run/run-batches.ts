/**
 * Dispatch of a plan's batches to the pool: a bounded number in flight, results merged as they end.
 */
import { interrupted } from '../errors.js';
import type { BatchPlan } from '../windows/batches.js';
import type { EveryRowTask } from './every-row/check-batch.js';
import type { RowsScore } from './messages.js';
import { type ScorePool, TASKS_PER_WORKER } from './pool.js';

/** Back-pressure from a consumer that needs results in the order of the plan. */
export interface BatchGate {
  /** Resolves when `batch` may start. */
  admit(batch: number): Promise<void>;
  /** Lets all batches start: one that others wait for may never end. */
  release(): void;
}

export interface RunOptions {
  readonly pool: Pick<ScorePool, 'workers' | 'score'>;
  readonly batches: BatchPlan;
  /** Batches to run, `[from, to)`: a part of the plan, or all of it. */
  readonly range: readonly [from: number, to: number];
  /** Whether the worker returns the nats of a batch one by one. */
  readonly keepNats: (rows: Uint32Array) => boolean;
  /** What a batch is checked for beside its score; absent where nothing is. */
  readonly everyRow?: ((batch: number) => EveryRowTask) | undefined;
  /** Merges a batch; called in the order in which batches end. */
  readonly onScored: (batch: number, rows: Uint32Array, result: RowsScore) => void;
  readonly gate?: BatchGate | null | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs every batch in the range. The first failing batch in plan order, not in time, decides
 * which error is thrown: no batch starts after a failure, and batches start in order, so all earlier
 * ones have ended by then.
 *
 * @throws BPB_INTERRUPTED when the signal aborts; no batch is in flight then
 */
export async function runBatches(options: RunOptions): Promise<void> {
  const { pool, batches, range, keepNats, everyRow, onScored, gate, signal } = options;
  const failures = new Map<number, unknown>();
  let next = range[0];

  const runSlot = async (): Promise<void> => {
    while (next < range[1] && failures.size === 0 && !signal?.aborted) {
      const batch = next++;
      if (gate) {
        await gate.admit(batch);
        if (failures.size > 0 || signal?.aborted) return;
      }
      const rows = batches.rowIndexes(batch);
      try {
        const result = await pool.score(rows, keepNats(rows), everyRow?.(batch));
        if (signal?.aborted) return;
        onScored(batch, rows, result);
      } catch (error) {
        failures.set(batch, error);
      }
    }
  };
  await Promise.all(
    Array.from({ length: batchesInFlight(pool) }, () => runSlot().finally(() => gate?.release())),
  );

  if (signal?.aborted) throw interrupted();
  if (failures.size > 0) throw failures.get(Math.min(...failures.keys()));
}

/** Batches in flight. */
export function batchesInFlight({ workers }: Pick<ScorePool, 'workers'>): number {
  return workers * TASKS_PER_WORKER;
}
