/**
 * Signals of a run: the first SIGINT or SIGTERM aborts it, a second one ends the process at once.
 */
import { BpbError, EXIT_CODES } from '../errors.js';

const KINDS = { SIGINT: 'interrupted', SIGTERM: 'terminated' } as const;
type StopSignal = keyof typeof KINDS;

let received: StopSignal | null = null;

/** Takes over the signals; only for a run that ends when the returned signal is aborted. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const onSignal = (signal: StopSignal): void => {
    if (controller.signal.aborted) process.exit(EXIT_CODES[KINDS[signal]]);
    received = signal;
    controller.abort();
  };
  for (const signal of Object.keys(KINDS) as StopSignal[])
    process.on(signal, () => onSignal(signal));
  return controller.signal;
}

/** `error`, or for a run that SIGTERM ended the same with exit code 143 in place of 130. */
export function withSignal(error: BpbError): BpbError {
  if (error.kind !== 'interrupted' || received !== 'SIGTERM') return error;
  const { code, message } = error;
  return new BpbError({ kind: 'terminated', code, message, cause: error });
}
