/**
 * `bpb probe`: every probe on an artifact, with the data that is named.
 */
import type { LoadedModel, PortOptions } from '../artifact/load-model.js';
import { notCountedOf } from '../artifact/size.js';
import type { EngineInfo } from '../engine/types.js';
import { withAccepted } from '../evaluation/accept.js';
import { cutsOf } from '../evaluation/checks/every-row.js';
import { rulesOf } from '../evaluation/checks/rules.js';
import { dataFindings } from '../evaluation/data-findings.js';
import type { DecidedBy } from '../evaluation/decided.js';
import { type ModelEvaluation, openEvaluation } from '../evaluation/open.js';
import type { OpenData } from '../evaluation/open-data.js';
import { SCORE_CHECKS, type ScoreOptions } from '../evaluation/options.js';
import { PORT_CHECKS } from '../evaluation/port-options.js';
import {
  DEFAULT_BATCH_TOKENS,
  ENGINE_CHECKS,
  type EngineFlags,
  sessionSpec,
} from '../evaluation/session-options.js';
import { bySeverity, type Finding, withholds } from '../finding.js';
import { kindText } from '../onnx/bind/rules.js';
import { checkOptionTypes, type OptionChecks, option } from '../option-check.js';
import { seedOf } from '../random.js';
import { judgeProbed } from '../rules/judge.js';
import { type RulesReport, reportOf, ruleFindings } from '../rules/verdict.js';
import type { ProbeVerdict } from '../verdict.js';
import { harnessCommit, harnessVersion } from '../version.js';
import type { WindowOptions } from '../windows/options.js';
import { anyFailed, probeAll } from './all.js';
import type { EveryRow } from './every-row.js';
import { withOperators } from './located.js';
import type { SessionSetup } from './messages.js';
import { probeEveryRow } from './probe-every-row.js';

export interface ProbeOptions
  extends EngineFlags,
    PortOptions,
    Pick<
      ScoreOptions,
      | 'artifact'
      | 'rules'
      | 'tokenizer'
      | 'documentStart'
      | 'data'
      | 'docs'
      | 'textField'
      | 'accept'
      | 'limitDocs'
      | 'window'
      | 'seqLen'
      | 'stride'
      | 'batchTokens'
      | 'seed'
      | 'everyRow'
      | 'cuts'
      | 'command'
      | 'signal'
      | 'onProgress'
    > {
  /** Many more rows and changes; minutes where the default takes seconds. */
  thorough?: boolean | undefined;
}

const PROBE_CHECKS: OptionChecks<ProbeOptions> = {
  artifact: SCORE_CHECKS.artifact,
  rules: SCORE_CHECKS.rules,
  tokenizer: SCORE_CHECKS.tokenizer,
  documentStart: SCORE_CHECKS.documentStart,
  data: SCORE_CHECKS.data,
  docs: SCORE_CHECKS.docs,
  textField: SCORE_CHECKS.textField,
  accept: SCORE_CHECKS.accept,
  limitDocs: SCORE_CHECKS.limitDocs,
  window: SCORE_CHECKS.window,
  seqLen: SCORE_CHECKS.seqLen,
  stride: SCORE_CHECKS.stride,
  ...PORT_CHECKS,
  ...ENGINE_CHECKS,
  batchTokens: SCORE_CHECKS.batchTokens,
  seed: SCORE_CHECKS.seed,
  thorough: option.flag,
  everyRow: SCORE_CHECKS.everyRow,
  cuts: SCORE_CHECKS.cuts,
  command: SCORE_CHECKS.command,
  signal: SCORE_CHECKS.signal,
  onProgress: SCORE_CHECKS.onProgress,
};

/** The document `bpb-probe/1`. */
export interface ProbeReport {
  schema: 'bpb-probe/1';
  /** `fail` where one probe failed, or a finding that is not accepted withholds every score. */
  verdict: 'pass' | 'fail';
  verdicts: ProbeVerdict[];
  /** What graphs and data say of the number before it is computed, as a score says it. */
  findings: Finding[];
  artifact: { name: string; sha256: string; model_sha256: string };
  /** What the tokens of the probes are from; null where they were drawn at random. */
  data: { tokens: number; documents: number } | null;
  window: WindowOptions;
  /** Who decided each setting of what was probed, by its name. */
  decided_by: DecidedBy;
  /** The organizer's rules, as far as a probe can judge them; null where none were named. */
  rules: RulesReport | null;
  /** Null where the graph could only be read. */
  engine: Pick<
    EngineInfo,
    'name' | 'provider' | 'device' | 'precision' | 'threads' | 'versions'
  > | null;
  /** Largest difference in nats between two runs of the same thing; null where it has no bound. */
  noise_nats: number | null;
  /** Of all that was drawn: given by the caller, or drawn for this run. */
  seed: number;
  thorough: boolean;
  /** Of `--every-row`: what it did, and the bound that follows; null without. */
  every_row: EveryRow | null;
  notes: string[];
  seconds: number;
  run: { harness: string; commit: string | null; command: string; date: string };
}

/** Rows of a batch on a GPU, where all batches have one shape. */
const GPU_ROWS = 4;

