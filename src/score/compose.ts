/**
 * The result document of a run, composed of what was opened and what was computed.
 */
import { type Adaptive, resetsAtDocuments } from '../artifact/adaptive.js';
import { graphFindings } from '../artifact/graph-findings.js';
import { computedHalf } from '../artifact/precision.js';
import type { ByteTotals as Accounted, TargetRange } from '../bytes/accounting.js';
import type { PlannedEvaluation, Workload } from '../evaluation/open.js';
import type { ScoreOptions } from '../evaluation/options.js';
import { type Finding, withholds } from '../finding.js';
import type { Generalisation } from '../generalisation/types.js';
import type { LedgerReference } from '../ledger/format.js';
import type { EveryRow } from '../probes/every-row.js';
import { judgeRules } from '../rules/judge.js';
import type { LoadedRules } from '../rules/load.js';
import { grantsOf } from '../rules/tokenizers.js';
import { type RulesReport, reportOf, ruleFindings } from '../rules/verdict.js';
import type { Opened } from '../run/messages.js';
import type { RunTimes } from '../run/times.js';
import type { DocumentTotals } from '../run/totals.js';
import type { ProbeVerdict } from '../verdict.js';
import { harnessVersion } from '../version.js';
import type { CoverageMap } from '../windows/coverage.js';
import { decidedFindings } from './decided-findings.js';
import { judgeBytes } from './denominator.js';
import {
  dataFigures,
  dataNotes,
  identifyData,
  judged,
  scoreFigures,
  totalFigures,
  withRunHash,
} from './figures.js';
import { checkFindings, figureFindings, plausibility, unverifiedFindings } from './findings.js';
import { identityOf } from './identity.js';
import type { Rewritten } from './open-workers.js';
import { type Optimization, precisionOf } from './optimize-run.js';
import type { OutputFile, ScoreResult } from './result.js';
import { sizeFacts } from './size-findings.js';
import type { Verification } from './verify.js';

/** Everything that a run has computed. */
export interface RunOutcome {
  /** Of every draw of the run. */
  readonly seed: number;
  readonly opened: Opened;
  readonly totals: DocumentTotals;
  readonly coverage: CoverageMap;
  readonly times: RunTimes;
  /** Width of the logits; null where no engine saw it. */
  readonly vocabulary: number | null;
  readonly bytes: Accounted;
  readonly verification: Verification;
  /** Whether they are what they are taken for. */
  readonly ofLogits: readonly Finding[];
  readonly rewritten: Rewritten | null;
  readonly optimization: Optimization | null;
  /** Of `--ledger`. */
  readonly record: LedgerReference | null;
  /** Of the shards. */
  readonly ofData: readonly Finding[];
  /** Of `--strict`. */
  readonly probes: ProbeVerdict[] | null;
  /** Of a control set; null without one. */
  readonly generalisation: Generalisation | null;
  /** Of `--every-row`. */
  readonly everyRow: EveryRow | null;
  /** Of `--out`. */
  readonly files: OutputFile[] | null;
  readonly seconds: { load: number; score: number; verify: number; total: number };
}

/** What is found out before it is judged. */
type Draft = Omit<
  ScoreResult,
  'schema' | 'status' | 'score' | 'findings' | 'rules' | 'identity' | 'run'
>;

