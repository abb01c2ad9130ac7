/**
 * The score pipeline: open, probe, score, prove, verify, compose the result.
 */
import { computedHalf } from '../artifact/precision.js';
import { roundingNodes } from '../artifact/rounding.js';
import { Accounting } from '../bytes/accounting.js';
import { interrupted } from '../errors.js';
import { scoreCutsOf } from '../evaluation/checks/every-row.js';
import { checkFlags } from '../evaluation/checks/flags.js';
import { rulesOf } from '../evaluation/checks/rules.js';
import { openControl } from '../evaluation/control.js';
import { dataFindings } from '../evaluation/data-findings.js';
import { openEvaluation, type PlannedEvaluation } from '../evaluation/open.js';
import { SCORE_CHECKS, type ScoreOptions } from '../evaluation/options.js';
import { checkOptionTypes } from '../option-check.js';
import { withOutDirectory } from '../out-directory.js';
import { type EveryRowJudged, judgeEveryRow } from '../probes/every-row.js';
import { withOperators } from '../probes/located.js';
import { seedOf } from '../random.js';
import { requires } from '../rules/allowed.js';
import type { WorkerSetup } from '../run/messages.js';
import { batchesInFlight } from '../run/run-batches.js';
import { type PlanScore, scorePlan } from '../run/score-plan.js';
import { workerSetup } from '../run/worker-setup.js';
import { checkNewLedger } from './check-ledger.js';
import { composeResult, type RunOutcome, scoredRanges } from './compose.js';
import { compareControl, prepareControl } from './control.js';
import { documentRows } from './figures.js';
import { logitsFindings } from './logits-kind.js';
import { openWorkers, type Workers } from './open-workers.js';
import { precisionOf, proveRun } from './optimize-run.js';
import { OutputDirectory, RUN_FILES } from './outputs.js';
import { RunLedger } from './record.js';
import type { ScoreResult } from './result.js';
import { type ProofSample, provedSample, type Sample, sampleRows } from './sampled.js';
import { strictVerdicts } from './strict.js';
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
  checkOptionTypes('score', SCORE_CHECKS, options);
  checkFlags(options);
  // Before the directory is made; they are read again with the rest of what is asked for.
  scoreCutsOf(options, rulesOf(options)?.rules ?? null);
  const { out, force, ledger, signal } = options;
  if (ledger !== undefined) checkNewLedger(ledger, out);
  if (out === undefined) return scoreArtifact(options);
  const directory = { path: out, files: RUN_FILES, force, signal };
  return withOutDirectory(directory, () => scoreArtifact(options));
}

async function scoreArtifact(options: ScoreOptions): Promise<ScoreResult> {
  const ledger = new RunLedger(options.ledger);
  try {
    const result = await scoreWith(ledger, options);
    // Last, so that a ledger that names a result is of one that was composed and written.
    ledger.conclude(result);
    return result;
  } finally {
    ledger.close();
  }
}

async function scoreWith(ledger: RunLedger, options: ScoreOptions): Promise<ScoreResult> {
  const started = performance.now();
  const evaluation = await openEvaluation(options, 'plan');
  const { tokenizer, data, workload, rules } = evaluation;
  const { stream, sidecar, facts } = data;
  const setup = workerSetup(evaluation, options);
  const accounting = new Accounting({ tokenizer, stream, sidecar, facts });
  if (options.signal?.aborted) throw interrupted();

  const named = await openControl(evaluation, options);
  const ofData = await dataFindings(data, evaluation.window, options.accept, named?.findings);
  const control = named && (await prepareControl(named, evaluation, options));
  const seed = seedOf(options.seed);
  const probed = options.strict || (rules !== null && requires(rules.rules, 'probes'));
  const cuts = scoreCutsOf(options, rules?.rules ?? null);
  const strict = probed
    ? await strictVerdicts(evaluation, setup, workload.batchTokens, seed, options)
    : null;
  const asked = { options, evaluation, setup, accounting, seed, ledger, cuts };
  const { output, everyRow, ...run } = await runAndVerify(asked);
  const bytes = accounting.totals(scoredRanges(workload));
  const generalisation =
    control &&
    (await compareControl(
      control,
      { totals: run.totals, bytes },
      {
        ...{ options, seed, engine: run.opened.info.name },
        setup: control.evaluation && workerSetup(control.evaluation, options),
      },
    ));
  const total = (performance.now() - started) / 1000;
  const files = output?.writeTables(documentRows(bytes, run.totals)) ?? null;
  const { artifact, window } = evaluation;
  const located = everyRow && withOperators([everyRow.verdict], artifact, window.seqLen);
  const probes = located === null ? strict : [...(strict ?? []), ...located];
  const scored = {
    ...run,
    ...{ seed, bytes, ofData, probes, generalisation, files },
    everyRow: everyRow?.fields ?? null,
    seconds: { ...run.seconds, total },
  };
  const result = composeResult(evaluation, scored, options);
  output?.writeResult(result);
  return result;
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
async function runAndVerify(run: Run): Promise<Verified> {
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
