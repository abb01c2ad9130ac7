/**
 * Ctrl+C: the first one stops cleanly, the second one at once.
 */
import { EXIT_CODES } from '../errors.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Aborts on the first signal; a second one ends the process. */
export function interruptSignal(): AbortSignal {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) process.exit(EXIT_CODES.interrupted);
    controller.abort();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return controller.signal;
}
