/**
 * The roofline of one batch, by its launches: bytes and operations of every kernel over the device's
 * rates, beside the measured times.
 *
 *   node bench/gpu/roofline/main.mjs LOG [--device h100|h200] [--ncu FILE.csv] [--lab FILE.jsonl]
 *     [--batch N] [--sizes headDim=64,…] [--keep FILE] [--note TEXT] [--kernels] [--json]
 *
 * LOG is the launch log of a CUDA runtime that does nothing (log.mjs), or what --keep wrote: one batch
 * of it. --lab takes the measured copy out of the kernel laboratory's lines in place of the data
 * sheet's. --kernels adds a row for each kernel.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { chooseBatch, endsBatch, keepBatch, parseLog } from './log.mjs';
import { parseNcu } from './ncu.mjs';
import { kernelTable, kindTable, summary } from './print.mjs';
import { ratesOf } from './rates.mjs';
import { roofline, rooflineBeside } from './roofline.mjs';

const USAGE =
  'usage: node bench/gpu/roofline/main.mjs LOG [--device h100|h200] [--ncu FILE.csv] [--lab FILE.jsonl] [--batch N] [--sizes name=N,…] [--keep FILE [--note TEXT]] [--kernels] [--json]';

function numbers(text) {
  const pairs = text.split(',').map((pair) => /^(\w+)=(\d+)$/.exec(pair));
  if (pairs.includes(null)) throw new Error(`--sizes: expected name=N,…, found ${text}`);
  return Object.fromEntries(pairs.map(([, name, value]) => [name, Number(value)]));
}

function ceilingsOf(path) {
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  const found = lines.map((line) => JSON.parse(line)).findLast(({ kind }) => kind === 'ceilings');
  if (!(found?.copy_gbs > 0)) throw new Error(`${path}: no line of kind "ceilings" with copy_gbs`);
  return found;
}

function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      device: { type: 'string', default: 'h100' },
      ncu: { type: 'string' },
      lab: { type: 'string' },
      batch: { type: 'string' },
      sizes: { type: 'string' },
      keep: { type: 'string' },
      note: { type: 'string', multiple: true, default: [] },
      kernels: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  if (positionals.length !== 1) throw new Error(USAGE);
  const [path] = positionals;
  const wanted = values.batch === undefined ? undefined : Number(values.batch);
  const launches = parseLog(readFileSync(path, 'utf8'), path);
  const kept = launches.filter(endsBatch).length === 1;
  const batch = chooseBatch(launches, wanted ?? (kept ? 0 : undefined));
  if (values.keep !== undefined) writeFileSync(values.keep, keepBatch(batch, values.note));
  const rates = ratesOf(values.device, values.lab === undefined ? null : ceilingsOf(values.lab));
  const given = values.sizes === undefined ? {} : numbers(values.sizes);
  const options = { rates, given, path: values.ncu };
  const result =
    values.ncu === undefined
      ? roofline(batch, options)
      : rooflineBeside(batch, parseNcu(readFileSync(values.ncu, 'utf8'), values.ncu), options);
  if (values.json) {
    console.log(JSON.stringify({ rates, ...result }, null, 1));
    return;
  }
  console.log(`${summary(result, rates)}\n\n${kindTable(result)}`);
  if (values.kernels) console.log(`\n${kernelTable(result)}`);
}

try {
  main();
} catch (error) {
  console.error(error.message);
  process.exitCode = 2;
}
