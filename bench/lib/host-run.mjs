/**
 * One run of `bpb score` without a model, and its cost by phase: nanoseconds of CPU time of a thread
 * per target. Prints one line of JSON.
 *
 *   node bench/lib/host-run.mjs chunk|sliding FOLDER
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { Accounting } from '../../dist/bytes/accounting.js';
import { openEvaluation } from '../../dist/evaluation/open.js';
import { ScorePool } from '../../dist/run/pool.js';
import { scorePlan } from '../../dist/run/score-plan.js';
import { workerSetup } from '../../dist/run/worker-setup.js';
import { scoredRanges } from '../../dist/score/compose.js';
import { documentRows, scoreFigures, totalFigures } from '../../dist/score/figures.js';
import { sampleRows } from '../../dist/score/sampled.js';

import { threadCpuNs } from './thread-cpu.mjs';

/** In the folder of the shards; it is read and never run. */
const MODEL = 'table.onnx';
const TOKENIZER = 'models/sotu-8x256/tokenizer.model';
const SEQ_LEN = 1024;
const STRIDE = 64;
/** What a batch holds on a GPU. */
const BATCH_TOKENS = 65_536;

const [window, folder] = process.argv.slice(2);
console.log(JSON.stringify(await measure(window, folder)));

async function measure(window, folder) {
  const marks = [threadCpuNs()];
  const options = {
    artifact: join(folder, MODEL),
    tokenizer: TOKENIZER,
    data: [folder],
    device: 'cpu',
    window,
    seqLen: SEQ_LEN,
    stride: window === 'sliding' ? STRIDE : undefined,
    batchTokens: BATCH_TOKENS,
    workers: 1,
    onProgress: () => {},
  };
  const evaluation = await openEvaluation(options, 'plan');
  const { tokenizer, data, workload } = evaluation;
  const { stream, sidecar, facts } = data;
  const accounting = new Accounting({ tokenizer, stream, sidecar, facts });
  const wanted = sampleRows(workload, null, undefined, 1);
  const meter = new BigInt64Array(new SharedArrayBuffer(8 * 2));
  const { count: batches, shape } = workload.batches;
  const setup = { ...workerSetup(evaluation, options), meter, batches, shape };
  const pool = new ScorePool(setup, 1, new URL('./null-worker.mjs', import.meta.url));
  try {
    await pool.open();
    marks.push(threadCpuNs());
    const { totals, coverage } = await scorePlan({
      pool,
      ...workload,
      documents: stream.documentStarts.length,
      accounting,
      wanted,
      allNats: false,
      output: null,
      recorder: null,
      onProgress: () => {},
    });
    marks.push(threadCpuNs());
    coverage.close(workload.plan.skipped.reduce((sum, { targets }) => sum + targets, 0));
    const bytes = accounting.totals(scoredRanges(workload));
    marks.push(threadCpuNs());
    const figures = [scoreFigures(totals, bytes, 'computed', false), totalFigures(totals, bytes)];
    const documents = [...documentRows(bytes, totals)];
    marks.push(threadCpuNs());
    const targets = totals.totalTargets();
    const phases = ['before', 'batches', 'bytes', 'figures'];
    const main = Object.fromEntries(
      phases.map((name, k) => [name, (marks[k + 1] - marks[k]) / targets]),
    );
    return {
      targets,
      documents: documents.length,
      batches,
      main,
      worker: Number(meter[1] - meter[0]) / targets,
      peakMB: process.resourceUsage().maxRSS / 1024,
      /** The same from run to run, and before and after a change that should only be faster. */
      sha256: digest([figures, documents]),
    };
  } finally {
    await pool.close();
  }
}

function digest(value) {
  const text = JSON.stringify(value, (_, v) => (typeof v === 'bigint' ? String(v) : v));
  return createHash('sha256').update(text).digest('hex');
}
