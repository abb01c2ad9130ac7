/**
 * The run of a score: from the first session over all batches to the proof, the verification and what every row came to.
 */
import { computedHalf } from '../artifact/precision.js';
import { roundingNodes } from '../artifact/rounding.js';
import type { Accounting } from '../bytes/accounting.js';
import type { PlannedEvaluation } from '../evaluation/open.js';
import type { ScoreOptions } from '../evaluation/options.js';
import { type EveryRowJudged, judgeEveryRow } from '../probes/every-row.js';
import type { WorkerSetup } from '../run/messages.js';
import { batchesInFlight } from '../run/run-batches.js';
import { type PlanScore, scorePlan } from '../run/score-plan.js';
import type { RunOutcome } from './compose.js';
import { logitsFindings } from './logits-kind.js';
import { openWorkers, type Workers } from './open-workers.js';
import { precisionOf, proveRun } from './optimize-run.js';
import { OutputDirectory } from './outputs.js';
import type { RunLedger } from './record.js';
import { type ProofSample, provedSample, type Sample, sampleRows } from './sampled.js';
import { toleranceOf, VERIFY_ROWS_MAX, verifyRows } from './verify.js';

/** One score: its options, what they name, and how its sessions are opened. */
interface Run {
  readonly options: ScoreOptions;
  readonly evaluation: PlannedEvaluation;
  readonly setup: WorkerSetup;
  readonly accounting: Accounting;
  readonly seed: number;
  readonly ledger: RunLedger;
  /** A row, of `--every-row`; null without. */
  readonly cuts: number | null;
}

type Verified = Omit<
  RunOutcome,
  'seed' | 'bytes' | 'ofData' | 'probes' | 'everyRow' | 'generalisation' | 'files' | 'seconds'
> & {
  readonly seconds: Omit<RunOutcome['seconds'], 'total'>;
  readonly output: OutputDirectory | null;
  readonly everyRow: EveryRowJudged | null;
};

/** From the first session to the verification; nothing is left open. */
export async function runAndVerify(run: Run): Promise<Verified> {
  const { options, evaluation, setup, seed } = run;
  const { workload, artifact } = evaluation;
  // On a GPU sums are in another order than the reference's.
  const byMean = evaluation.placement.gpus !== null && roundsActivations(evaluation);
  const sample = sampleRows(workload, artifact.adaptive, options.verifyRows, seed, byMean);
  const clock = stopwatch();
  const workers = await openWorkers(evaluation, setup, options);
  const { opened, rewritten } = workers;
  const proved = provedSample(workload, artifact.adaptive, rewritten, seed);
  const seconds = { load: clock(), score: 0, verify: 0 };
  const { output, record, ...scored } = await scoreBatches(run, workers, sample, proved, () => {
    seconds.score = clock();
  });
  const optimization = rewritten && (await prove(run, workers, scored.kept, proved));
  const verification = await verify(run, workers, scored, sample);
  const vocabulary = opened.info.vocabulary ?? scored.times.vocabulary;
  const ofLogits = await logitsFindings({
    ...{ setup: run.setup, artifact, workload, seed, vocabulary },
    info: opened.info,
    totals: scored.totals,
  });
  seconds.verify = clock();
  const { totals, coverage, times } = scored;
  const precision = precisionOf(opened.info, rewritten, computedHalf(artifact));
  const everyRow =
    scored.everyRow && judgeEveryRow(scored.everyRow, { seed, cuts: run.cuts! }, precision);
  const outcome = { opened, rewritten, totals, coverage, times, vocabulary };
  const computed = { ...outcome, optimization, verification, ofLogits, everyRow };
  return { ...computed, record, output, seconds };
}

/**
 * Scores all batches, and writes the files that are asked for of them. The workers are closed then.
 *
 * @param onScored called when the last batch is scored, before the workers are closed
 */
async function scoreBatches(
  { options, evaluation, accounting, seed, ledger, cuts }: Run,
  { pool }: Workers,
  sample: Sample,
  proved: Sample,
  onScored: () => void,
): Promise<PlanScore & Pick<Verified, 'output' | 'record'>> {
  try {
    const output = openOutput(options, evaluation);
    const record = ledger.begin(evaluation, batchesInFlight(pool));
    const wanted = { has: (row: number) => sample.has(row) || proved.has(row) };
    const scored = await scorePlan({
      ...evaluation.workload,
      documents: evaluation.data.stream.documentStarts.length,
      accounting,
      pool,
      wanted,
      allNats: options.saveTargets === true,
      output,
      recorder: record,
      everyRow:
        cuts === null ? null : { seed, cuts, vocabulary: evaluation.tokenizer.pieces.length },
      signal: options.signal,
      onProgress: options.onProgress,
    });
    const files = { output, record: record?.finish() ?? null };
    onScored();
    return { ...scored, ...files };
  } finally {
    await pool.close();
  }
}

function openOutput(
  { out, saveTargets }: ScoreOptions,
  { artifact, workload: { plan, batches, range } }: PlannedEvaluation,
): OutputDirectory | null {
  if (out === undefined) return null;
  const header = { artifact: artifact.sha256, window: plan.options, batches: batches.count, range };
  return new OutputDirectory(out, header, saveTargets ? { tokens: plan.tokens } : null);
}

function prove(
  { options, evaluation: { placement }, setup, seed }: Run,
  { opened: { info }, rewritten }: Workers,
  kept: PlanScore['kept'],
  sample: ProofSample,
) {
  return proveRun({ setup, placement, info, rewritten: rewritten!, sample, kept, seed, options });
}

function verify(
  { options, evaluation, setup, seed }: Run,
  { opened, rewritten }: Workers,
  { kept, bpb }: PlanScore,
  sample: Sample,
) {
  const { artifact, workload } = evaluation;
  const onRow = (done: number) =>
    options.onProgress?.({ phase: 'verify', done, total: sample.size, unit: 'rows', bpb });
  onRow(0);
  return verifyRows({
    setup,
    groups: sample.groups,
    ofRun: kept,
    seed,
    tolerance: toleranceOf(precisionOf(opened.info, rewritten, computedHalf(artifact)), rewritten),
    rounded: roundsActivations(evaluation),
    onGpu: opened.info.provider !== 'cpu',
    noiseGroups: sampleRows(workload, artifact.adaptive, VERIFY_ROWS_MAX, seed).groups,
    signal: options.signal,
    onRow,
  });
}

function roundsActivations({ artifact }: PlannedEvaluation): boolean {
  return roundingNodes(artifact, false).length > 0;
}

/** Seconds since the last call. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const seconds = (now - last) / 1000;
    last = now;
    return seconds;
  };
}
