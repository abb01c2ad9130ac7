/**
 * `threading`, `queue` and `multiprocessing`: threads run one after another, each when something waits for it.
 *
 * A thread runs from its beginning when another waits for it, or takes from a queue that is empty. One that would wait
 * itself, with nothing left to run, has ended: what is put into a queue after that is not followed. A bound on a queue's
 * size is left out, at which a thread would wait. Processes share what threads share.
 */
import { kept, nativeClass } from '../../python/library/native-class.js';
import type { PyClass, PyInstance } from '../../python/objects.js';
import type { Runtime } from '../../python/runtime.js';
import {
  type Native,
  NativeFunction,
  type PyModule,
  PyObject,
  type Value,
} from '../../python/values.js';
import { moduleOf } from '../arguments.js';
import { executor } from './futures.js';
import { nothing } from './system.js';

/** Raised where nothing comes any more. */
const EMPTY = 'Empty';

const BETWEEN = 'what goes through a queue back and forth between threads';

/** Threads of a run that have been started and not run. */
class Waiting {
  readonly #threads: PyInstance[] = [];
  #running = 0;

  get inThread(): boolean {
    return this.#running > 0;
  }

  start(thread: PyInstance): void {
    this.#threads.push(thread);
  }

  /** Runs a thread, or the one that has waited longest; false where there is none. */
  run(runtime: Runtime, thread = this.#threads[0]): boolean {
    const at = thread === undefined ? -1 : this.#threads.indexOf(thread);
    if (at === -1) return false;
    this.#threads.splice(at, 1);
    this.#running++;
    try {
      runtime.untilRaised(EMPTY, () => runtime.call(runtime.attribute(thread!, 'run'), []));
    } finally {
      this.#running--;
    }
    return true;
  }

  runAll(runtime: Runtime): void {
    while (this.run(runtime));
  }
}

const waiting = new WeakMap<Runtime, Waiting>();

function waitingOf(runtime: Runtime): Waiting {
  const known = waiting.get(runtime) ?? new Waiting();
  waiting.set(runtime, known);
  return known;
}

/** A class whose `run` does what `target` says, or what a subclass makes of it. */
function threadClass(name: string): PyClass {
  return nativeClass(name, [], {
    __init__: (self, args, keywords, runtime) => {
      self.attributes.set('_target', keywords.get('target') ?? args[1] ?? null);
      self.attributes.set('_args', keywords.get('args') ?? args[3] ?? runtime.tuple([]));
      self.attributes.set('_kwargs', keywords.get('kwargs') ?? args[4] ?? runtime.dict([]));
      self.attributes.set('name', keywords.get('name') ?? name);
      return null;
    },
    run: (self, _args, _keywords, runtime) => {
      const target = kept(self, '_target');
      const rest = runtime.sequence(kept(self, '_args')) ?? [];
      return target === null ? null : runtime.call(target, rest, keywordsOf(self, runtime));
    },
    start: (self, _args, _keywords, runtime) => {
      waitingOf(runtime).start(self);
      return null;
    },
    join: (self, _args, _keywords, runtime) => {
      waitingOf(runtime).run(runtime, self);
      return null;
    },
    is_alive: () => false,
  });
}

function keywordsOf(self: PyInstance, runtime: Runtime): Map<string, Value> {
  const items = runtime.call(runtime.attribute(kept(self, '_kwargs'), 'items'), []);
  return new Map(
    [...runtime.iterate(items)].map((pair) => {
      const [key = null, value = null] = runtime.sequence(pair) ?? [];
      return [String(key), value];
    }),
  );
}

class Queue extends PyObject {
  readonly typeName = 'Queue';
  readonly #items: Value[] = [];
  /** One that took from it has ended, for want of what is put here now. */
  #left = false;

  constructor(private readonly lastFirst: boolean) {
    super();
  }

  override attribute(name: string): Value | undefined {
    const method = this.#methods[name];
    return method === undefined ? undefined : new NativeFunction(name, method);
  }

  readonly #methods: Record<string, Native> = {
    put: ([item = null], _, runtime) => this.#put(item, runtime),
    put_nowait: ([item = null], _, runtime) => this.#put(item, runtime),
    get: ([block], keywords, runtime) =>
      this.#take(runtime, block !== false && !keywords.has('timeout') && !keywords.has('block')),
    get_nowait: (_args, _, runtime) => this.#take(runtime, false),
    empty: (_args, _, runtime) => {
      waitingOf(runtime).runAll(runtime);
      return this.#items.length === 0;
    },
    full: () => false,
    qsize: () => this.#items.length,
    task_done: nothing,
    close: nothing,
    join_thread: nothing,
    join: (_args, _, runtime) => {
      waitingOf(runtime).runAll(runtime);
      return null;
    },
  };

  #put(item: Value, runtime: Runtime): Value {
    runtime.allocate(1);
    this.#items.push(this.#left ? runtime.unknown(BETWEEN) : item);
    return null;
  }

  #take(runtime: Runtime, waits: boolean): Value {
    runtime.spend(1);
    const threads = waitingOf(runtime);
    while (this.#items.length === 0 && threads.run(runtime));
    if (this.#items.length === 0) {
      if (waits && !threads.inThread) return runtime.unknown(BETWEEN);
      this.#left ||= waits;
      return runtime.raise(EMPTY, 'nothing is in the queue, and nobody left to put it there');
    }
    return (this.lastFirst ? this.#items.pop() : this.#items.shift()) ?? null;
  }
}

/** A lock, an event, a barrier: who waits for it lets the others run. */
class Signal extends PyObject {
  readonly typeName = 'Event';
  #set = false;

  override attribute(name: string): Value | undefined {
    const method = this.#methods[name];
    return method === undefined ? undefined : new NativeFunction(name, method);
  }

  readonly #methods: Record<string, Native> = {
    set: () => this.#turn(true),
    clear: () => this.#turn(false),
    is_set: () => this.#set,
    wait: (_args, _, runtime) => {
      waitingOf(runtime).runAll(runtime);
      return true;
    },
    acquire: () => true,
    release: nothing,
    notify: nothing,
    notify_all: nothing,
    __enter__: () => this,
    __exit__: nothing,
  };

  #turn(on: boolean): null {
    this.#set = on;
    return null;
  }
}

const queue: Native = () => new Queue(false);
const signal: Native = () => new Signal();

export function queueModule(_around: unknown, runtime: Runtime): PyModule {
  return moduleOf(
    'queue',
    { Queue: queue, SimpleQueue: queue, LifoQueue: () => new Queue(true) },
    { Empty: runtime.builtinType(EMPTY) ?? null },
  );
}

export function threadingModule(): PyModule {
  return moduleOf(
    'threading',
    { Event: signal, Lock: signal, RLock: signal, Condition: signal, Semaphore: signal },
    { Thread: threadClass('Thread') },
  );
}

export function multiprocessingModule(): PyModule {
  const module = moduleOf(
    'multiprocessing',
    {
      Pool: executor,
      Queue: queue,
      SimpleQueue: queue,
      JoinableQueue: queue,
      Event: signal,
      Lock: signal,
      cpu_count: () => 2,
      set_start_method: nothing,
      freeze_support: nothing,
      get_context: () => module,
    },
    {
      Process: threadClass('Process'),
      pool: moduleOf('multiprocessing.pool', { ThreadPool: executor, Pool: executor }),
    },
  );
  return module;
}
