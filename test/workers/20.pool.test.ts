/** The worker pool: opening, errors, deaths of threads, transfer, closing. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { BpbError } from '#bpb/errors';
import { WorkerPool } from '#bpb/workers/pool';
import { refusalOf } from '../helpers/refusal.js';

const ECHO = new URL('../helpers/echo-worker.mjs', import.meta.url);
const POOL = new URL('../../dist/workers/pool.js', import.meta.url).href;

/** Lets a worker of two fill its memory, and prints what its task is refused with. */
const outOfMemory = `
  const [pool, module] = process.argv.slice(1);
  const { WorkerPool } = await import(pool);
  const setup = { counters: new Int32Array(new SharedArrayBuffer(8)) };
  const two = new WorkerPool({ module: new URL(module), setup, workers: 2, tasksPerWorker: 1 });
  await two.call({ kind: 'memory' }).catch((error) => console.log(JSON.stringify(error)));
  await two.close();`;

const TRANSFER = new URL('../helpers/transfer-worker.mjs', import.meta.url);

interface Task {
  readonly kind: string;
  readonly [field: string]: unknown;
}

const shared = (length: number) => new Int32Array(new SharedArrayBuffer(4 * length));

function echoPool(workers: number, setup: object = {}, tasksPerWorker = 1) {
  const counters = shared(2);
  const options = { module: ECHO, setup: { counters, ...setup }, workers, tasksPerWorker };
  const pool = new WorkerPool<Task, unknown>(options);
  onTestFinished(() => pool.close());
  return { pool, counters };
}

const value = (of: unknown): Task => ({ kind: 'value', value: of });

/** A task that runs until it is released. */
function held(of: unknown) {
  const gate = shared(1);
  const release = () => {
    Atomics.store(gate, 0, 1);
    Atomics.notify(gate, 0);
  };
  return { task: { kind: 'hold', gate, value: of }, release };
}

/** Until `tasks` tasks have begun. */
async function begun(counters: Int32Array, tasks: number): Promise<void> {
  while (Atomics.load(counters, 1) < tasks) await new Promise((resolve) => setImmediate(resolve));
}

describe('opening', () => {
  test('every worker opens once, whatever the number of tasks', async () => {
    const { pool, counters } = echoPool(3, {}, 2);
    expect(await pool.openAll()).toEqual([undefined, undefined, undefined]);
    await Promise.all(Array.from({ length: 20 }, (_, k) => pool.call(value(k))));
    expect([...counters]).toEqual([3, 20]);
  });

  test('without openAll() a worker opens before its first task', async () => {
    const { pool, counters } = echoPool(2);
    expect(await pool.call(value(1))).toBe(1);
    await pool.close();
    expect([...counters]).toEqual([1, 1]);
  });

  test('a refusal is thrown when every worker has answered, with all its fields', async () => {
    const { pool, counters } = echoPool(3, { refuse: 5 });
    const refusal = await refusalOf(() => pool.openAll());
    expect(counters[0]).toBe(3);
    expect(refusal).toMatchObject({ code: 'BPB_ECHO', hint: 'give that one', row: 5, offset: -0 });
    // The service is not opened again for each task.
    expect(await refusalOf(() => pool.call(value(1)))).toMatchObject({ code: 'BPB_ECHO' });
    expect([...counters]).toEqual([3, 0]);
  });

  test.each([
    ['that is missing', new URL('./missing.mjs', import.meta.url), /missing/],
    ['that does not parse', new URL('data:text/javascript,export default ('), /Unexpected/],
    ['that throws', new URL('data:text/javascript,throw new Error("at load")'), /at load/],
    ['without a service', new URL('data:text/javascript,export const a = 1'), /not a function/],
  ])('a worker module %s rejects every task', async (_, module, message) => {
    const pool = new WorkerPool<Task, unknown>({
      module,
      setup: null,
      workers: 2,
      tasksPerWorker: 1,
    });
    onTestFinished(() => pool.close());
    await expect(pool.openAll()).rejects.toThrow(message);
    await expect(pool.call(value(1))).rejects.toThrow(message);
  });
});

