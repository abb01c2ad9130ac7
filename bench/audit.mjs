/**
 * Time and memory of an audit: all State of the Union addresses (10.8 MB), and the same repeated to
 * 151 MB, the size of the challenge's validation set. Each runs in a process of its own.
 *
 *   node bench/audit.mjs [tokenizer.model | byte260]
 *   node bench/audit.mjs TOKENIZER WORKERS MEGABYTES   one of them, in this process
 */
import { spawnSync } from 'node:child_process';
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { sotuDocuments } from '#bpb/data/sotu';
import { audit } from '#bpb/index';
import { machine, table } from './lib/print.mjs';

const RUNS = [
  [0, 10.8],
  [2, 10.8],
  [2, 151],
];

const [tokenizer = 'byte260', workers, megabytes] = process.argv.slice(2);
if (megabytes === undefined) compare();
else console.log(JSON.stringify(await measure(Number(workers), Number(megabytes) * 1e6)));

function compare() {
  console.log(`${machine()}; ${tokenizer}`);
  const file = fileURLToPath(import.meta.url);
  const rows = RUNS.map(([threads, size]) => {
    const run = spawnSync(process.execPath, [file, tokenizer, threads, size], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const { documents, bytes, seconds, peakMB } = JSON.parse(run.stdout);
    const rate = (bytes / seconds / 1e6).toFixed(2);
    return [
      threads,
      documents,
      (bytes / 1e6).toFixed(1),
      seconds.toFixed(1),
      rate,
      Math.round(peakMB),
    ];
  });
  table(['workers', 'documents', 'MB', 's', 'MB/s', 'peak MB'], rows);
}

async function measure(threads, size) {
  const folder = mkdtempSync(join(tmpdir(), 'bpb-bench-'));
  try {
    const docs = join(folder, 'docs.jsonl');
    await pipeline(lines(size), createWriteStream(docs));
    const start = performance.now();
    const report = await audit({ tokenizer, docs, workers: threads, out: join(folder, 'out') });
    const seconds = (performance.now() - start) / 1e3;
    const { documents, bytes } = report.totals;
    const peakMB = process.resourceUsage().maxRSS / 1024;
    return { documents, bytes: bytes.original, seconds, peakMB };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Every address, validation and training part, again and again until there are `size` bytes. */
async function* lines(size) {
  for (let written = 0; ; ) {
    for (const split of ['val', 'train']) {
      for await (const { text, bytes } of sotuDocuments(split)) {
        yield `${JSON.stringify({ text })}\n`;
        written += bytes;
        if (written >= size) return;
      }
    }
  }
}
