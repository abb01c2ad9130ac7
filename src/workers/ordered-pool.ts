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
  /** Whether a task is done sooner than a thread has started: in this thread, where it is the only one. */
  readonly isShort: (task: Task) => boolean;
  /** Makes the handler in this thread where no worker does. */
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
  const source = tasks[Symbol.asyncIterator]();
  try {
    const ahead: Task[] = [];
    // What comes second is known before a thread is started for what comes first.
    while (options.workers > 0 && ahead.length < 2) {
      const { done, value } = await source.next();
      if (done) break;
      ahead.push(value);
    }
    const isShort = ahead.length === 1 && options.isShort(ahead[0]!);
    const run = ahead.length === 0 || isShort ? runHere : runInThreads;
    yield* run(replay(ahead, source), options);
  } finally {
    await source.return?.();
  }
}

async function* replay<Task>(ahead: Task[], source: AsyncIterator<Task>): AsyncGenerator<Task> {
  yield* ahead;
  yield* { [Symbol.asyncIterator]: () => source };
}

async function* runHere<Task, Payload, Result, Setup>(
  tasks: AsyncIterable<Task>,
  { open, payload, setup }: OrderedOptions<Task, Payload, Result, Setup>,
): AsyncGenerator<{ task: Task; result: Result }> {
  const handle = await open(setup);
  for await (const task of tasks) {
    yield { task, result: withoutTransfer(await handle(payload(task))) };
  }
}

async function* runInThreads<Task, Payload, Result, Setup>(
  tasks: AsyncIterable<Task>,
  { payload, workers, module, setup }: OrderedOptions<Task, Payload, Result, Setup>,
): AsyncGenerator<{ task: Task; result: Result }> {
  const pool = new WorkerPool<Payload, Result>({ module, setup, workers, tasksPerWorker: 1 });
  const buffer: { task: Task; result: Promise<Result> }[] = [];
  try {
    for await (const task of tasks) {
      const result = pool.call(payload(task));
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
