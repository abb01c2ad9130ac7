/**
 * Worker pool: a fixed number of threads, each with the service of one worker module.
 *
 * A thread that is terminated while it starts can abort the whole process, so the pool closes in two
 * steps: every thread has answered a ping, with nothing running in it, before any is terminated.
 */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { BpbError } from '../errors.js';
import { type Message, resultOf, type ThreadData, type ThreadReply } from './protocol.js';
import { beginClosing, holdExit, isClosing, newThreadState } from './thread-state.js';
import { poolClosed, workerDied } from './worker-errors.js';

const BOOTSTRAP = fileURLToPath(new URL('./bootstrap.cjs', import.meta.url));

interface WorkerPoolOptions {
  /** The worker module: its default export is made with `serve()`. */
  readonly module: URL;
  /** Sent to each thread once; what is in shared memory is not copied. */
  readonly setup: unknown;
  /** Threads, at least one. */
  readonly workers: number;
  /** Tasks that a thread holds at once; more than one only helps where they are asynchronous. */
  readonly tasksPerWorker: number;
}

export class WorkerPool<Task, Result, Opened = undefined> {
  readonly workers: number;
  private readonly pool: Piscina<Message, ThreadReply<unknown>>;
  private readonly state = newThreadState();
  private readonly inFlight = new Set<Promise<unknown>>();
  /** Ids of threads that are created; piscina reports those that replace another once they run. */
  private readonly created = new Set<number>();
  /** Why the pool takes no further task. */
  private failure: BpbError | undefined;
  private closed: Promise<void> | undefined;
  private readonly releaseExit: () => void;
  /** Whether all threads are idle for good, and are being terminated. */
  private terminating = false;

  constructor({ module, setup, workers, tasksPerWorker }: WorkerPoolOptions) {
    this.workers = workers;
    this.pool = new Piscina<Message, ThreadReply<unknown>>({
      filename: BOOTSTRAP,
      workerData: { module: module.href, setup, state: this.state } satisfies ThreadData,
      minThreads: workers,
      maxThreads: workers,
      concurrentTasksPerWorker: tasksPerWorker,
      // A thread that starts again would have to open its service again.
      idleTimeout: Number.POSITIVE_INFINITY,
    });
    this.releaseExit = holdExit(this.state);
    this.pool.on('workerCreate', ({ id }: { id: number }) => this.created.add(id));
    this.pool.on('workerDestroy', () => this.onThreadEnd());
    this.pool.on('error', (error: unknown) => this.fail(error));
  }

  /**
   * Opens the service in every thread; called before the first task, if at all. Every thread has
   * answered before the first refusal is thrown, so that none is still opening then.
   *
   * @returns what each service gives as `opened`
   */
  async openAll(): Promise<Opened[]> {
    // All threads are idle, and piscina gives a message to an idle thread: one message each.
    const settled = await Promise.allSettled(
      Array.from({ length: this.workers }, () => this.send<Opened>({ kind: 'open' })),
    );
    return settled.map((each) => {
      if (each.status === 'rejected') throw each.reason;
      return each.value;
    });
  }

  /**
   * Runs a task in the least busy thread.
   *
   * @param transfer buffers of the task that are moved to the thread instead of copied
   * @throws what the handler throws; BPB_WORKER_DIED where its thread ends; BPB_POOL_CLOSED
   */
  call(task: Task, transfer: ArrayBuffer[] = []): Promise<Result> {
    return this.send<Result>({ kind: 'task', task }, transfer);
  }

  private send<T>(message: Message, transferList: ArrayBuffer[] = []): Promise<T> {
    const answered = this.exchange<T>(message, transferList);
    this.inFlight.add(answered);
    const settled = () => this.inFlight.delete(answered);
    answered.then(settled, settled);
    return answered;
  }

  private async exchange<T>(message: Message, transferList: ArrayBuffer[]): Promise<T> {
    if (this.failure !== undefined) throw this.failure;
    if (this.closed !== undefined) throw poolClosed();
    let reply: ThreadReply<T>;
    try {
      reply = (await this.pool.run(message, { transferList })) as ThreadReply<T>;
    } catch (error) {
      // Handlers reply with what they throw: what is left is a task that cannot be cloned and a
      // thread that ended.
      if (!isClosing(this.state) && error instanceof DOMException) throw error;
      throw this.fail(error);
    }
    if ('closed' in reply) throw this.failure ?? poolClosed();
    return resultOf(reply);
  }

  private fail(cause?: unknown): BpbError {
    beginClosing(this.state);
    this.failure ??= workerDied(cause);
    return this.failure;
  }

  /** Piscina replaces a thread that died, but what it kept is lost: the pool begins no further task. */
  private onThreadEnd(): void {
    if (this.terminating) return;
    beginClosing(this.state);
    queueMicrotask(() => {
      // No replacement: what waits for a thread would wait for ever.
      if (this.pool.threads.length === 0) void this.pool.destroy();
    });
  }

  /** Ends the threads, after what runs in them. Tasks that have not begun are dropped. */
  close(): Promise<void> {
    this.closed ??= this.shutDown();
    return this.closed;
  }

  private async shutDown(): Promise<void> {
    beginClosing(this.state);
    await Promise.allSettled(this.inFlight);
    let idle = false;
    while (!idle) idle = await this.allIdle();
    this.terminating = true;
    await this.pool.destroy();
    this.releaseExit();
  }

  /** Whether each thread has answered a ping; false where one died meanwhile and was replaced. */
  private async allIdle(): Promise<boolean> {
    while (this.pool.threads.some(({ threadId }) => !this.created.has(threadId))) {
      await new Promise<void>((resolve) => {
        this.pool.once('workerCreate', () => resolve());
        this.pool.once('workerDestroy', () => resolve());
      });
    }
    const pings = this.pool.threads.map(() => this.pool.run({ kind: 'ping' }));
    const answers = await Promise.allSettled(pings);
    return answers.every(({ status }) => status === 'fulfilled');
  }
}
