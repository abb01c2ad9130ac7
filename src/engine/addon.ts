/**
 * Loader of the native addon, and the types of its exports.
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { OwnOperator } from '../onnx/optimize/own-operators.js';
import { BUILD_NATIVE } from '../package-scripts.js';
import type { CudaOptions, GraphOptions, RuntimeOptions } from './types.js';

/** An input or output of a native session; `type` is ONNX's number, 0 where it is no tensor. */
export interface NativeValue {
  readonly name: string;
  readonly type: number;
  /** Symbolic dimensions are -1. */
  readonly dims: readonly number[];
}

interface NativeCudaOptions extends Pick<CudaOptions, 'device' | 'tf32' | 'allowCpuNodes'> {
  /** Path of libbpb_cuda. */
  readonly library: string;
  /** Of the device memory that is free when the session opens, above 0 and at most 1. */
  readonly memoryShare: number;
  /** Of ONNX Runtime's provider library; `auto` tries both. */
  readonly form: 'auto' | ProviderForm;
}

export type ProviderForm = 'classic' | 'plugin';

/** A graph as the addon opens it. */
export type NativeGraph = Pick<
  GraphOptions,
  'model' | 'tokens' | 'logits' | 'positions' | 'rewritten'
> & {
  /** For a graph that reads or writes a state; `tokens` and `logits` may be empty then. */
  readonly state?: NativeStatePorts | undefined;
};

/** `EngineOptions`, with what was found on this machine. */
export interface NativeOpenOptions {
  readonly graph: NativeGraph;
  readonly runtime: Pick<RuntimeOptions, 'threads' | 'optimize'> & {
    /** Path of libonnxruntime. */
    readonly library: string;
    /** ONNX Runtime's own session settings. */
    readonly config: Readonly<Record<string, string>>;
  };
  /** Opens the session on a GPU. */
  readonly cuda?: NativeCudaOptions;
}

/**
 * Ports of a graph that carries state; names are empty where it has no such port, and of `reads` it
 * need not have all.
 */
interface NativeStatePorts {
  tokens: string;
  targets: string;
  logits: string;
  reads: readonly NativeStatePort[];
  writes: readonly NativeStatePort[];
}

interface NativeStatePort {
  port: string;
  /** Index among the tensors that `states` was called with. */
  slot: number;
}

/** A tensor of one document; in the graphs it is `[rows, …shape]`. */
export interface NativeStateTensor {
  shape: readonly number[];
  /** ONNX's number. */
  type: number;
  bytes: number;
  /** As many; null for zeros. */
  init: Uint8Array | null;
  /** Whether `reset` begins it anew. */
  resets: boolean;
}

/**
 * Tensors of documents side by side, where the provider computes. While it is in a run, and after
 * `free`, every call throws an Error of code BPB_STATE_MISUSE.
 */
export interface NativeState {
  /** 0 after `free`. */
  readonly documents: number;
  keep(rows: number): void;
  reset(): void;
  /** Replaces the state by what the last run wrote; until then it keeps its old value. */
  commit(): void;
  free(): void;
}

export interface NativeBatch {
  rows: number;
  time: number;
  ids: Int32Array;
  scored: Uint32Array;
  /** For a graph that takes them: `scored`, and more to fill the list up. */
  positions?: Uint32Array;
  targets: Int32Array;
  spanEnds: Uint32Array;
  softcap?: number | null;
  /** Forces an instruction set, for tests. */
  isa?: string;
  /** Where the session was opened with state, and whether what the graph writes is wanted. */
  state?: NativeState;
  carry?: boolean;
}

/** Inputs of an adapt graph: targets that have been scored. */
interface NativeAdaptBatch {
  rows: number;
  time: number;
  ids: Int32Array;
  chunk: number;
  /** `[rows * chunk]` */
  targets: Int32Array;
  state: NativeState;
}

export interface NativeScore {
  nats: Float32Array;
  q30: BigInt64Array;
  infinite: number;
  /** Index of the first scored position whose nats are NaN, else -1; then there are no totals. */
  refused: number;
  runSeconds: number;
  scoreSeconds: number;
  /** All that was copied from a GPU for this batch. */
  deviceToHostBytes: number;
  vocabulary: number;
  /** ONNX's number of the logits' type. */
  type: number;
}

/** What the addon rejects with. */
export interface NativeError extends Error {
  /** One of native/src/error.h. */
  readonly code: string;
  /** Width of the logits, where the model had run before the error. */
  readonly vocabulary?: number;
}

/** One session on one thread of its own; calls are queued and reject with a NativeError. */
export interface NativeSession {
  readonly inputs: readonly NativeValue[];
  readonly outputs: readonly NativeValue[];
  readonly runtimeVersion: string;
  /** Nodes on the CPU in a session on a GPU, as text; empty if none. */
  readonly cpuNodes: string;
  /** The GPU of the session, where it has one. */
  readonly device?: NativeGpu;
  score(batch: NativeBatch): Promise<NativeScore>;
  /** Runs the graph; what it writes takes effect with `commit`. */
  adapt(adaptBatch: NativeAdaptBatch): Promise<{ runSeconds: number }>;
  close(): Promise<void>;
}

/** A GPU; CUDA versions as the driver and the scorer's runtime number them, 13000 for 13.0. */
interface NativeGpu extends DriverDevice {
  readonly driver: number;
  readonly runtime: number;
}

export interface DriverDevice {
  readonly name: string;
  readonly computeCapability: string;
  readonly memoryBytes: number;
}

