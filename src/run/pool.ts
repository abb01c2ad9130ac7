/**
 * Scoring pool: one engine per worker, one copy of the tokens and the model for all.
 */
import { WorkerPool } from '../workers/pool.js';
import type { EveryRowTask } from './every-row/check-batch.js';
import type { Opened, RowsScore, ScoreTask, WorkerSetup } from './messages.js';

/** Tasks that a worker holds at once: while its session runs one batch, it assembles the next. */
export const TASKS_PER_WORKER = 2;

/** The module that runs the artifact's model. */
const WORKER = new URL('./worker.js', import.meta.url);

export class ScorePool {
  private readonly pool: WorkerPool<ScoreTask, RowsScore, Opened>;

  /**
   * @param module another worker module, to measure the cost of the harness itself; nothing that
   *   gives a result passes one
   */
  constructor(
    setup: WorkerSetup,
    readonly workers: number,
    module: URL = WORKER,
  ) {
    this.pool = new WorkerPool({ module, setup, workers, tasksPerWorker: TASKS_PER_WORKER });
  }

  /** Loads the model in all workers. @returns the engine of the first one, which is that of all */
  async open(): Promise<Opened> {
    return (await this.pool.openAll())[0]!;
  }

  /** Scores rows of the plan as one batch; with their per-token losses where `keepNats` asks for them. */
  score(rowIndexes: Uint32Array, keepNats: boolean, everyRow?: EveryRowTask): Promise<RowsScore> {
    return this.pool.call({ rowIndexes, keepNats, everyRow });
  }

  close(): Promise<void> {
    return this.pool.close();
  }
}
