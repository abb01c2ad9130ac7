/**
 * The worker pool: one engine a worker, one copy of the tokens and the model for all.
 */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { Opened, Reply, RowsScore, WorkerSetup, WorkerTask } from './messages.js';
import { unwrap } from './messages.js';

/**
 * Tasks a worker holds at once: while its session runs one batch, the thread prepares the next.
 */
export const TASKS_PER_WORKER = 2;

export class ScorePool {
  private readonly pool: Piscina<WorkerTask, Reply<Opened | RowsScore>>;

  constructor(
    setup: WorkerSetup,
    readonly workers: number,
  ) {
    this.pool = new Piscina({
      filename: fileURLToPath(new URL('./worker.js', import.meta.url)),
      workerData: setup,
      minThreads: workers,
      maxThreads: workers,
      concurrentTasksPerWorker: TASKS_PER_WORKER,
      // A worker that starts again would load its model again.
      idleTimeout: Number.POSITIVE_INFINITY,
    });
  }

  /** Loads the model in every worker; the first one speaks for all. */
  async open(): Promise<Opened> {
    const replies = await Promise.all(
      Array.from({ length: this.workers }, () => this.pool.run({ kind: 'open' })),
    );
    return unwrap(replies[0] as Reply<Opened>);
  }

  async score(rows: Uint32Array, keepNats: boolean): Promise<RowsScore> {
    return unwrap((await this.pool.run({ kind: 'score', rows, keepNats })) as Reply<RowsScore>);
  }

  async close(): Promise<void> {
    await this.pool.destroy();
  }
}
