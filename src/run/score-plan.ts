/**
 * Score of a plan on an open pool: everything on the main thread from the first batch to the last.
 */
import type { Progress } from '../progress.js';
import type { BatchPlan } from '../windows/batches.js';
import { CoverageMap } from '../windows/coverage.js';
import { scoredOf, type WindowPlan } from '../windows/plan.js';
import { EveryRowCheck, type EveryRowRequest } from './every-row/check-plan.js';
import type { EveryRowTotals } from './every-row/sums.js';
import type { RowsScore } from './messages.js';
import { type BatchGate, type RunOptions, runBatches } from './run-batches.js';
import { type ByteCounter, RunningBpb } from './running.js';
import { RunTimes } from './times.js';
import { DocumentTotals, mergeScore } from './totals.js';

/** Consumer of batch results in the order in which batches end. */
interface BatchOutput {
  append(batch: number, result: RowsScore): void;
}

/** Consumer of batch results that puts them into the order of the plan, and so holds batches back. */
interface BatchRecorder extends BatchGate {
  enter(batch: number, result: RowsScore): void;
}

interface PlanRun extends Pick<RunOptions, 'pool' | 'range' | 'signal'> {
  readonly plan: WindowPlan;
  readonly batches: BatchPlan;
  /** Documents of the stream. */
  readonly documents: number;
  readonly accounting: ByteCounter;
  /** Plan rows whose nats are kept. */
  readonly wanted: { has(row: number): boolean };
  /** Whether `output` needs the nats of every target. */
  readonly allNats: boolean;
  readonly output: BatchOutput | null;
  readonly recorder: BatchRecorder | null;
  /** Null or absent where rows are scored once. */
  readonly everyRow?: EveryRowRequest | null | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface PlanScore {
  readonly totals: DocumentTotals;
  readonly coverage: CoverageMap;
  readonly times: RunTimes;
  /** Bits per byte so far, for progress of what follows; null where no byte was scored. */
  readonly bpb: number | null;
  /** Nats of the wanted rows, by row index of the plan. */
  readonly kept: ReadonlyMap<number, Float32Array>;
  /** Null where it was not asked for. */
  readonly everyRow: EveryRowTotals | null;
}

/** @throws what a worker refuses; BPB_INTERRUPTED */
export async function scorePlan(run: PlanRun): Promise<PlanScore> {
  const { plan, wanted, allNats, output, recorder, onProgress } = run;
  const totals = new DocumentTotals(run.documents);
  const coverage = new CoverageMap(plan.tokens, plan.options.compat !== null);
  const everyRow = run.everyRow ? new EveryRowCheck(run.everyRow, run.range, run.batches) : null;
  const scores = 1 + (run.everyRow?.cuts ?? 0);
  const running = new RunningBpb(run.accounting, plan.scored + plan.repeated, scores);
  const times = new RunTimes();
  const kept = new Map<number, Float32Array>();
  await runBatches({
    pool: run.pool,
    batches: run.batches,
    range: run.range,
    signal: run.signal,
    gate: recorder,
    keepNats: (rows) => allNats || rows.some((row) => wanted.has(row)),
    everyRow: everyRow === null ? undefined : (batch) => everyRow.task(batch),
    onScored: (batch, rows, result) => {
      mergeScore(totals, coverage, result);
      times.add(result);
      if (result.everyRow !== undefined) everyRow?.totals.merge(result.everyRow);
      recorder?.enter(batch, result);
      output?.append(batch, result);
      keepWanted(rows, result, plan, wanted, kept);
      onProgress?.(running.add(result));
    },
  });
  return { totals, coverage, times, bpb: running.bpb, kept, everyRow: everyRow?.totals ?? null };
}

/** Cuts the nats of the wanted rows out of a batch, in which they are in the order of its rows. */
function keepWanted(
  rows: Uint32Array,
  { nats }: RowsScore,
  plan: WindowPlan,
  wanted: PlanRun['wanted'],
  kept: Map<number, Float32Array>,
): void {
  if (nats === null) return;
  let at = 0;
  for (const index of rows) {
    const end = at + scoredOf(plan, index);
    if (wanted.has(index)) kept.set(index, nats.slice(at, end));
    at = end;
  }
}
