/**
 * Runs a stream of tasks on worker threads and yields the results in the order of the tasks.
 */
import { BpbError, type ErrorDetails } from '../errors.js';
import { WorkerPool } from './pool.js';

/** A result or our own error, in a form that survives the way between threads. */
export type Answer<R> = { readonly value: R } | { readonly error: Record<string, unknown> };

/** Wraps a worker's work: a thread boundary would strip our errors of their code and hint. */
export async function answer<R>(work: () => Promise<R>): Promise<Answer<R>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof BpbError) return { error: error.toJSON() };
    throw error;
  }
}

export interface PoolOptions<T, P, R> {
  /** The part of a task that goes to the worker. */
  readonly payload: (task: T) => P;
  /** 0 runs the tasks in this thread. */
  readonly workers: number;
  /** Module of the worker, whose default export takes a payload and gives an `Answer`. */
  readonly worker: URL;
  readonly workerData: unknown;
  /** What this thread does instead when there are no workers. */
  readonly inline: () => Promise<(payload: P) => R>;
}

/** Tasks handed out ahead, per worker: one that runs, one that waits so that no worker idles. */
const AHEAD = 2;

export async function* runInOrder<T, P, R>(
  tasks: AsyncIterable<T>,
  options: PoolOptions<T, P, R>,
): AsyncGenerator<{ task: T; result: R }> {
  const { workers } = options;
  if (workers <= 0) {
    const handle = await options.inline();
    for await (const task of tasks) yield { task, result: handle(options.payload(task)) };
    return;
  }
  const pool = new WorkerPool<P, Answer<R>>({
    worker: options.worker,
    data: options.workerData,
    workers,
    tasksPerWorker: 1,
  });
  // The queue bounds what is in memory: the tasks are only read as fast as they are worked off.
  const queue: { task: T; result: Promise<Answer<R>> }[] = [];
  try {
    for await (const task of tasks) {
      const result = pool.run(options.payload(task));
      // A failure is thrown when its turn comes; until then it must not count as unhandled.
      result.catch(() => {});
      queue.push({ task, result });
      if (queue.length >= workers * AHEAD) yield await settle(queue.shift()!);
    }
    while (queue.length > 0) yield await settle(queue.shift()!);
  } finally {
    await pool.close();
  }
}

async function settle<T, R>(entry: { task: T; result: Promise<Answer<R>> }) {
  const settled = await entry.result;
  if ('error' in settled) throw new BpbError(settled.error as unknown as ErrorDetails);
  return { task: entry.task, result: settled.value };
}
