import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Makes pools of four workers and closes them before the workers can have started. */
const script = `
  const { WorkerPool } = await import('./dist/workers/pool.js');
  const worker = new URL('./dist/' + process.argv[1], 'file://' + process.cwd() + '/');
  const data = { kind: 'byte260', pieces: [] };
  for (let k = 0; k < 12; k++) {
    const pool = new WorkerPool({ worker, data, workers: 4, tasksPerWorker: 1 });
    await new Promise((resolve) => setTimeout(resolve, k * 15));
    await pool.close();
  }`;

const workers = [
  'tokenizer/encode-worker.js',
  'bytes/reconcile-worker.js',
  'audit/examine-worker.js',
  'tokenize/worker.js',
];

/** Has one worker answer a task, whatever it says, and prints how many workers have started by then. */
const count = `
  const { WorkerPool } = await import('./dist/workers/pool.js');
  const worker = new URL('./dist/' + process.argv[1], 'file://' + process.cwd() + '/');
  const data = { kind: 'byte260', pieces: [] };
  const pool = new WorkerPool({ worker, data, workers: 1, tasksPerWorker: 1 });
  await pool.run({}).catch(() => {});
  console.log(pool.started[0]);
  await pool.close();`;

test.each(workers)('%s is one worker, whatever it imports', (worker) => {
  const args = ['--input-type=module', '-e', count, worker];
  const run = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  expect(run.stdout).toBe('1\n');
});

test.each(workers)(
  'a pool that closes while %s starts does not take the process with it',
  (worker) => {
    const args = ['--input-type=module', '-e', script, worker];
    const run = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
    expect([run.status, run.signal, run.stderr]).toEqual([0, null, '']);
  },
);
