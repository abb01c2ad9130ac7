/**
 * Scores an artifact: the one way through the house, from its files to a result.
 */

import { interrupted } from '../errors.js';
import type { ScoreOptions } from '../evaluation/options.js';
import type { ProbeVerdict } from '../probes/types.js';
import type { Opened } from '../run/messages.js';
import { lanesOf } from '../run/run-batches.js';
import { scorePlan } from '../run/score-plan.js';
import type { RunTimes } from '../run/times.js';
import type { DocumentTotals } from '../run/totals.js';
import type { ScoreLedger } from '../windows/coverage.js';
import { accountBytes, composeResult } from './compose.js';
import { documentRows } from './figures.js';
import { type Optimization, openWorkers, proveRun, type Rewritten } from './optimize-run.js';
import { OutputDirectory } from './outputs.js';
import { type Prepared, prepare } from './prepare.js';
import { type LedgerReference, RunRecord } from './record.js';
import type { ScoreResult } from './result.js';
import { keptOf, provedRows, sampleRows } from './sampled.js';
import { strictVerdicts } from './strict.js';
import { toleranceOf, type Verification, verifyRows } from './verify.js';

/** What the run left behind. */
export interface Scored {
  readonly opened: Opened;
  readonly totals: DocumentTotals;
  readonly ledger: ScoreLedger;
  readonly times: RunTimes;
  readonly verification: Verification;
  readonly rewritten: Rewritten | null;
  readonly optimization: Optimization | null;
  readonly record: LedgerReference | null;
  /** Of `--strict`. */
  readonly probes: ProbeVerdict[] | null;
  readonly seconds: { load: number; score: number; verify: number; total: number };
}

const DEFAULT_SEED = 1;

/**
 * Scores an exported model in bits per byte.
 *
 * @example
 * ```ts
 * import { score } from 'bpb-harness';
 *
 * const result = await score({ artifact: 'models/sotu-8x256' });
 * console.log(result.score.val_bpb, result.totals.bytes);
 * ```
 * @returns the result, also when the number cannot be given: `score.val_bpb` is then null
 * @throws BpbError: `usage`, `input`, `environment` or `interrupted`; there is no partial result
 */
export async function score(options: ScoreOptions): Promise<ScoreResult> {
  const started = performance.now();
  const prepared = await prepare(options);
  if (options.signal?.aborted) throw interrupted();
  const probes = await strictVerdicts(prepared, options.seed ?? DEFAULT_SEED);
  const scored = { ...(await runAndVerify(prepared, started)), probes };
  const bytes = accountBytes(prepared);
  const result = composeResult(prepared, scored, bytes);
  scored.output?.finish(result, documentRows(bytes, scored.totals));
  return result;
}

async function runAndVerify(
  prepared: Prepared,
  started: number,
): Promise<Omit<Scored, 'probes'> & { output: OutputDirectory | null }> {
  const { options, artifact, data, plan, batches, range, accounting, setup } = prepared;
  const { signal, onProgress } = options;
  const seed = options.seed ?? DEFAULT_SEED;
  const sample = sampleRows(prepared, seed);

  onProgress?.({ phase: 'load', done: 0, total: null, unit: '', bpb: null });
  const loadStart = performance.now();
  const workers = await openWorkers(prepared);
  const { pool, opened, rewritten } = workers;
  let record: RunRecord | null = null;
  try {
    const proved = provedRows(prepared, rewritten, seed);
    const wanted = { has: (row: number) => sample.has(row) || proved.has(row) };
    const scoreStart = performance.now();
    const output =
      options.out === undefined
        ? null
        : new OutputDirectory(
            options.out,
            { artifact: artifact.sha256, window: plan.options, batches: batches.count, range },
            options.saveTargets ? { tokens: plan.tokens } : null,
          );
    if (options.ledger !== undefined) {
      record = new RunRecord(prepared, options.ledger, lanesOf(pool));
    }
    const { totals, ledger, bpb, times, kept } = await scorePlan({
      pool,
      plan,
      batches,
      range,
      documents: data.stream.documentStarts.length,
      accounting,
      wanted,
      allNats: options.saveTargets === true,
      output,
      recorder: record,
      signal,
      onProgress,
    });
    const reference = record?.finish() ?? null;
    const scoreEnd = performance.now();
    await pool.close();
    const optimization =
      rewritten &&
      (await proveRun({ prepared, workers, rewritten, kept: keptOf(kept, proved), seed }));
    const verifying = (done: number) =>
      onProgress?.({ phase: 'verify', done, total: sample.size, unit: 'rows', bpb });
    verifying(0);
    const verification = await verifyRows({
      setup,
      groups: sample.groups,
      firstOpinion: kept,
      seed,
      tolerance: toleranceOf(opened.info.precision, rewritten),
      signal,
      onRow: verifying,
    });
    const end = performance.now();
    const seconds = {
      load: (scoreStart - loadStart) / 1000,
      score: (scoreEnd - scoreStart) / 1000,
      verify: (end - scoreEnd) / 1000,
      total: (end - started) / 1000,
    };
    const opinions = { verification, rewritten, optimization, record: reference };
    return { opened, totals, ledger, times, ...opinions, seconds, output };
  } finally {
    await pool.close();
    record?.close();
  }
}