describe('errors of a task', () => {
  test('arrive with their fields, and the worker goes on', async () => {
    const { pool } = echoPool(1);
    const refusal = await refusalOf(() => pool.call({ kind: 'refuse', row: 7 }));
    expect(refusal).toMatchObject({
      kind: 'limit',
      code: 'BPB_ECHO',
      path: 'some/file',
      expected: 'one thing',
      actual: 'another',
      hint: 'give that one',
      name: 'RowError',
      row: 7,
      cause: { name: 'RangeError', message: 'below', cause: { message: 'a text' } },
    });
    expect(refusal).not.toHaveProperty('callback');
    await expect(pool.call({ kind: 'typeError' })).rejects.toMatchObject({
      name: 'TypeError',
      stack: expect.stringContaining(fileURLToPath(ECHO)),
    });
    await expect(pool.call({ kind: 'text' })).rejects.toThrow('only a text');
    expect(await pool.call(value('on'))).toBe('on');
  });

  test('one failing task among many fails alone', async () => {
    const { pool } = echoPool(2, {}, 2);
    const settled = await Promise.allSettled(
      Array.from({ length: 50 }, (_, k) =>
        pool.call(k === 17 ? { kind: 'refuse', row: k } : value(k)),
      ),
    );
    for (const [k, each] of settled.entries()) {
      if (k === 17) expect(each).toMatchObject({ status: 'rejected', reason: { row: 17 } });
      else expect(each).toEqual({ status: 'fulfilled', value: k });
    }
  });

  test('a task that cannot be cloned is refused without harm', async () => {
    const { pool } = echoPool(1);
    await expect(pool.call(value(() => {}))).rejects.toThrow(/could not be cloned/);
    expect(await pool.call(value(1))).toBe(1);
  });
});

describe('a thread that ends', () => {
  test.each([
    ['leaves the process', { kind: 'exit', code: 3 }, /exited with code: 3/],
    ['leaves it with 0', { kind: 'exit', code: 0 }, /exited with code: 0/],
    ['throws outside of a task', { kind: 'uncaught' }, /outside of the task/],
    ['cannot send its result', { kind: 'uncloneable' }, /the thread is gone/],
  ])('because it %s fails its tasks, and all that follow', async (_, task, actual) => {
    const { pool, counters } = echoPool(1);
    const waiting = [pool.call(task), pool.call(value(1)), pool.call(value(2))];
    for (const each of await Promise.allSettled(waiting)) {
      expect(each).toMatchObject({ status: 'rejected', reason: { code: 'BPB_WORKER_DIED' } });
    }
    const refusal = await refusalOf(() => pool.call(value(3)));
    expect([refusal.kind, refusal.actual]).toEqual(['internal', expect.stringMatching(actual)]);
    await pool.close();
    // No other thread opens the service again: what the first one kept is lost.
    expect([...counters]).toEqual([1, 1]);
  });

  test('leaves the task of another thread alone', async () => {
    const { pool, counters } = echoPool(2);
    const { task, release } = held('late');
    const late = pool.call(task);
    await begun(counters, 1);
    const dead = await refusalOf(() => pool.call({ kind: 'exit', code: 1 }));
    expect(dead.code).toBe('BPB_WORKER_DIED');
    release();
    expect(await late).toBe('late');
  });

  test('because its memory ran out is an error of the environment', () => {
    const { stdout } = spawnSync(
      process.execPath,
      ['--max-old-space-size=50', '--input-type=module', '-e', outOfMemory, POOL, ECHO.href],
      { encoding: 'utf8' },
    );
    expect(JSON.parse(stdout)).toMatchObject({
      kind: 'environment',
      code: 'BPB_WORKER_DIED',
      actual: expect.stringMatching(/memory limit/),
      hint: expect.stringMatching(/max-old-space-size/),
    });
  });
});

describe('transfer', () => {
  test('buffers of a result are moved, not copied', async () => {
    type Result = { nats: Float32Array; q30: BigInt64Array } & number;
    const options = { module: TRANSFER, setup: null, workers: 1, tasksPerWorker: 1 };
    const pool = new WorkerPool<object, Result>(options);
    onTestFinished(() => pool.close());
    const { nats, q30 } = await pool.call({ kind: 'give', length: 1000 });
    expect(nats).toEqual(Float32Array.from({ length: 1000 }, (_, k) => k / 4));
    expect(q30).toEqual(BigInt64Array.of(7n));
    expect(await pool.call({ kind: 'left' })).toBe(0);
  });

  test('buffers of a task are moved, not copied', async () => {
    const { pool } = echoPool(1);
    const rows = Uint32Array.of(1, 2, 3);
    expect(await pool.call(value(rows), [rows.buffer])).toEqual(Uint32Array.of(1, 2, 3));
    expect(rows.byteLength).toBe(0);
  });
});

describe('closing', () => {
  test('waits for what runs and drops what has not begun', async () => {
    const { pool, counters } = echoPool(1);
    await pool.openAll();
    const { task, release } = held(1);
    const calls = [task, value(2), value(3)].map((each) => pool.call(each));
    const settled = Promise.allSettled(calls);
    await begun(counters, 1);
    const closed = pool.close();
    release();
    await closed;
    const [first, ...others] = await settled;
    expect(first).toEqual({ status: 'fulfilled', value: 1 });
    for (const each of others) {
      expect(each).toMatchObject({ status: 'rejected', reason: { code: 'BPB_POOL_CLOSED' } });
    }
    expect([...counters]).toEqual([1, 1]);
    expect(await refusalOf(() => pool.call(value(1)))).toBeInstanceOf(BpbError);
  });

  test('twice is closing once', async () => {
    const { pool } = echoPool(1);
    await Promise.all([pool.close(), pool.close()]);
    await pool.close();
  });
});
