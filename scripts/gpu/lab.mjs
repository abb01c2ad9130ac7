/**
 * Runs the kernel laboratory and keeps what it prints.
 *
 *   node scripts/gpu/lab.mjs check LAB OUT.jsonl        every version of the scorer on every case
 *   node scripts/gpu/lab.mjs time LAB OUT.jsonl GIB     the ceilings, and every version on every shape
 *   node scripts/gpu/lab.mjs check-operators LAB OUT.jsonl    every operator of --optimize on every case
 *   node scripts/gpu/lab.mjs time-operators LAB OUT.jsonl     the ceilings, and every operator on its shapes
 */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { answer, dryRun } from './answers.mjs';
import { readLines } from './lines.mjs';

const [verb, lab, out, ...more] = process.argv.slice(2);
const file = openSync(out, 'w');
const { status, signal, error } = spawnSync(lab, [verb, ...more], {
  stdio: ['ignore', file, 'inherit'],
});
closeSync(file);
const lines = readLines(out);
const wrong = lines.filter((line) => line.ok === false);
const failures = [];
// Exit 1 says that numbers are wrong.
if (status !== 0 && !(dryRun && status === 1)) {
  failures.push(
    `bpb_lab ${verb}: exit ${status ?? signal ?? error?.message}, ${wrong.length} wrong`,
  );
}
/** Fewer lines than a whole table has. */
const LEAST = { check: 100, time: 100, 'check-operators': 30, 'time-operators': 30 };
if (!(lines.length >= LEAST[verb])) failures.push(`bpb_lab ${verb}: ${lines.length} lines`);
for (const line of dryRun ? [] : wrong.slice(0, 20)) console.log(JSON.stringify(line));
answer(failures);
