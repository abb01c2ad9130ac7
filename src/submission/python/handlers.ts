/**
 * Exceptions of the script: which are caught, and what those that are not say.
 */
import { argumentsOf } from './exceptions.js';
import { Raised, RunEnded } from './failures.js';
import { type PyClass, PyInstance } from './object-classes.js';
import type { PyObject, Value } from './values.js';

/** Whether code that is running takes the exception; one for each `try`, innermost last. */
export type Handler = (exception: Value) => boolean;

export function isCaught(exception: Value, handlers: readonly Handler[]): boolean {
  return handlers.some((handler) => {
    try {
      return handler(exception);
    } catch (failure) {
      if (failure instanceof RunEnded) throw failure;
      return false;
    }
  });
}

/** What is run gives; undefined where it raises an exception of the class. */
export function untilRaised(
  wanted: PyClass,
  handlers: Handler[],
  run: () => Value | undefined,
): Value | undefined {
  const guard: Handler = (raised) => raised instanceof PyInstance && raised.cls.derives(wanted);
  const size = handlers.push(guard) - 1;
  try {
    return run();
  } catch (failure) {
    if (failure instanceof Raised && guard(failure.exception)) return undefined;
    throw failure;
  } finally {
    handlers.length = size;
  }
}

/** `sys.exit()` without an error. */
export function leavesNormally({ exception }: Raised): boolean {
  if (exception.typeName !== 'SystemExit') return false;
  const [code = null] = argumentsOf(exception);
  return code === null || code === 0 || code === false;
}

export function named(exception: PyObject): string {
  const message = argumentsOf(exception)[0];
  return exception.typeName + (typeof message === 'string' ? `: ${message.slice(0, 120)}` : '');
}
