/**
 * A pool of worker threads that is never closed on a thread that is still starting.
 *
 * Terminating a worker while it loads its modules can abort the whole process (Node 20.20: an
 * assertion in CreateRequiredModuleFacade, or a plain SIGABRT; piscina loads ES modules through
 * `require`). A pool with more workers than tasks would run into it at the end of every short job.
 */
import { fileURLToPath } from 'node:url';
import { isMainThread, workerData } from 'node:worker_threads';
import { Piscina, transferableSymbol, valueSymbol } from 'piscina';

/** A worker that has not started by then never will; the pool is closed as it is. */
const START_TIMEOUT_MS = 30_000;

interface ThreadData {
  /** How many workers have loaded their modules. */
  readonly started: Int32Array<SharedArrayBuffer>;
  readonly data: unknown;
}

export interface WorkerPoolOptions {
  /** Module of the worker; its default export takes a task, its last line is `announceStarted()`. */
  readonly worker: URL;
  /** Handed once to each worker, which reads it with `threadData()`. */
  readonly data: unknown;
  readonly workers: number;
  readonly tasksPerWorker: number;
}

export class WorkerPool<Task, Result> {
  readonly workers: number;
  private readonly pool: Piscina<Task, Result>;
  private readonly started = new Int32Array(new SharedArrayBuffer(4));

  constructor({ worker, data, workers, tasksPerWorker }: WorkerPoolOptions) {
    this.workers = workers;
    this.pool = new Piscina<Task, Result>({
      filename: fileURLToPath(worker),
      workerData: { started: this.started, data } satisfies ThreadData,
      minThreads: workers,
      maxThreads: workers,
      concurrentTasksPerWorker: tasksPerWorker,
      // A worker that starts again would load again what it keeps.
      idleTimeout: Number.POSITIVE_INFINITY,
    });
  }

  run(task: Task): Promise<Result> {
    return this.pool.run(task);
  }

  /** Ends the workers, once all have started. */
  async close(): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      const started = Atomics.load(this.started, 0);
      const left = deadline - performance.now();
      if (started >= this.workers || left <= 0) break;
      await Atomics.waitAsync(this.started, 0, started, left).value;
    }
    await this.pool.destroy();
  }
}

/** What the pool handed to this worker thread. */
export function threadData<T>(): T {
  return (workerData as ThreadData).data as T;
}

/**
 * `result` of a worker, of which `buffers` are handed over to the pool's thread and not copied: the
 * worker must not use them again.
 */
export function handedOver<T extends object>(result: T, buffers: ArrayBuffer[]): T {
  if (isMainThread) return result;
  // Piscina takes the wrapping off again.
  return Piscina.move({ [transferableSymbol]: buffers, [valueSymbol]: result }) as T;
}

let announced = false;

/**
 * The last line of a worker module; does nothing where the module is loaded outside of a pool. Once a
 * thread: a worker module may import another one's handler, and with two counts for one thread the pool
 * would be closed on a thread that is still starting.
 */
export function announceStarted(): void {
  if (isMainThread || announced) return;
  announced = true;
  const { started } = (workerData ?? {}) as Partial<ThreadData>;
  if (started === undefined) return;
  // Not before piscina's `require` of this module has returned, which goes on after its last line.
  queueMicrotask(() => {
    Atomics.add(started, 0, 1);
    Atomics.notify(started, 0);
  });
}
