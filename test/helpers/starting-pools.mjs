/**
 * Program that ends pools of all six worker modules while their threads start.
 *
 *   node starting-pools.mjs close|exit|throw ROUNDS SETUPS
 *
 * SETUPS is a file of `v8.serialize({ [module]: setup })`. `close` opens two threads of each module a
 * round and closes each pool after a delay between nothing and the time that a start takes; prints
 * `closed`. `exit` leaves with code 7, `throw` with an uncaught error, after such a delay.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { deserialize } from 'node:v8';
import { WorkerPool } from '../../dist/workers/pool.js';

const [how, rounds, file] = process.argv.slice(2);
const setups = Object.entries(deserialize(readFileSync(file)));

function start() {
  return setups.map(([module, setup]) => {
    const url = new URL(`../../dist/${module}`, import.meta.url);
    const pool = new WorkerPool({ module: url, setup, workers: 2, tasksPerWorker: 1 });
    return { pool, opened: pool.openAll() };
  });
}

const started = performance.now();
const pools = start();
await Promise.all(pools.map(({ opened }) => opened));
/** Milliseconds until all threads have opened. */
const span = performance.now() - started;
await Promise.all(pools.map(({ pool }) => pool.close()));

if (how === 'close') {
  for (let round = 0; round < Number(rounds); round++) {
    const closing = start().map(async ({ pool, opened }) => {
      opened.catch(() => {});
      await delay(Math.random() * span);
      await pool.close();
    });
    await Promise.all(closing);
  }
  console.log('closed');
} else {
  for (const { opened } of start()) opened.catch(() => {});
  await delay(Math.random() * span);
  if (how === 'exit') process.exit(7);
  setImmediate(() => {
    throw new Error('uncaught');
  });
}
