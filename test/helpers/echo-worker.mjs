/**
 * Worker module that does what its task says, and counts what runs at once.
 *
 * Setup: `{ refuse?: string, counters: Int32Array }` with shared `[services opened, tasks begun]`.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { BpbError } from '../../dist/errors.js';
import { serve } from '../../dist/workers/protocol.js';

class RowError extends BpbError {
  constructor(row) {
    super({
      kind: 'limit',
      code: 'BPB_ECHO',
      message: 'refused',
      path: 'some/file',
      expected: 'one thing',
      actual: 'another',
      hint: 'give that one',
      cause: new RangeError('below', { cause: 'a text' }),
    });
    this.name = 'RowError';
    this.row = row;
    this.offset = -0;
    this.callback = () => {};
  }
}

const doing = {
  value: ({ value }) => value,
  delay: async ({ milliseconds, value }) => {
    await delay(milliseconds);
    return value;
  },
  /** Ends when the shared number is no longer 0. */
  hold: ({ gate, value }) => {
    Atomics.wait(gate, 0, 0);
    return value;
  },
  refuse: ({ row }) => {
    throw new RowError(row);
  },
  typeError: () => null.field,
  text: () => {
    throw 'only a text';
  },
  exit: ({ code }) => process.exit(code),
  uncaught: () =>
    new Promise(() => {
      setImmediate(() => {
        throw new Error('outside of the task');
      });
    }),
  uncloneable: () => () => {},
  memory: () => {
    const kept = [];
    for (;;) kept.push(Array.from({ length: 1 << 16 }, () => ({})));
  },
};

export async function open({ refuse, counters }) {
  Atomics.add(counters, 0, 1);
  if (refuse !== undefined) throw new RowError(refuse);
  return (task) => {
    Atomics.add(counters, 1, 1);
    return doing[task.kind](task);
  };
}

export default serve(open);
