/**
 * Worker protocol: what a worker module exports, and the messages between a pool and its threads.
 */
import { type CarriedError, packError, unpackError } from './carried-error.js';
import type { ThreadState } from './thread-state.js';

/** Runs a task. What it throws reaches the caller of the pool with all its fields. */
export type Handler<Task, Result> = (task: Task) => Handled<Result> | Promise<Handled<Result>>;

export type Handled<Result> = Result | WithTransfer<Result>;

/** A handler, and the message to the pool's owner once it is ready. */
export interface Service<Task, Result, Opened> {
  readonly opened: Opened;
  readonly handle: Handler<Task, Result>;
}

/** Default export of a worker module; called once in each thread, before its first task. */
export type OpenService = (setup: unknown) => Promise<Service<unknown, unknown, unknown>>;

/**
 * The default export of a worker module.
 *
 * @example
 * ```ts
 * export default serve(async (setup: Tokenizer) => {
 *   const encoder = await createEncoder(setup);
 *   return (text: string) => encoder.encode(text);
 * });
 * ```
 * @param open makes the handler of a thread from the pool's setup; with a result for `openAll()`
 *   where it gives a `Service`
 */
export function serve<Setup, Task, Result, Opened = undefined>(
  open: (setup: Setup) => Promise<Handler<Task, Result> | Service<Task, Result, Opened>>,
): OpenService {
  return async (setup) => {
    const opened = await open(setup as Setup);
    const service = typeof opened === 'function' ? { opened: undefined, handle: opened } : opened;
    return service as Service<unknown, unknown, unknown>;
  };
}

/** A result, and those of its buffers that are moved to the receiving thread instead of copied. */
export class WithTransfer<Result> {
  constructor(
    readonly result: Result,
    readonly buffers: readonly ArrayBuffer[],
  ) {}
}

/** What a handler returned, for a caller in the same thread. */
export function withoutTransfer<Result>(handled: Handled<Result>): Result {
  return handled instanceof WithTransfer ? handled.result : handled;
}

/** From a pool to a thread. */
export type Message =
  /** Asks for nothing but an answer. */
  | { readonly kind: 'ping' }
  | { readonly kind: 'open' }
  | { readonly kind: 'task'; readonly task: unknown };

/** `workerData` of each thread. */
export interface ThreadData {
  /** Address of the worker module. */
  readonly module: string;
  readonly setup: unknown;
  readonly state: ThreadState;
}

/** What work came to, as plain data. */
export type Reply<T> = { readonly value: T } | { readonly error: CarriedError };

/** From a thread to its pool; `closed` where the task was not begun, as the pool is closing. */
export type ThreadReply<T> = Reply<T> | { readonly closed: true };

/** Runs `work`; what it throws becomes the reply. */
export async function replyOf<T>(work: () => Promise<T>): Promise<Reply<T>> {
  try {
    return { value: await work() };
  } catch (error) {
    return { error: packError(error) };
  }
}

/** The value of a reply. @throws what the work threw, with all its fields */
export function resultOf<T>(reply: Reply<T>): T {
  if ('error' in reply) throw unpackError(reply.error);
  return reply.value;
}
