/**
 * Opening of an evaluation: flags, artifact, windows, tokenizer, data and plan, each checked
 * before the next is opened. No model is run.
 */
import { availableParallelism } from 'node:os';
import { type Artifact, loadArtifact } from '../artifact/load.js';
import { requireDocuments } from '../data/built-in.js';
import type { DocumentSource } from '../data/types.js';
import { defaultBatchTokens } from '../engine/cuda/batch-shapes.js';
import { type BpbError, interrupted } from '../errors.js';
import type { FixedAxes } from '../fixed-axes.js';
import type { Progress } from '../progress.js';
import { onlyOf } from '../rules/allowed.js';
import { type Decided, decide } from '../rules/decide.js';
import type { LoadedRules } from '../rules/load.js';
import type { Rules } from '../rules/schema.js';
import { documentStartHint, startIdOf, withDocumentStart } from '../tokenizer/document-start.js';
import { loadTokenizer } from '../tokenizer/load.js';
import type { DocumentStart, Tokenizer } from '../tokenizer/types.js';
import { type BatchPlan, longestRow } from '../windows/batches.js';
import { checkWindowOptions, noDocumentWindows, type WindowOptions } from '../windows/options.js';
import type { WindowPlan } from '../windows/plan.js';
import type { AuditOptions } from './audit-options.js';
import { checkAuditFlags } from './checks/audit.js';
import { checkRowLength, hasWholeRows, modelAxes } from './checks/axes.js';
import { checkExternalData } from './checks/external-data.js';
import { checkFlags } from './checks/flags.js';
import { requireModelOptions, requireTokenOptions } from './checks/missing.js';
import { checkTokenizerFlags, rulesOf } from './checks/rules.js';
import { checkAdaptiveWindow, checkOnePass, isOnePass } from './checks/stateful.js';
import { type DecidedBy, decidedSettings } from './decided.js';
import {
  documentSource,
  namesData,
  type OpenData,
  type OpenShards,
  openData,
  openShards,
} from './open-data.js';
import type { ScoreOptions, TokenOptions } from './options.js';
import { devicesOf, placementOf } from './placement.js';
import { partRange, planBatchesOf, planRows } from './plan.js';
import { portOptions } from './port-options.js';
import { DEFAULT_BATCH_TOKENS, type Placement } from './session-options.js';
import { windowRequest } from './window.js';

/** Tokens that losses computed elsewhere are of. */
interface TokenEvaluation {
  readonly tokenizer: Tokenizer;
  readonly data: OpenData;
}

/** A model, and where and how it is to be run. */
export interface ModelEvaluation {
  readonly artifact: Artifact;
  /** That the graph fixes. */
  readonly axes: FixedAxes;
  readonly window: WindowOptions;
  readonly tokenizer: Tokenizer;
  /** Null where neither the options nor the artifact name any. */
  readonly data: OpenData | null;
  readonly placement: Placement;
  /** Null where the caller names none. */
  readonly rules: LoadedRules | null;
  /** Who decided each setting that moves the number. */
  readonly decided: DecidedBy;
}

/** A model with the rows that it is to score. */
export interface PlannedEvaluation extends ModelEvaluation {
  readonly data: OpenData;
  readonly workload: Workload;
}

/** The inputs of an audit, with what a score would refuse the tokenizer for. */
export interface AuditEvaluation {
  readonly tokenizer: Tokenizer;
  readonly problems: readonly BpbError[];
  /** Documents, not read yet; null where none are named. */
  readonly documents: DocumentSource | null;
  /** Null where none are named. */
  readonly shards: OpenShards | null;
}

export interface Workload {
  readonly plan: WindowPlan;
  readonly batches: BatchPlan;
  /** Batches `[from, to)` of this run: all of them, or a part. */
  readonly range: readonly [from: number, to: number];
  /** Padded input tokens a batch, at most. */
  readonly batchTokens: number;
}

/**
 * @param needs `plan`: a model, data and the plan of its rows. `model`: a model, and data where it is
 * named. `tokens`: data and its tokenizer, no model. `audit`: a tokenizer and whatever data is named,
 * with problems listed that the others refuse.
 * @throws BpbError: (usage) for flags that are wrong, contradict each other or the artifact, or are
 * missing, of which all are named at once; (input) for what cannot be read; (environment) for a GPU
 * that is asked for by name and cannot be used
 */
export function openEvaluation(options: ScoreOptions, needs: 'plan'): Promise<PlannedEvaluation>;
export function openEvaluation(options: ScoreOptions, needs: 'model'): Promise<ModelEvaluation>;
export function openEvaluation(options: TokenOptions, needs: 'tokens'): Promise<TokenEvaluation>;
export function openEvaluation(options: AuditOptions, needs: 'audit'): Promise<AuditEvaluation>;
export function openEvaluation(
  options: ScoreOptions | TokenOptions | AuditOptions,
  needs: 'plan' | 'model' | 'tokens' | 'audit',
): Promise<ModelEvaluation | TokenEvaluation | AuditEvaluation> {
  if (needs === 'tokens') return openTokens(options);
  if (needs === 'audit') return openAudit(options);
  return openModel(options as ScoreOptions, needs === 'plan');
}

async function openTokens(options: TokenOptions): Promise<TokenEvaluation> {
  requireTokenOptions(options);
  requireDocuments(options.docs, options.textField);
  const tokenizer = withDocumentStart(loadTokenizer(options.tokenizer!), options.documentStart);
  // No session is open that the cores are to be shared with.
  return { tokenizer, data: await dataOf(options, tokenizer, availableParallelism()) };
}

