/**
 * The time of every kernel of some batches, by NVIDIA's profiler.
 *
 *   node scripts/gpu/ncu.mjs SHAPE PRECISION MODELS ORT RESULTS
 *
 * Writes RESULTS/ncu-SHAPE-PRECISION.csv and .json. All launches of a short run are taken, those of the
 * proof of --optimize first; a batch is what lies between two launches of the scorer.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answer, PEER_ABSENT } from './answers.mjs';

const BATCHES = 4;
const [shape, precision, models, ortLib, results] = process.argv.slice(2);
const run = fileURLToPath(new URL('../../bench/gpu/run.mjs', import.meta.url));
const csv = join(results, `ncu-${shape}-${precision}.csv`);

if (spawnSync('ncu', ['--version']).status !== 0) {
  console.log('answer: peer absent (no ncu in PATH)');
  process.exit(PEER_ABSENT);
}
const folder = mkdtempSync(join(tmpdir(), 'bpb-ncu-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const how = ['--clock-control', 'none', '--metrics', 'gpu__time_duration.sum', '--csv'];
const where = ['--page', 'raw', '--print-units', 'base', '--log-file', csv];
const what = ['--shape', shape, '--variant', precision, '--windows', 'chunk'];
const short = ['--batches', String(BATCHES), '--purpose', 'ncu', '--ort-lib', ortLib];
const args = [...how, ...where, process.execPath, run, models, join(folder, 'runs.jsonl')];
const profiled = spawnSync('ncu', [...args, ...what, ...short], { encoding: 'utf8' });
writeFileSync(
  csv.replace(/csv$/, 'json'),
  `${JSON.stringify({ shape, precision, batches: BATCHES, code: profiled.status, command: ['ncu', ...args, ...what, ...short].join(' ') })}\n`,
);
console.log(profiled.stdout, profiled.stderr);
const failures = [];
if (profiled.status !== 0) failures.push(`ncu: exit ${profiled.status ?? profiled.signal}`);
if (!existsSync(csv) || statSync(csv).size < 1000) failures.push('ncu wrote no launches');
answer(failures);
