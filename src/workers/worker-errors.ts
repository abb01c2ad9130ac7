/**
 * Errors of a worker pool itself, as opposed to those of its tasks.
 */
import { BpbError } from '../errors.js';

/** A thread ended before it answered: its memory ran out, or something in it ended it. */
export function workerDied(cause: unknown): BpbError {
  const code = (cause as { code?: unknown } | undefined)?.code;
  const memory = code === 'ERR_WORKER_OUT_OF_MEMORY';
  return new BpbError({
    kind: memory ? 'environment' : 'internal',
    code: 'BPB_WORKER_DIED',
    message: 'A worker thread ended before it answered.',
    expected: 'an answer to each task',
    // Empty where the thread's own error cannot be cloned.
    actual: (cause instanceof Error && cause.message) || 'the thread is gone',
    hint: memory
      ? 'Give Node more memory (NODE_OPTIONS=--max-old-space-size=MEGABYTES) or take fewer workers.'
      : undefined,
    cause,
  });
}

/** A task that was not begun because its pool was closed: a bug of the caller if it sees this. */
export function poolClosed(): BpbError {
  return new BpbError({
    kind: 'internal',
    code: 'BPB_POOL_CLOSED',
    message: 'The worker pool was closed before the task began.',
  });
}
