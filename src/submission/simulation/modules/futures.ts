/**
 * `concurrent.futures` and the pools of `multiprocessing`: what is handed to a pool runs at once, in the order of the calls.
 */
import type { Runtime } from '../../python/runtime.js';
import {
  type Keywords,
  type Native,
  NativeFunction,
  PyModule,
  PyObject,
  type Value,
} from '../../python/values.js';
import { moduleOf } from '../arguments.js';

/** A result that is already there. */
class Future extends PyObject {
  readonly typeName = 'Future';
  constructor(private readonly outcome: Value) {
    super();
  }
  override attribute(name: string): Value | undefined {
    switch (name) {
      case 'result':
      case 'get':
        return new NativeFunction(name, () => this.outcome);
      case 'done':
        return new NativeFunction(name, () => true);
      case 'exception':
      case 'cancel':
      case 'add_done_callback':
        return new NativeFunction(name, () => null);
      default:
        return undefined;
    }
  }
}

class Executor extends PyObject {
  readonly typeName = 'Executor';
  override attribute(name: string, runtime: Runtime): Value | undefined {
    switch (name) {
      case 'map':
        return new NativeFunction(name, ([callee = null, ...rows]) =>
          mapped(callee, rows, runtime),
        );
      // Of a pool of processes a second argument is a number of rows that go together.
      case 'imap':
      case 'imap_unordered':
        return new NativeFunction(name, ([callee = null, rows = null]) =>
          mapped(callee, [rows], runtime),
        );
      case 'starmap':
        return new NativeFunction(name, ([callee = null, rows = null]) =>
          runtime.list([...runtime.iterate(rows)].map((row) => spread(callee, row, runtime))),
        );
      case 'apply':
        return new NativeFunction(name, ([callee = null, args = null]) =>
          spread(callee, args, runtime),
        );
      case 'apply_async':
        return new NativeFunction(
          name,
          ([callee = null, args = null]) => new Future(spread(callee, args, runtime)),
        );
      case 'submit':
        return new NativeFunction(
          name,
          ([callee = null, ...args], keywords: Keywords) =>
            new Future(runtime.call(callee, args, keywords)),
        );
      case 'shutdown':
      case 'close':
      case 'join':
      case 'terminate':
        return new NativeFunction(name, () => null);
      default:
        return undefined;
    }
  }
}

const spread = (callee: Value, row: Value, runtime: Runtime): Value =>
  runtime.call(callee, row === null ? [] : (runtime.sequence(row) ?? [row]));

function mapped(callee: Value, rows: readonly Value[], runtime: Runtime): Value {
  const columns = rows.map((row) => [...runtime.iterate(row)]);
  const length = Math.min(...columns.map((column) => column.length));
  const results: Value[] = [];
  for (let i = 0; i < length; i++) {
    const args = columns.map((column) => column[i]!);
    results.push(runtime.call(callee, args));
  }
  return runtime.list(results);
}

export const executor: Native = () => new Executor();

function futuresModule(): PyModule {
  return moduleOf('concurrent.futures', {
    ThreadPoolExecutor: executor,
    ProcessPoolExecutor: executor,
    as_completed: ([futures = null]) => futures,
    wait: ([futures = null], _, runtime) => runtime.tuple([futures, runtime.list([])]),
  });
}

export function concurrentModules(): Readonly<
  Record<'concurrent' | 'concurrent.futures', PyModule>
> {
  const futures = futuresModule();
  const package_ = new PyModule('concurrent', new Map([['futures', futures]]));
  return { concurrent: package_, 'concurrent.futures': futures };
}