/**
 * Tests an artifact from outside for what would make its score wrong: later tokens, other rows,
 * chance, other documents, NaN, a narrow vocabulary, hidden data.
 *
 * @example
 * ```ts
 * import { probe } from 'bpb-harness';
 *
 * const report = await probe({ artifact: 'models/sotu-8x256', seed: 7 });
 * console.log(report.verdict, report.verdicts.filter(({ verdict }) => verdict === 'fail'));
 * ```
 * @throws BpbError: `usage`, `input`, `environment` or `interrupted`, as a score would
 */
export async function probe(options: ProbeOptions): Promise<ProbeReport> {
  const started = performance.now();
  checkOptionTypes('probe', PROBE_CHECKS, options);
  const { thorough = false, onProgress, signal } = options;
  const seed = seedOf(options.seed);
  const cuts = cutsOf(options, rulesOf(options)?.rules ?? null);
  const planned = cuts === null ? null : await openEvaluation(options, 'plan');
  const evaluation = planned ?? (await openEvaluation(options, 'model'));
  const { artifact, tokenizer, window, data, placement } = evaluation;
  const { adaptive } = artifact;
  const ofData = await findingsOfData(data, window, options.accept);
  const time = adaptive === null ? window.seqLen : adaptive.context + adaptive.chunk;
  const setup: SessionSetup = {
    ...sessionSpec(evaluation, options, { batch: [GPU_ROWS, time] }),
    batchTokens: options.batchTokens ?? DEFAULT_BATCH_TOKENS,
  };
  const stream = data?.stream ?? null;
  const { workers } = placement;
  const all = { artifact, tokenizer, stream, setup, workers, seed, thorough, signal, onProgress };
  const { verdicts, findings: ofGraph, notes, info, noise } = await probeAll(all);
  const everyRow = planned && (await probeEveryRow(planned, options, { seed, cuts: cuts! }));
  if (everyRow !== null) {
    verdicts.push(...withOperators([everyRow.verdict], artifact, window.seqLen));
  }
  const rules = reportOn(evaluation);
  const ofRules = rules === null ? [] : ruleFindings(rules);
  const findings = bySeverity([...ofGraph, ...ofData, ...ofRules]);
  notes.push(...portNotes(artifact.model));
  if (data === null) notes.push('no data was named: tokens were drawn at random');
  return {
    schema: 'bpb-probe/1',
    verdict: anyFailed(verdicts) || withholds(findings) ? 'fail' : 'pass',
    verdicts,
    findings,
    artifact: {
      name: artifact.name,
      sha256: artifact.sha256,
      model_sha256: artifact.model.sha256,
    },
    data: data === null ? null : size(data),
    window,
    decided_by: evaluation.decided,
    rules,
    engine: info === null ? null : engineFacts(info),
    noise_nats: noise,
    seed,
    thorough,
    every_row: everyRow?.fields ?? null,
    notes,
    seconds: (performance.now() - started) / 1000,
    run: {
      harness: harnessVersion(),
      commit: harnessCommit(),
      command: options.command ?? '',
      date: new Date().toISOString(),
    },
  };
}

/** The verdicts of the rules on what is probed. */
function reportOn({ artifact, tokenizer, window, rules }: ModelEvaluation): RulesReport | null {
  if (rules === null) return null;
  const { sha256, bosId, documentStart, normalizer } = tokenizer;
  const facts = {
    window,
    tokenizer: {
      sha256,
      bos: bosId,
      document_start: documentStart,
      normalizer_sha256: normalizer?.sha256 ?? null,
    },
    artifact: {
      bytes_counted: artifact.size.bytesCounted,
      not_counted: notCountedOf(artifact.size, tokenizer),
      uncounted: null,
    },
  };
  return reportOf(rules, judgeProbed(rules.rules, facts));
}

/** Without data there is nothing that could be accepted either. */
function findingsOfData(
  data: OpenData | null,
  window: WindowOptions,
  accept: ProbeOptions['accept'],
): Promise<Finding[]> | Finding[] {
  return data === null ? withAccepted([], accept) : dataFindings(data, window, accept);
}

function engineFacts(info: EngineInfo): ProbeReport['engine'] {
  const { name, provider, device, precision, threads, versions } = info;
  return { name, provider, device, precision, threads, versions };
}

function size({ stream }: OpenData): { tokens: number; documents: number } {
  return { tokens: stream.ids.length, documents: stream.documentStarts.length };
}

/** Inputs that a note names one by one. */
const INPUTS_SHOWN = 4;

/** What somebody says of the model's ports, without which the graph is another one. */
function portNotes({ inputs, logitsAre }: LoadedModel): string[] {
  const said = inputs.filter(({ by }) => by !== 'name');
  const named = said.slice(0, INPUTS_SHOWN).map(({ name, kind }) => `${name} ${kindText(kind)}`);
  if (said.length > named.length) named.push(`${said.length - named.length} more`);
  if (logitsAre !== 'logits') named.push(`the output taken as ${logitsAre}`);
  return named.length === 0
    ? []
    : [`probed as the caller or the manifest says: ${named.join(', ')}`];
}
