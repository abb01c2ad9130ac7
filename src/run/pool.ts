/**
 * The scoring pool: one engine a worker, one copy of the tokens and the model for all.
 */
import { WorkerPool } from '../workers/pool.js';
import type { Opened, Reply, RowsScore, WorkerSetup, WorkerTask } from './messages.js';
import { unwrap } from './messages.js';

/**
 * Tasks a worker holds at once: while its session runs one batch, the thread prepares the next.
 */
export const TASKS_PER_WORKER = 2;

/** The module that runs the artifact's model. */
const WORKER = new URL('./worker.js', import.meta.url);

export class ScorePool {
  private readonly pool: WorkerPool<WorkerTask, Reply<Opened | RowsScore>>;
  private closed: Promise<void> | undefined;

  /**
   * @param worker another module for its threads, to measure what the harness itself costs; nothing
   * that gives a result passes one
   */
  constructor(
    setup: WorkerSetup,
    readonly workers: number,
    worker: URL = WORKER,
  ) {
    this.pool = new WorkerPool({
      worker,
      data: setup,
      workers,
      tasksPerWorker: TASKS_PER_WORKER,
    });
  }

  /** Loads the model in the workers; the first one speaks for all. */
  async open(): Promise<Opened> {
    // All are heard before one's refusal is thrown: none is left in the middle of loading.
    const replies = await Promise.all(
      Array.from({ length: this.workers }, () => this.pool.run({ kind: 'open' })),
    );
    return unwrap(replies[0] as Reply<Opened>);
  }

  async score(rows: Uint32Array, keepNats: boolean): Promise<RowsScore> {
    return unwrap((await this.pool.run({ kind: 'score', rows, keepNats })) as Reply<RowsScore>);
  }

  close(): Promise<void> {
    this.closed ??= this.pool.close();
    return this.closed;
  }
}
