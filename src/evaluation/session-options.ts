/**
 * How the sessions of an evaluation are opened: the flags of the engines, and the EngineOptions that
 * are made of them. A new engine option is added here, in engine/types.ts and where it is used.
 */
import type { Adaptive } from '../artifact/adaptive.js';
import type { Artifact } from '../artifact/load.js';
import { ENGINE_CHOICES, type EngineChoice } from '../engine/create.js';
import type { ChosenGpus } from '../engine/cuda/devices.js';
import type { CudaOptions, EngineOptions } from '../engine/types.js';
import { type OptionChecks, option } from '../option-check.js';
import type { WindowOptions } from '../windows/options.js';

/**
 * On the CPU: a row of the challenge's length. One row keeps a session of one thread busy, and what
 * it computes with stays in a core's cache (docs/performance.md).
 */
export const DEFAULT_BATCH_TOKENS = 1024;

export interface EngineFlags {
  engine?: EngineChoice | undefined;
  /** `cpu`, or GPUs: `cuda:0,cuda:1`; by default the first GPU that can be used. */
  device?: string | undefined;
  /**
   * `tf32` lets fp32 matrix products on a GPU round their factors to 10 bits of fraction; `fp16` is
   * what `optimize` may turn a model into, and does by default on a GPU.
   */
  precision?: 'fp32' | 'tf32' | 'fp16' | undefined;
  /** Accept nodes that the CUDA provider has to leave to the CPU. */
  allowCpuNodes?: boolean | undefined;
  /** Folder of another libonnxruntime than onnxruntime-node's, for the native engines. */
  ortLib?: string | undefined;
  /** Sessions side by side; on GPUs those of each. */
  workers?: number | undefined;
  /** Threads of one session. */
  threads?: number | undefined;
}

export const ENGINE_CHECKS: OptionChecks<EngineFlags> = {
  engine: option.choice(ENGINE_CHOICES),
  device: option.text,
  precision: option.choice(['fp32', 'tf32', 'fp16']),
  allowCpuNodes: option.flag,
  ortLib: option.text,
  workers: option.threads(1),
  threads: option.threads(1),
};

/** A flag of a command line: as commander declares it, and its help. */
export interface FlagText {
  readonly flags: string;
  readonly help: string;
  /** Least value of a count. */
  readonly least?: number | undefined;
  readonly choices?: readonly string[] | undefined;
  /** The default, as the help states it. */
  readonly byDefault?: string | undefined;
}

/** The flags of EngineFlags that every command with a model has in common. */
export const ENGINE_FLAGS: readonly FlagText[] = [
  {
    flags: '--engine <name>',
    help: 'what runs the model',
    choices: ENGINE_CHOICES,
    byDefault: 'auto',
  },
  { flags: '--workers <n>', help: 'sessions side by side', least: 1, byDefault: 'by the cores' },
  { flags: '--threads <n>', help: 'threads of one session', least: 1, byDefault: 'by the cores' },
  { flags: '--allow-cpu-nodes', help: 'accept nodes that a GPU has to leave to the CPU' },
  {
    flags: '--ort-lib <dir>',
    help: 'folder of a libonnxruntime',
    byDefault: "onnxruntime-node's",
  },
];

/** Where the sessions run (evaluation/placement.ts decides it). */
export interface Placement {
  readonly engine: EngineChoice;
  /** GPUs to use; null where there are none, or none is wanted. */
  readonly gpus: ChosenGpus | null;
  /** Whether `auto` may look for a GPU at all. */
  readonly mayUseGpu: boolean;
  /** Sessions, of all GPUs together. */
  readonly workers: number;
  /** Threads of one session. */
  readonly threads: number;
}

/** What any session needs, in a worker thread or in a process of its own: plain data only. */
export interface SessionSpec {
  /** What the artifact carries from row to row; null where every row stands alone. */
  readonly adaptive: Adaptive | null;
  readonly engine: EngineChoice;
  readonly options: EngineOptions;
  readonly window: WindowOptions;
}

/** What a session is made for. */
interface SessionShape {
  /** Rows and tokens of every batch on a GPU. */
  readonly batch: readonly [rows: number, time: number];
  /** The logits must be at least this wide; absent where that is to be found out. */
  readonly minVocabulary?: number | undefined;
}

/** @param flags of which the placement has been made */
export function sessionSpec(
  {
    artifact,
    placement,
    window,
  }: { artifact: Artifact; placement: Placement; window: WindowOptions },
  flags: EngineFlags,
  { batch, minVocabulary }: SessionShape,
): SessionSpec {
  const { bytes: model, path, tokens, logits, softcap, logitsAre } = artifact.model;
  const logged = logitsAre === 'probabilities';
  const options: EngineOptions = {
    graph: { model, path, tokens, logits, softcap, minVocabulary, logged },
    runtime: { ortLib: flags.ortLib, threads: placement.threads, optimize: true },
    cuda: cudaOptions(placement, flags, batch),
  };
  return { adaptive: artifact.adaptive, engine: placement.engine, options, window };
}

/** Null forbids a GPU, undefined leaves `auto` to find none. */
function cudaOptions(
  { gpus, mayUseGpu }: Placement,
  flags: EngineFlags,
  shape: SessionShape['batch'],
): CudaOptions | null | undefined {
  if (!mayUseGpu) return null;
  if (gpus === null) return undefined;
  return {
    device: gpus.indexes[0]!,
    tf32: flags.precision === 'tf32',
    allowCpuNodes: flags.allowCpuNodes ?? false,
    shape,
    sessions: flags.workers ?? 1,
  };
}