async function openAudit(options: AuditOptions): Promise<AuditEvaluation> {
  checkAuditFlags(options);
  const { docs, textField, data, onProgress } = options;
  requireDocuments(docs, textField);
  const problems: BpbError[] = [];
  const loaded = loadTokenizer(options.tokenizer!, (problem) => problems.push(problem));
  const tokenizer = withDocumentStart(loaded, options.documentStart);
  const documents = docs === undefined ? null : documentSource(docs, textField);
  const shards = data === undefined ? null : await openShards(data, tokenizer, onProgress);
  return { tokenizer, problems, documents, shards };
}

async function openModel(options: ScoreOptions, planned: boolean): Promise<ModelEvaluation> {
  checkFlags(options);
  requireDocuments(options.docs ?? options.controlDocs, options.textField);
  if (options.signal?.aborted) throw interrupted();
  const devices = devicesOf(options);
  const loaded = rulesOf(options);
  const rules = loaded?.rules ?? null;
  const artifact = await loadArtifact(options.artifact, portOptions(options));
  const { adaptive, evaluation } = artifact;
  requireModelOptions(options, artifact, rules, planned);
  const requested = windowRequest(options, evaluation, rules);
  const window = requested.window as WindowOptions;
  checkWindowOptions(window);
  if (adaptive !== null) checkAdaptiveWindow(window, adaptive);
  const axes = modelAxes(artifact);
  if (adaptive === null && hasWholeRows(window)) {
    checkRowLength(window.seqLen, axes, window, artifact.model);
  }
  // Probes share out rows of their own, whatever the state: to one GPU.
  const onePass = planned && isOnePass(adaptive);
  if (onePass) checkOnePass(options);
  const gpus = devices.gpus?.indexes.length ?? 0;
  const placement = placementOf(devices, options, planned ? gpus : Math.min(1, gpus), onePass);
  const opened = openTokenizer(options, artifact, rules);
  const tokenizer = opened.value;
  if (loaded !== null) checkTokenizerFlags(options, tokenizer, loaded);
  checkDocumentWindows(window, tokenizer);
  const named = namesData(options) ? options : { ...options, data: builtIn(evaluation?.data) };
  const threads = placement.workers * placement.threads;
  const data = namesData(named) ? await dataOf(named, tokenizer, threads) : null;
  if (data !== null) await checkExternalData(artifact, data, options.docs);
  const deciders = { ...requested.deciders, document_start: opened.by };
  const decided = decidedSettings(options, artifact, rules, deciders);
  const model = { artifact, axes, window, tokenizer, data, placement, rules: loaded, decided };
  if (!planned) return model;
  const whole: PlannedEvaluation = { ...model, data: data!, workload: workloadOf(model, options) };
  return whole;
}

const builtIn = (name: string | undefined) => (name === undefined ? undefined : [name]);

/**
 * The tokenizer that is asked for, else the artifact's own, of which one is there; and who decided what
 * begins its documents.
 */
function openTokenizer(
  { tokenizer, documentStart }: ScoreOptions,
  artifact: Artifact,
  rules: Rules | null,
): Decided<Tokenizer> {
  const own = artifact.tokenizer;
  const loaded = loadTokenizer(tokenizer ?? (own!.kind === 'byte260' ? 'byte260' : own!.path));
  const only = onlyOf(rules?.documentStart);
  const start = decide<DocumentStart | null>({
    rules: only === 'bos' ? loaded.bosId : only,
    caller: documentStart,
    // What a manifest says is of its own tokenizer.
    artifact: tokenizer === undefined ? own!.documentStart : undefined,
    byDefault: loaded.documentStart,
  });
  if (start.by === 'default' || (start.by === 'rules' && only === 'bos')) {
    return { value: loaded, by: start.by };
  }
  const where = { rules: 'documentStart', artifact: 'tokenizer.documentStart' }[String(start.by)];
  return { value: withDocumentStart(loaded, start.value ?? undefined, where), by: start.by };
}

/** Refused before the data is read: a document's first token needs an input that predicts it. */
function checkDocumentWindows({ mode }: WindowOptions, tokenizer: Tokenizer): void {
  if (mode !== 'document' || startIdOf(tokenizer) !== null) return;
  throw noDocumentWindows(`${documentStartHint(tokenizer)}; with none, --window chunk or sliding`);
}

/** Progress is reported often enough to end the reading of an aborted run by. */
export function dataOf(
  options: TokenOptions & Pick<ScoreOptions, 'signal'>,
  tokenizer: Tokenizer,
  workers: number,
): Promise<OpenData> {
  const { data, docs, sidecar, limitDocs, signal } = options;
  // Where only a control set has documents, the field is theirs.
  const textField = docs === undefined ? undefined : options.textField;
  const onProgress = (progress: Progress): void => {
    if (signal?.aborted) throw interrupted();
    options.onProgress?.(progress);
  };
  return openData({ tokenizer, data, docs, textField, sidecar, limitDocs, workers, onProgress });
}

export function workloadOf(
  { artifact, axes, window, tokenizer, data, placement: { gpus } }: ModelEvaluation,
  options: Pick<ScoreOptions, 'batchTokens' | 'part'>,
): Workload {
  const plan = planRows(data!.stream, window, artifact.adaptive);
  const byDefault =
    gpus === null ? DEFAULT_BATCH_TOKENS : defaultBatchTokens(gpus.name, tokenizer.pieces.length);
  const batchTokens = options.batchTokens ?? byDefault;
  const batches = planBatchesOf(plan, batchTokens, artifact.adaptive, gpus !== null, axes);
  checkRowLength(longestRow(plan, batches), axes, window, artifact.model);
  return { plan, batches, range: partRange(options.part, batches.count), batchTokens };
}