/** Why a library cannot be used; `code` is one of native/src/error.h. */
interface Refusal {
  readonly code: string;
  readonly reason: string;
}

export interface NllOptions {
  logits: ArrayBuffer;
  type: 'fp32' | 'fp16' | 'bf16';
  rows: number;
  vocab: number;
  /** Elements from one row to the next. */
  stride: number;
  /** Bytes before the first row. */
  offset: number;
  targets: Int32Array;
  softcap?: number | null;
  isa?: string;
}

/** A kernel's arguments by the names of native/src/operators/operators.h, in camel case. */
interface ComputeOptions extends Readonly<Record<string, unknown>> {
  operator: OwnOperator;
  type: NllOptions['type'];
  isa?: string;
  /** Pieces that the rows are computed in. */
  parts: number;
}

/** One product with constant weights, as native/src/operators/operators.h defines it. */
interface ProductOptions {
  rows: number;
  inner: number;
  width: number;
  /** `[rows, inner]` */
  x: Float32Array;
  /** `[inner, width]`, or `[width, inner]` where transposed */
  weights: Float32Array;
  transposed?: boolean;
  /** Of the norm of x; without it there is none. */
  epsilon?: number | undefined;
  gain?: Float32Array | undefined;
  bias?: Float32Array | undefined;
  /** Of the squared rectifier; without it there is none. */
  slope?: number | undefined;
  factor?: Float32Array | undefined;
  added0?: Float32Array | undefined;
  added1?: Float32Array | undefined;
  added_factor0?: Float32Array | undefined;
  added_factor1?: Float32Array | undefined;
  /** Times to run, the shortest of which counts; by default 1. */
  repeats?: number;
  /** The pieces that threads would share one by one, the last first. */
  apart?: boolean;
}

export interface NativeAddon {
  /** Of the exports and what they take: `ABI` of this file. */
  readonly abi: number;
  /** Rejects with a NativeError. */
  open(options: NativeOpenOptions): Promise<NativeSession>;
  /** What makes states of these tensors, at their initial values. */
  states(tensors: readonly NativeStateTensor[]): (rows: number) => NativeState;
  nll(options: NllOptions): Float32Array;
  q30(nats: Float32Array, spanEnds: Uint32Array): { q30: BigInt64Array; infinite: number };
  /** Reads every byte of the buffer, for the bench. */
  read(options: { buffer: ArrayBuffer; isa?: string }): number;
  /** Asks an NVIDIA driver (`libcuda.so.1`) for its CUDA version and its devices. */
  driver(library: string): { version: number; devices: DriverDevice[] } | Refusal;
  /** Loads a libbpb_cuda, has it take each device, and counts them. */
  scorer(library: string): { devices: number } | Refusal;
  /** Loads the CUDA provider from the folder of a libonnxruntime: empty, or the runtime's reason. */
  provider(library: string, form: ProviderForm): string;
  /** Version of a libonnxruntime. @throws where the file is none */
  runtimeVersion(library: string): string;
  /** Of the cuDNN that the provider would find, as "9.10.2"; empty where there is none. */
  cudnnVersion(): string;
  /** Loads a library by the loader's own search. */
  loadLibrary(name: string): { path: string } | { reason: string };
  /** Instruction sets of the scorer that this CPU has, the best last. */
  instructionSets(): string[];
  /** The CPU's kernel of CausalAttention by itself, for tests and the bench. */
  causalAttention(options: AttentionOptions): Float32Array;
  /** Operators of the domain `bpb` that sessions on the CPU, or on a GPU, can run. */
  operators(place: 'cpu' | 'cuda'): OwnOperator[];
  /** One operator's kernel on arrays of the caller, for tests: `ArrayBuffer`s in and out. */
  compute(call: ComputeOptions): Record<string, ArrayBuffer>;
  /**
   * The kernel of Product, for tests and the bench: `[rows, width]`, and seconds of processor time.
   *
   * @throws where this CPU or this build has none
   */
  product(options: ProductOptions): { y: Float32Array; seconds: number };
}

interface AttentionOptions {
  /** `[queries, qHeads * size]` */
  q: Float32Array;
  /** `[rows, time, kvHeads * size]`, as `v`. */
  k: Float32Array;
  v: Float32Array;
  rows: number;
  time: number;
  qHeads: number;
  kvHeads: number;
  scale: number;
  /** Where the queries stand, row * time + offset; without them all positions in their order. */
  positions?: Int32Array;
  isa?: string;
  threads: number;
}

/** The addon, or the reason why there is none. */
type AddonResult = { addon: NativeAddon } | { reason: string };

/** The same number as in native/src/addon.cc; a build of other sources has another one. */
const ABI = 8;

const packageRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

let loaded: AddonResult | undefined;

/** Loads native/build/Release/bpb.node of this package; the same result on every call. */
export function loadAddon(): AddonResult {
  loaded ??= addonAt(join(packageRoot, 'native', 'build', 'Release', 'bpb.node'));
  return loaded;
}

/** The addon of a file. */
export function addonAt(path: string): AddonResult {
  if (!existsSync(path)) {
    return { reason: `the native addon is not built (${BUILD_NATIVE})` };
  }
  try {
    const addon = createRequire(import.meta.url)(path) as NativeAddon;
    if (addon.abi === ABI) return { addon };
    return { reason: `the native addon is of other sources (${BUILD_NATIVE} --force)` };
  } catch (error) {
    return { reason: `the native addon does not load: ${(error as Error).message}` };
  }
}
