/**
 * Memory and time against the length of the stream: a table-lookup model, one worker, up to 62
 * million tokens. Each length runs in a process of its own, which reports its own peak memory.
 *
 *   node bench/stream.mjs            lengths 15.5, 31 and 62 million
 *   node bench/stream.mjs 62000000   one of them, in this process
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { score } from '../dist/index.js';
import { machine, table } from './lib/print.mjs';
import { writeShards } from './lib/shards.mjs';
import { tableModelBytes } from './lib/table-model.mjs';

const LENGTHS = [15_500_000, 31_000_000, 62_000_000];
const VOCABULARY = 260;
const DOCUMENT = 1_240;

const [length] = process.argv.slice(2).map(Number);
if (length === undefined) compare();
else console.log(JSON.stringify(await measure(length)));

async function measure(tokens) {
  const folder = mkdtempSync(join(tmpdir(), 'bpb-bench-'));
  try {
    const model = join(folder, 'table.onnx');
    writeFileSync(model, tableModelBytes(VOCABULARY));
    await writeShards(folder, tokens, idAt);
    const before = process.resourceUsage().maxRSS;
    const result = await score({
      artifact: model,
      tokenizer: 'byte260',
      data: [folder],
      window: 'chunk',
      seqLen: 1024,
      verifyRows: 1,
      workers: 1,
    });
    return {
      tokens,
      beforeMB: before / 1024,
      peakMB: process.resourceUsage().maxRSS / 1024,
      scoreSeconds: result.time.score_s,
      targets: result.totals.targets,
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Documents of one length. */
function idAt(at) {
  return at % DOCUMENT === 0 ? 1 : 4 + (((at * 2_654_435_761) >>> 7) % 256);
}

function compare() {
  const rows = LENGTHS.map((tokens) => {
    const self = fileURLToPath(import.meta.url);
    const run = spawnSync(process.execPath, [self, String(tokens)], { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(run.stderr);
    return JSON.parse(run.stdout);
  });
  const perToken = rows.map((row) => (row.scoreSeconds / row.tokens) * 1e9);
  console.log(`\nStream length: a ${VOCABULARY}-logit table model, one worker, ${machine()}`);
  table(
    ['tokens', 'peak MB', 'allowed MB (2 B a token + 400)', 'score s', 'ns a token'],
    rows.map((row, i) => [
      row.tokens.toLocaleString('en-US'),
      row.peakMB.toFixed(0),
      ((2 * row.tokens) / 1e6 + 400).toFixed(0),
      row.scoreSeconds.toFixed(1),
      perToken[i].toFixed(0),
    ]),
  );
}