/** The result; closes the coverage first, so that none is given where a target is missing. */
export function composeResult(
  evaluation: PlannedEvaluation,
  scored: RunOutcome,
  options: ScoreOptions,
): ScoreResult {
  const { part, command = '' } = options;
  const { artifact, data, placement, workload } = evaluation;
  const { plan, batches, batchTokens } = workload;
  const { opened, totals, coverage, times, bytes, rewritten, seconds } = scored;
  const skipped = [...plan.skipped];
  const inOtherParts = plan.scored - coverage.scored;
  if (part !== undefined && inOtherParts > 0) {
    skipped.push({ reason: 'part', targets: inOtherParts });
  }
  coverage.close(skipped.reduce((sum, skip) => sum + skip.targets, 0));

  const targets = totals.totalTargets();
  const known = identifyData(data, targets);
  const info = opened.info;
  const { denominator, findings: ofBytes } = judgeBytes(bytes, {
    data,
    known,
    planned: plan.scored,
    namedByCaller: options.tokenizer !== undefined,
    ...(evaluation.rules === null ? {} : grantsOf(evaluation.rules.rules, evaluation.tokenizer)),
  });
  const figures = {
    score: scoreFigures(totals, bytes, 'computed'),
    totals: totalFigures(totals, bytes, denominator),
  };
  const ofGraph = graphFindings(artifact);
  const size = sizeFacts(evaluation, options);
  const findings = [
    ...scored.ofLogits,
    ...figureFindings(figures),
    ...ofBytes,
    ...ofGraph,
    ...scored.ofData,
    ...checkFindings(scored, withholds(ofGraph)),
    ...unverifiedFindings({ score: figures.score, verification: scored.verification }),
    ...plausibility(figures, {
      logits: scored.vocabulary,
      tokenizer: evaluation.tokenizer.pieces.length,
    }),
    ...size.findings,
  ];
  const draft: Draft = {
    decided_by: evaluation.decided,
    seed: scored.seed,
    totals: figures.totals,
    coverage: {
      tokens: plan.tokens,
      documents: data.stream.documentStarts.length,
      scored: coverage.scored,
      repeated: coverage.repeated,
      partial: data.partial || part !== undefined,
      part: part === undefined ? null : [part[0], part[1]],
      skipped,
    },
    window: plan.options,
    artifact: {
      name: artifact.name,
      sha256: artifact.sha256,
      model_sha256: artifact.model.sha256,
      ...size.fields,
      external_data: artifact.external.map(({ name, bytes, sha256 }) => ({
        file: name,
        bytes,
        sha256,
      })),
    },
    ...dataFigures(evaluation, known),
    engine: {
      name: info.name,
      provider: info.provider,
      device: info.device,
      precision: precisionOf(info, rewritten, computedHalf(artifact)),
      instruction_set: info.instructionSet,
      devices:
        info.provider === 'cpu' || placement.gpus === null
          ? ['cpu']
          : placement.gpus.indexes.map((index) => `cuda:${index}`),
      vocabulary: scored.vocabulary,
      batch: times.shape ?? batches.shape,
      batch_tokens: batchTokens,
      workers: placement.workers,
      threads: info.threads,
      versions: info.versions,
      device_to_host_bytes: times.deviceToHostBytes,
      ...portFacts(artifact.model),
      allowed_ops: artifact.allowedOperators,
    },
    adaptive: adaptiveOf(artifact.adaptive, times),
    verification: scored.verification,
    optimization: scored.optimization,
    ledger: scored.record,
    files: scored.files,
    probes: scored.probes,
    generalisation: scored.generalisation,
    every_row: scored.everyRow,
    time: {
      load_s: seconds.load,
      score_s: seconds.score,
      run_s: times.runSeconds,
      nll_s: times.scoreSeconds,
      verify_s: seconds.verify,
      total_s: seconds.total,
      targets_per_s: targets / seconds.score,
    },
    notes: notesOf(evaluation, scored, part),
  };
  findings.push(...decidedFindings(draft));
  const rules = reportOn(evaluation.rules, { ...draft, findings });
  const result = {
    schema: 'bpb-result/1' as const,
    ...judged(figures.score, [...findings, ...(rules === null ? [] : ruleFindings(rules))]),
    rules,
    ...draft,
    run: { harness: harnessVersion() },
  };
  return withRunHash({ ...result, identity: identityOf(result) }, command);
}

function reportOn(
  loaded: LoadedRules | null,
  result: Draft & { readonly findings: readonly Finding[] },
): RulesReport | null {
  return loaded === null ? null : reportOf(loaded, judgeRules(loaded.rules, result));
}

function portFacts(model: PlannedEvaluation['artifact']['model']) {
  return {
    tokens_input: model.tokensInput,
    logits_output: model.logitsOutput,
    logits_are: model.logitsAre,
    inputs: Object.fromEntries(model.inputs.map(({ name, kind, by }) => [name, { kind, by }])),
  };
}

function adaptiveOf(
  adaptive: Adaptive | null,
  { adaptations, adaptSeconds }: RunTimes,
): ScoreResult['adaptive'] {
  if (adaptive === null) return null;
  const { chunk, context, steps } = adaptive;
  const reset = resetsAtDocuments(adaptive) ? 'document' : 'never';
  return { chunk, context, steps, reset, adaptations, adapt_s: adaptSeconds };
}

/**
 * The targets that this run's rows score. Rows that follow each other are one range: a run has a
 * million rows, and few gaps between them.
 */
export function* scoredRanges({ plan, batches, range }: Workload): Generator<TargetRange> {
  let first = 0;
  let end = 0;
  for (let b = range[0]; b < range[1]; b++) {
    for (const index of batches.rowIndexes(b)) {
      const { start, length, firstScored } = plan.row(index);
      const from = start + firstScored + 1;
      if (from !== end) {
        if (end > first) yield [first, end - first];
        first = from;
      }
      end = start + length + 1;
    }
  }
  if (end > first) yield [first, end - first];
}

function notesOf(
  { artifact, data }: PlannedEvaluation,
  { opened, times }: RunOutcome,
  part: ScoreOptions['part'],
): string[] {
  const notes = [...artifact.remarks, ...opened.notes, ...times.remarks, ...dataNotes(data)];
  if (part !== undefined) notes.push(`partial: part ${part[0]} of ${part[1]}`);
  return notes;
}
