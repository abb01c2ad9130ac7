/**
 * `bpb probe`: opens an artifact and its data, and runs every probe on it.
 */
import { type Artifact, loadArtifact } from '../artifact/load.js';
import type { EngineInfo, EngineOptions } from '../engine/types.js';
import { type OpenData, openData } from '../evaluation/open-data.js';
import {
  DEFAULT_BATCH_TOKENS,
  parallelism,
  positive,
  type ScoreOptions,
  windowOptions,
} from '../evaluation/options.js';
import { type Placement, placementOf } from '../evaluation/placement.js';
import { tokenizerSource } from '../evaluation/tokenizer-source.js';
import { loadTokenizer } from '../tokenizer/load.js';
import type { Tokenizer } from '../tokenizer/types.js';
import { harnessCommit, harnessVersion } from '../version.js';
import { checkWindowOptions, type WindowOptions } from '../windows/options.js';
import { anyFailed, probeAll } from './all.js';
import type { SessionSetup } from './messages.js';
import type { ProbeVerdict } from './types.js';

export interface ProbeOptions
  extends Pick<
    ScoreOptions,
    | 'artifact'
    | 'tokenizer'
    | 'data'
    | 'docs'
    | 'limitDocs'
    | 'window'
    | 'seqLen'
    | 'stride'
    | 'engine'
    | 'device'
    | 'precision'
    | 'allowCpuNodes'
    | 'ortLib'
    | 'workers'
    | 'threads'
    | 'batchTokens'
    | 'seed'
    | 'command'
    | 'signal'
    | 'onProgress'
  > {
  /** Many more rows and changes; minutes where the default takes seconds. */
  thorough?: boolean | undefined;
}

/** The document `bpb-probe/1`. */
export interface ProbeReport {
  schema: 'bpb-probe/1';
  /** `fail` where one probe failed. */
  verdict: 'pass' | 'fail';
  verdicts: ProbeVerdict[];
  artifact: { name: string; sha256: string; model_sha256: string };
  /** What the tokens of the probes are from; null where they were drawn at random. */
  data: { tokens: number; documents: number } | null;
  window: WindowOptions;
  /** Null where the graph could only be read. */
  engine: Pick<
    EngineInfo,
    'name' | 'provider' | 'device' | 'precision' | 'threads' | 'versions'
  > | null;
  /** Largest difference in nats between two runs of the same thing; null where it has no bound. */
  noise_nats: number | null;
  seed: number;
  thorough: boolean;
  notes: string[];
  seconds: number;
  run: { harness: string; commit: string | null; command: string; date: string };
}

const DEFAULT_SEED = 1;
/** Rows of a batch on a GPU, where all batches have one shape. */
const GPU_ROWS = 4;

/**
 * Looks at an artifact from outside for what would make its score wrong: later tokens, other rows,
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
  const { seed = DEFAULT_SEED, thorough = false, onProgress, signal } = options;
  const placement = placementOf(options);
  const { workers, threads } = parallelism(options, placement.gpus === null ? 0 : 1);
  if (options.batchTokens !== undefined) positive('--batch-tokens', options.batchTokens);
  const artifact = await loadArtifact(options.artifact);
  const window = windowOptions(options, artifact);
  checkWindowOptions(window);
  const tokenizer = loadTokenizer(tokenizerSource(options, artifact));
  const data = await openedData(options, artifact, tokenizer, workers * threads);
  const setup: SessionSetup = {
    adaptive: artifact.adaptive,
    engine: placement.engine,
    options: engineOptions(options, artifact, placement, threads, window),
    window,
    batchTokens: options.batchTokens ?? DEFAULT_BATCH_TOKENS,
  };
  const stream = data?.stream ?? null;
  const all = { artifact, tokenizer, stream, setup, workers, seed, thorough, signal, onProgress };
  const { verdicts, notes, info, noise } = await probeAll(all);
  if (data === null) notes.push('no data was named: tokens were drawn at random');
  return {
    schema: 'bpb-probe/1',
    verdict: anyFailed(verdicts) ? 'fail' : 'pass',
    verdicts,
    artifact: {
      name: artifact.name,
      sha256: artifact.sha256,
      model_sha256: artifact.model.sha256,
    },
    data: data === null ? null : size(data),
    window,
    engine: info === null ? null : engineFacts(info),
    noise_nats: noise,
    seed,
    thorough,
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

function engineFacts(info: EngineInfo): ProbeReport['engine'] {
  const { name, provider, device, precision, threads, versions } = info;
  return { name, provider, device, precision, threads, versions };
}

/** What the options or the artifact name; null where neither does. */
async function openedData(
  options: ProbeOptions,
  artifact: Artifact,
  tokenizer: Tokenizer,
  workers: number,
): Promise<OpenData | null> {
  const { docs, limitDocs, onProgress } = options;
  const named = artifact.evaluation?.data;
  const data = options.data ?? (docs === undefined && named !== undefined ? [named] : undefined);
  if (data === undefined && docs === undefined) return null;
  return openData({ tokenizer, data, docs, limitDocs, workers, onProgress });
}

function size({ stream }: OpenData): { tokens: number; documents: number } {
  return { tokens: stream.ids.length, documents: stream.documentStarts.length };
}

/** As a score would open it, but for the width of the logits, which a probe finds out. */
function engineOptions(
  options: ProbeOptions,
  { model, adaptive }: Artifact,
  { gpus, mayUseGpu }: Placement,
  threads: number,
  window: WindowOptions,
): EngineOptions {
  return {
    graph: {
      model: model.bytes,
      path: model.path,
      tokens: model.tokens,
      logits: model.logits,
      softcap: model.softcap,
    },
    runtime: { ortLib: options.ortLib, threads, optimize: true },
    cuda: !mayUseGpu
      ? null
      : gpus === null
        ? undefined
        : {
            device: gpus.indexes[0]!,
            tf32: options.precision === 'tf32',
            allowCpuNodes: options.allowCpuNodes ?? false,
            shape: [
              GPU_ROWS,
              adaptive === null ? window.seqLen : adaptive.context + adaptive.chunk,
            ],
            sessions: options.workers ?? 1,
          },
  };
}
