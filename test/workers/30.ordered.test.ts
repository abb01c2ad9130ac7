/** The ordered pool: results in task order, in bounded memory, with threads or without. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type OrderedOptions, runInOrder, TASKS_IN_FLIGHT } from '#bpb/workers/ordered-pool';
import { collect } from '../helpers/collect.js';
// @ts-expect-error: a worker module, without types
import { open } from '../helpers/echo-worker.mjs';

interface Task {
  readonly kind: string;
  readonly [field: string]: unknown;
}
type Options = OrderedOptions<Task, Task, unknown, unknown>;

function options(workers: number): Options & { counters: Int32Array } {
  const counters = new Int32Array(new SharedArrayBuffer(8));
  const module = new URL('../helpers/echo-worker.mjs', import.meta.url);
  const payload = (task: Task) => task;
  const isShort = (task: Task) => task['long'] !== true;
  return { workers, module, setup: { counters }, open, payload, isShort, counters };
}

async function* from(tasks: Iterable<Task>): AsyncGenerator<Task> {
  yield* tasks;
}

test('results come in task order, however long each task takes', async () => {
  const delays = fc.array(fc.integer({ min: 0, max: 8 }), { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(delays, fc.integer({ min: 0, max: 3 }), async (all, workers) => {
      const tasks = all.map((milliseconds, k) => ({ kind: 'delay', milliseconds, value: k }));
      const results = await collect(runInOrder(from(tasks), options(workers)));
      expect(results).toEqual(tasks.map((task, k) => ({ task, result: k })));
    }),
    { numRuns: 8 },
  );
});

describe('threads are started for what they shorten', () => {
  // Where no thread serves it, the counter of openings is this thread's own.
  const threadsOf = async (tasks: readonly Task[]) => {
    const here = { open: 0 };
    const given = options(2);
    const opened: Options['open'] = (setup) => {
      here.open++;
      return given.open(setup);
    };
    const results = await collect(runInOrder(from(tasks), { ...given, open: opened }));
    expect(results).toEqual(tasks.map((task) => ({ task, result: task['value'] })));
    return here.open;
  };

  test('a single short task runs in this thread', async () => {
    expect(await threadsOf([{ kind: 'value', value: 5 }])).toBe(1);
  });

  test('a single long one and two short ones run in others', async () => {
    expect(await threadsOf([{ kind: 'value', value: 5, long: true }])).toBe(0);
    expect(await threadsOf([1, 2].map((value) => ({ kind: 'value', value })))).toBe(0);
  });
});

test('no more tasks are taken than may be in flight', async () => {
  for (const workers of [0, 1, 2]) {
    let taken = 0;
    let yielded = 0;
    let most = 0;
    async function* tasks(): AsyncGenerator<Task> {
      for (let k = 0; k < 30; k++) {
        most = Math.max(most, ++taken - yielded);
        yield { kind: 'value', value: k };
      }
    }
    for await (const { result } of runInOrder(tasks(), options(workers))) {
      expect(result).toBe(yielded++);
    }
    expect(most).toBe(Math.max(1, workers * TASKS_IN_FLIGHT));
  }
});

describe.each([0, 2])('with %i workers', (workers) => {
  const tasks: Task[] = [0, 1, 2, 3, 4, 5, 6, 7].map((k) =>
    k === 4 || k === 6 ? { kind: 'refuse', row: k } : { kind: 'value', value: k },
  );

  test('the first failing task in order decides, after the results before it', async () => {
    const seen: unknown[] = [];
    const run = async () => {
      for await (const { result } of runInOrder(from(tasks), options(workers))) seen.push(result);
    };
    await expect(run()).rejects.toMatchObject({
      code: 'BPB_ECHO',
      hint: 'give that one',
      name: 'RowError',
      row: 4,
    });
    expect(seen).toEqual([0, 1, 2, 3]);
  });

  test('a consumer that stops early ends the run', async () => {
    const given = options(workers);
    let ended = false;
    async function* endless(): AsyncGenerator<Task> {
      try {
        for (let k = 0; ; k++) yield { kind: 'value', value: k };
      } finally {
        ended = true;
      }
    }
    for await (const { result } of runInOrder(endless(), given)) if (result === 5) break;
    expect(ended).toBe(true);
    expect(given.counters[1]).toBeLessThanOrEqual(6 + workers * TASKS_IN_FLIGHT);
  });

  test('an error of the task source is thrown as it is', async () => {
    const broken = new Error('the disk is gone');
    async function* source(): AsyncGenerator<Task> {
      yield { kind: 'value', value: 0 };
      throw broken;
    }
    await expect(collect(runInOrder(source(), options(workers)))).rejects.toBe(broken);
  });

  test('no task, no result', async () => {
    expect(await collect(runInOrder(from([]), options(workers)))).toEqual([]);
  });
});
