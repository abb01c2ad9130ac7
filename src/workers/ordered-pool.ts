/**
 * Ordered worker pool: results in task order, from a reorder buffer over a worker pool.
 */
import { WorkerPool } from './pool.js';
import { type Handler, withoutTransfer } from './protocol.js';

export interface OrderedOptions<Task, Payload, Result, Setup> {
  /** The part of a task that is sent to the worker. */
  readonly payload: (task: Task) => Payload;
  /** Threads; 0 runs the tasks in this thread. */
  readonly workers: number;
  /** The worker module: `serve(open)`. */
  readonly module: URL;
  readonly setup: Setup;
  /** Makes the handler in this thread where there are no workers. */
  readonly open: (setup: Setup) => Promise<Handler<Payload, Result>>;
}

/** Tasks in flight, per worker: one that runs and one that waits, so that no worker is idle. */
export const TASKS_IN_FLIGHT = 2;

/**
 * Runs tasks in parallel and yields them with their results, in their order.
 *
 * Back-pressure: at most `workers * TASKS_IN_FLIGHT` tasks are taken from `tasks` before their
 * results are yielded, so memory is bounded however long the stream is.
 *
 * @throws what the first failing task *in task order* throws; later results are dropped
 */
export async function* runInOrder<Task, Payload, Result, Setup>(
  tasks: AsyncIterable<Task>,
  options: OrderedOptions<Task, Payload, Result, Setup>,
): AsyncGenerator<{ task: Task; result: Result }> {
  const { workers, module, setup } = options;
  if (workers <= 0) {
    const handle = await options.open(setup);
    for await (const task of tasks) {
      yield { task, result: withoutTransfer(await handle(options.payload(task))) };
    }
    return;
  }
  const pool = new WorkerPool<Payload, Result>({ module, setup, workers, tasksPerWorker: 1 });
  const buffer: { task: Task; result: Promise<Result> }[] = [];
  try {
    for await (const task of tasks) {
      const result = pool.call(options.payload(task));
      // A rejection is thrown in its turn; until then it must not count as unhandled.
      result.catch(() => {});
      buffer.push({ task, result });
      if (buffer.length >= workers * TASKS_IN_FLIGHT) yield await first(buffer);
    }
    while (buffer.length > 0) yield await first(buffer);
  } finally {
    await pool.close();
  }
}

async function first<Task, Result>(
  buffer: { task: Task; result: Promise<Result> }[],
): Promise<{ task: Task; result: Result }> {
  const { task, result } = buffer.shift()!;
  return { task, result: await result };
}
