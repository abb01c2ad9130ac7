/**
 * What a caller asks of `score`, and what it comes to beside an artifact's own manifest.
 */

import { availableParallelism } from 'node:os';
import type { Artifact } from '../artifact/load.js';
import type { EngineChoice } from '../engine/create.js';
import { usageError } from '../errors.js';
import type { Progress } from '../progress.js';
import type { SLIDING_2026_03_19, WindowMode, WindowOptions } from '../windows/options.js';

export interface ScoreOptions {
  /** Directory with `artifact.json`, or a bare `.onnx`. */
  artifact: string;
  /** A SentencePiece `.model`, or `byte260`; by default the artifact's own. */
  tokenizer?: string | undefined;
  /** Shards: a directory or files; or the name of a built-in set. */
  data?: readonly string[] | undefined;
  /** Documents, one JSON object with `text` a line. */
  docs?: string | undefined;
  /** Directory of byte sidecars; by default beside the shards. */
  sidecar?: string | undefined;
  window?: WindowMode | undefined;
  seqLen?: number | undefined;
  stride?: number | undefined;
  tail?: 'drop' | 'score' | undefined;
  compat?: typeof SLIDING_2026_03_19 | undefined;
  /** Score the first documents only: a partial score. */
  limitDocs?: number | undefined;
  /** `[i, n]`: the i-th of n parts of the plan, `1 <= i <= n`. */
  part?: readonly [number, number] | undefined;
  engine?: EngineChoice | undefined;
  /** `cpu`, or GPUs: `cuda:0,cuda:1`; by default the first GPU that can be used. */
  device?: string | undefined;
  /**
   * `tf32` lets fp32 matrix products on a GPU round their factors to 10 bits of fraction; `fp16` is
   * what `optimize` may turn a model into, and does by default on a GPU.
   */
  precision?: 'fp32' | 'tf32' | 'fp16' | undefined;
  /** Rewrite the model for speed, and prove on rows of the run that it is the same model. */
  optimize?: boolean | undefined;
  /** Mean difference in nats, either way, that the rewrite may make; by default 1e-4. */
  optimizeTolerance?: number | undefined;
  /** Accept nodes that the CUDA provider has to leave to the CPU. */
  allowCpuNodes?: boolean | undefined;
  /** Folder of another libonnxruntime than onnxruntime-node's, for the native engines. */
  ortLib?: string | undefined;
  workers?: number | undefined;
  /** Threads of one session. */
  threads?: number | undefined;
  /** Padded input tokens a batch, at most; one row at least. */
  batchTokens?: number | undefined;
  /** Rows to score a second time; 0 skips the verification. */
  verifyRows?: number | undefined;
  seed?: number | undefined;
  /** Run the fast probes first, and give no headline where one fails. */
  strict?: boolean | undefined;
  /** Directory for `result.json`, `documents.csv` and the journal. */
  out?: string | undefined;
  /** Also write every target's nats, `targets.f32`. */
  saveTargets?: boolean | undefined;
  /** File to keep the ledger in (docs/ledger.md). */
  ledger?: string | undefined;
  /** What the caller's command line was, for the record. */
  command?: string | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: Progress) => void) | undefined;
}

/**
 * On the CPU: a row of the challenge's length. One row keeps a session of one thread busy, and what
 * it computes with stays in a core's cache (docs/performance.md).
 */
export const DEFAULT_BATCH_TOKENS = 1024;
/** Each session holds the weights once more, so a machine of many cores shares them by threads. */
const DEFAULT_WORKERS_MAX = 8;

export interface Parallelism {
  readonly workers: number;
  readonly threads: number;
}

/**
 * Sessions share the cores: by default one for each core, up to eight, which beats one session with
 * as many threads. With `--threads` alone as many sessions as fit. On GPUs `--workers` counts the
 * sessions of each, by default one.
 */
export function parallelism(
  options: Pick<ScoreOptions, 'workers' | 'threads'>,
  gpus = 0,
): Parallelism {
  const cores = availableParallelism();
  const fitting = Math.max(1, Math.floor(cores / positive('--threads', options.threads ?? 1)));
  const byDefault = gpus > 0 ? 1 : Math.min(DEFAULT_WORKERS_MAX, fitting);
  const sessions = positive('--workers', options.workers ?? byDefault);
  const workers = sessions * Math.max(1, gpus);
  const share = Math.max(1, Math.floor(cores / workers));
  return { workers, threads: positive('--threads', options.threads ?? share) };
}

/** A state that never resets is one pass from left to right: one session, with all the cores. */
export function onePassParallelism(options: ScoreOptions): Parallelism {
  const { workers = 1, part } = options;
  if (workers === 1 && part === undefined) return parallelism({ ...options, workers: 1 });
  throw usageError('BPB_USAGE_ONE_PASS', {
    message: 'the artifact carries a state through the whole stream, which cannot be split',
    path: part === undefined ? '--workers' : '--part',
    expected: part === undefined ? '1, or no --workers' : 'no --part',
    actual: part === undefined ? String(workers) : part.join('/'),
  });
}

/** The flags, where given, over the artifact's own evaluation. */
export function windowOptions(
  options: Pick<ScoreOptions, 'window' | 'seqLen' | 'stride' | 'tail' | 'compat'>,
  artifact: Artifact,
): WindowOptions {
  const own = artifact.evaluation;
  const mode = options.window ?? own?.window;
  const seqLen = options.seqLen ?? own?.seqLen;
  if (mode === undefined || seqLen === undefined) {
    const flag = mode === undefined ? '--window' : '--seq-len';
    throw usageError('BPB_USAGE_WINDOW', {
      message: `${flag} is needed: the artifact does not say how it is evaluated`,
      path: flag,
      expected: mode === undefined ? 'chunk, sliding or document' : 'the length of a row in tokens',
      actual: 'neither a flag nor an `evaluation` in the manifest',
    });
  }
  // A manifest's stride belongs to its own window: another window asked for starts afresh.
  const sameMode = mode === own?.window;
  return {
    mode,
    seqLen,
    stride: options.stride ?? (sameMode ? own.stride : null),
    tail: options.tail ?? (sameMode ? own.tail : 'drop'),
    compat: options.compat ?? (sameMode ? own.compat : null),
  };
}

/** Batches `[from, to)` of part `i` of `n`: parts differ by at most one batch. */
export function partRange(
  part: readonly [number, number] | undefined,
  batches: number,
): readonly [number, number] {
  if (part === undefined) return [0, batches];
  const [i, n] = part;
  if (!(Number.isInteger(i) && Number.isInteger(n) && i >= 1 && i <= n)) {
    throw usageError('BPB_USAGE_PART', {
      message: '--part is not a part',
      path: '--part',
      expected: 'i/n with 1 <= i <= n',
      actual: `${i}/${n}`,
    });
  }
  return [Math.floor(((i - 1) * batches) / n), Math.floor((i * batches) / n)];
}

export function positive(flag: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw usageError('BPB_USAGE_INTEGER', {
    message: `${flag} must be a positive integer`,
    path: flag,
    expected: 'an integer from 1',
    actual: String(value),
  });
}
