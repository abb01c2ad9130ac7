/**
 * Benchmark of the harness without a model: `bpb score` with its pool, plan, batches, totals, coverage
 * and bytes, over a session that returns nats without computing any. Nanoseconds of CPU time of a
 * thread per target, so that waiting for a busy machine is not counted; shared caches and memory
 * still are, by half and more where the load is far above the cores. Medians.
 *
 *   node bench/host.mjs [TOKENS] [REPEATS]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadTokenizer, openData } from '../dist/index.js';
import { machine, median, table } from './lib/print.mjs';
import { costs } from './lib/profile.mjs';
import { writeShards } from './lib/shards.mjs';
import { tableModelBytes } from './lib/table-model.mjs';

const WINDOWS = ['chunk', 'sliding'];
const RUN = fileURLToPath(new URL('./lib/host-run.mjs', import.meta.url));

const [tokens = 31_000_000, repeats = 3] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'bpb-bench-'));
try {
  await write();
  const load = loadavg()[0].toFixed(1);
  console.log(
    `\nHost: ${tokens.toLocaleString('en-US')} tokens, batches of 65,536, ${machine()}, load ${load}`,
  );
  const runs = WINDOWS.map((window) => Array.from({ length: repeats }, () => run(window)));
  table(
    ['ns a target', 'main: batches', 'bytes', 'figures', 'worker', 'before (once)', 'peak MB'],
    runs.map((of, w) => [
      WINDOWS[w],
      ...['batches', 'bytes', 'figures'].map((phase) => middle(of, ({ main }) => main[phase])),
      middle(of, ({ worker }) => worker),
      middle(of, ({ main }) => main.before),
      middle(of, ({ peakMB }) => peakMB),
    ]),
  );
  for (const window of WINDOWS) breakdown(window);
} finally {
  rmSync(folder, { recursive: true });
}

/** Real text over and over, so that pieces and documents are as long as in a real stream. */
async function write() {
  const tokenizer = loadTokenizer('models/sotu-8x256/tokenizer.model');
  const { ids } = (await openData({ tokenizer, data: ['sotu-val'], workers: 2 })).stream;
  writeFileSync(join(folder, 'table.onnx'), tableModelBytes(tokenizer.pieces.length));
  await writeShards(folder, tokens, (at) => ids[at % ids.length]);
}

function run(window, flags = []) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...flags, RUN, window, folder], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

function middle(runs, of) {
  return median(runs.map(of)).toFixed(1);
}

/** Where the time goes, by function: of a run of its own, as a profiler costs time itself. */
function breakdown(window) {
  const profiles = mkdtempSync(join(folder, 'profile-'));
  const { targets } = run(window, ['--cpu-prof', `--cpu-prof-dir=${profiles}`]);
  for (const { thread, functions } of costs(profiles)) {
    console.log(`\n${window}, ${thread}: ns a target by function, profiled`);
    table(
      ['function', 'ns'],
      functions.map(({ name, ns }) => [name, (ns / targets).toFixed(2)]),
    );
  }
}
