/**
 * Scores the plan of a run with an open pool: all that happens on the main thread from the first
 * batch to the last.
 */

import type { OutputDirectory } from '../score/outputs.js';
import type { Prepared } from '../score/prepare.js';
import type { RunRecord } from '../score/record.js';
import { keepSampled } from '../score/sampled.js';
import { ScoreLedger } from '../windows/coverage.js';
import type { ScorePool } from './pool.js';
import { type RunTimes, runBatches } from './run-batches.js';
import { RunningBpb } from './running.js';
import { DocumentTotals } from './totals.js';

export interface PlanRun {
  readonly prepared: Prepared;
  readonly pool: ScorePool;
  /** Rows of the plan whose nats are wanted one by one. */
  readonly wanted: { has(row: number): boolean };
  readonly output: OutputDirectory | null;
  readonly record: RunRecord | null;
}

export interface PlanScore {
  readonly totals: DocumentTotals;
  readonly ledger: ScoreLedger;
  readonly running: RunningBpb;
  readonly times: RunTimes;
  /** Nats of the wanted rows, by row index of the plan. */
  readonly kept: ReadonlyMap<number, Float32Array>;
}

/** @throws what a worker refuses; BPB_INTERRUPTED */
export async function scorePlan(run: PlanRun): Promise<PlanScore> {
  const { prepared, pool, wanted, output, record } = run;
  const { options, data, plan, batches, range } = prepared;
  const totals = new DocumentTotals(data.stream.documentStarts.length);
  const ledger = new ScoreLedger(plan.tokens, plan.options.compat !== null);
  const running = new RunningBpb(prepared);
  const kept = new Map<number, Float32Array>();
  const times = await runBatches({
    pool,
    batches,
    range,
    totals,
    ledger,
    signal: options.signal,
    gate: record,
    keepNats: (_, rows) => options.saveTargets === true || rows.some((row) => wanted.has(row)),
    onMerged: (batch, rows, result) => {
      record?.enter(batch, result);
      output?.append(batch, result);
      keepSampled(rows, result, plan, wanted, kept);
      options.onProgress?.(running.add(result));
    },
  });
  return { totals, ledger, running, times, kept };
}
