/**
 * The score pipeline: open, probe, score, prove, verify, compose the result.
 */
import { Accounting } from '../bytes/accounting.js';
import { interrupted } from '../errors.js';
import { scoreCutsOf } from '../evaluation/checks/every-row.js';
import { checkFlags } from '../evaluation/checks/flags.js';
import { rulesOf } from '../evaluation/checks/rules.js';
import { openControl } from '../evaluation/control.js';
import { dataFindings } from '../evaluation/data-findings.js';
import { openEvaluation } from '../evaluation/open.js';
import { SCORE_CHECKS, type ScoreOptions } from '../evaluation/options.js';
import { checkOptionTypes } from '../option-check.js';
import { withOutDirectory } from '../out-directory.js';
import { withOperators } from '../probes/located.js';
import { seedOf } from '../random.js';
import { requires } from '../rules/allowed.js';
import { workerSetup } from '../run/worker-setup.js';
import { checkNewLedger } from './check-ledger.js';
import { composeResult, scoredRanges } from './compose.js';
import { compareControl, prepareControl } from './control.js';
import { documentRows } from './figures.js';
import { RUN_FILES } from './outputs.js';
import { RunLedger } from './record.js';
import type { ScoreResult } from './result.js';
import { runAndVerify } from './run-and-verify.js';
import { strictVerdicts } from './strict.js';

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
