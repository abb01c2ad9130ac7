/**
 * Everything that is decided before the first batch: artifact, data, plan, batches, accounting.
 */
import { resetsAtDocuments } from '../artifact/adaptive.js';
import { type Artifact, loadArtifact } from '../artifact/load.js';
import { Accounting } from '../bytes/accounting.js';
import { defaultBatchTokens } from '../engine/cuda/batch-shapes.js';
import type { CudaOptions, EngineOptions } from '../engine/types.js';
import { usageError } from '../errors.js';
import { type OpenData, openData } from '../evaluation/open-data.js';
import {
  DEFAULT_BATCH_TOKENS,
  onePassParallelism,
  type Parallelism,
  parallelism,
  partRange,
  positive,
  type ScoreOptions,
  windowOptions,
} from '../evaluation/options.js';
import { type Placement, placementOf } from '../evaluation/placement.js';
import { tokenizerSource } from '../evaluation/tokenizer-source.js';
import type { WorkerSetup } from '../run/messages.js';
import { planBatchesOf, planRows } from '../run/plan.js';
import { loadTokenizer } from '../tokenizer/load.js';
import type { Tokenizer } from '../tokenizer/types.js';
import { type BatchPlan, longestRow } from '../windows/batches.js';
import type { WindowPlan } from '../windows/plan.js';
import { checkOptimizeFlags } from './optimize-run.js';
import { checkRecordable } from './record.js';

export interface Prepared {
  readonly options: ScoreOptions;
  readonly artifact: Artifact;
  readonly tokenizer: Tokenizer;
  readonly data: OpenData;
  readonly plan: WindowPlan;
  readonly batches: BatchPlan;
  readonly batchTokens: number;
  readonly range: readonly [number, number];
  readonly accounting: Accounting;
  readonly parallel: Parallelism;
  readonly setup: WorkerSetup;
  readonly placement: Placement;
}

/** Opens and checks everything an option names, from left to right; runs no model. */
export async function prepare(options: ScoreOptions): Promise<Prepared> {
  if (options.saveTargets && options.out === undefined) {
    throw usageError('BPB_USAGE_SAVE_TARGETS', {
      message: '--save-targets has nowhere to write',
      path: '--save-targets',
      expected: '--out DIR beside it',
      actual: 'no --out',
    });
  }
  checkOptimizeFlags(options);
  checkRecordable(options);
  const placement = placementOf(options);
  const { gpus } = placement;
  const asked = parallelism(options, gpus?.indexes.length);
  if (options.batchTokens !== undefined) positive('--batch-tokens', options.batchTokens);
  const artifact = await loadArtifact(options.artifact);
  const { adaptive } = artifact;
  const parallel =
    adaptive === null || resetsAtDocuments(adaptive) ? asked : onePassParallelism(options);
  const window = windowOptions(options, artifact);
  const tokenizer = loadTokenizer(tokenizerSource(options, artifact));
  const named = artifact.evaluation?.data;
  const data = await openData({
    tokenizer,
    data: options.data ?? (options.docs === undefined && named !== undefined ? [named] : undefined),
    docs: options.docs,
    sidecar: options.sidecar,
    limitDocs: options.limitDocs,
    workers: parallel.workers * parallel.threads,
    onProgress: options.onProgress,
  });
  const plan = planRows(data.stream, window, adaptive);
  const batchTokens =
    options.batchTokens ??
    (gpus === null ? DEFAULT_BATCH_TOKENS : defaultBatchTokens(gpus.name, tokenizer.pieces.length));
  const batches = planBatchesOf(plan, batchTokens, adaptive, gpus !== null);
  const range = partRange(options.part, batches.count);
  const { stream, sidecar, facts } = data;
  const accounting = new Accounting({ tokenizer, stream, sidecar, facts });
  const engineOptions: EngineOptions = {
    graph: {
      model: artifact.model.bytes,
      path: artifact.model.path,
      tokens: artifact.model.tokens,
      logits: artifact.model.logits,
      softcap: artifact.model.softcap,
      minVocabulary: tokenizer.pieces.length,
    },
    runtime: { ortLib: options.ortLib, threads: parallel.threads, optimize: true },
    cuda: cudaOptions(options, placement, batches, plan),
  };
  const setup: WorkerSetup = {
    stream,
    window,
    adaptive,
    engine: placement.engine,
    options: engineOptions,
    gpus: gpus === null ? undefined : { indexes: gpus.indexes, taken: sharedCounter() },
  };
  return {
    options,
    artifact,
    tokenizer,
    data,
    plan,
    batches,
    batchTokens,
    range,
    accounting,
    parallel,
    setup,
    placement,
  };
}

function sharedCounter(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/** What a GPU session is asked for; null forbids one, undefined leaves `auto` to find none. */
function cudaOptions(
  options: ScoreOptions,
  { gpus, mayUseGpu }: Placement,
  batches: BatchPlan,
  plan: WindowPlan,
): CudaOptions | null | undefined {
  if (!mayUseGpu) return null;
  if (gpus === null) return undefined;
  const time = longestRow(plan, batches);
  return {
    device: gpus.indexes[0]!,
    tf32: options.precision === 'tf32',
    allowCpuNodes: options.allowCpuNodes ?? false,
    shape: [Math.max(1, Math.floor((batches.shape[0] * batches.shape[1]) / time)), time],
    sessions: options.workers ?? 1,
  };
}
