/**
 * Shared state of a pool's threads: whether tasks may begin, and how many threads are opening.
 *
 * A thread must not be terminated while it opens its service: the binding of onnxruntime-node throws
 * a C++ exception then, which nothing catches, and the whole process aborts. A closing pool waits for
 * its threads; `process.exit()` and an uncaught error do not, so an exit listener waits for them.
 */

/** `[closing, opening]`, in shared memory. */
export type ThreadState = Int32Array<SharedArrayBuffer>;

const CLOSING = 0;
const OPENING = 1;

/** The longest that a process that exits waits for threads; a driver that hangs must not hold it. */
const EXIT_WAIT_MS = 10_000;

export function newThreadState(): ThreadState {
  return new Int32Array(new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT));
}

/** From now on no task begins and no service opens. */
export function beginClosing(state: ThreadState): void {
  Atomics.store(state, CLOSING, 1);
}

export function isClosing(state: ThreadState): boolean {
  return Atomics.load(state, CLOSING) === 1;
}

/** Runs `open` as one of the threads that are opening. @returns null where the pool is closing */
export async function whileOpening<T>(
  state: ThreadState,
  open: () => Promise<T>,
): Promise<T | null> {
  // Counted before it asks: an exit that begins in between sees the count or is seen here.
  Atomics.add(state, OPENING, 1);
  try {
    return isClosing(state) ? null : await open();
  } finally {
    Atomics.sub(state, OPENING, 1);
    Atomics.notify(state, OPENING);
  }
}

const live = new Set<ThreadState>();

/** Holds the exit of the process until no thread of `live` is opening. */
function waitAtExit(): void {
  const deadline = performance.now() + EXIT_WAIT_MS;
  for (const state of live) beginClosing(state);
  for (const state of live) {
    let opening = Atomics.load(state, OPENING);
    while (opening > 0 && performance.now() < deadline) {
      Atomics.wait(state, OPENING, opening, deadline - performance.now());
      opening = Atomics.load(state, OPENING);
    }
  }
}

/** Has an exit of the process wait for the threads of `state` to have opened. @returns ends that */
export function holdExit(state: ThreadState): () => void {
  if (live.size === 0) process.on('exit', waitAtExit);
  live.add(state);
  return () => {
    live.delete(state);
    if (live.size === 0) process.off('exit', waitAtExit);
  };
}
