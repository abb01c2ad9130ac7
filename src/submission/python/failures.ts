/**
 * What ends a statement, or the run, before its end.
 */
import type { PyObject, Stop, Unknown } from './values.js';

/** A Python exception on its way to a handler of the script. */
export class Raised {
  constructor(
    readonly exception: PyObject,
    readonly stop: Stop,
  ) {}
}

/** The budget of the run is spent, or the script ended itself: nothing of it is run any more. */
export class RunEnded {
  constructor(readonly stop: Stop) {}
}

/** What would be gone through is not known; the statement's results are not known either. */
export class Undecided {
  constructor(readonly unknown: Unknown) {}
}
