/**
 * Signals: the first SIGINT or SIGTERM aborts a run that can be aborted, and ends any other at once; a
 * second one always ends the process at once.
 */
import { setImmediate } from 'node:timers/promises';
import { BpbError, EXIT_CODES, interrupted } from '../errors.js';

const KINDS = { SIGINT: 'interrupted', SIGTERM: 'terminated' } as const;
type StopSignal = keyof typeof KINDS;

let received: StopSignal | null = null;
let running: AbortController | null = null;

/** Takes over the signals, so that the exit code is the same in every command, also as process 1. */
export function handleSignals(): void {
  for (const signal of Object.keys(KINDS) as StopSignal[]) {
    process.on(signal, () => {
      if (running === null || running.signal.aborted) process.exit(EXIT_CODES[KINDS[signal]]);
      received = signal;
      running.abort(withSignal(interrupted()));
    });
  }
}

/**
 * Runs `work`, and has a signal heard that came while it ran without a pause. Signals are read in the
 * poll phase of the event loop, which lies between its first and its second check phase.
 */
export async function hearingSignals<T>(work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await setImmediate();
    await setImmediate();
  }
}

/** Of a run that ends when it is aborted; its reason is the error that the run ends with. */
export function interruptSignal(): AbortSignal {
  running = new AbortController();
  return running.signal;
}

/** `error`, or for a run that SIGTERM ended the same with exit code 143 in place of 130. */
export function withSignal(error: BpbError): BpbError {
  if (error.kind !== 'interrupted' || received !== 'SIGTERM') return error;
  const { code, message } = error;
  return new BpbError({ kind: 'terminated', code, message, cause: error });
}
