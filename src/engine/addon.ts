/**
 * Loads the native addon, or says why it cannot.
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** An input or output of a native session; `type` is ONNX's number, 0 where it is no tensor. */
export interface NativeValue {
  readonly name: string;
  readonly type: number;
  /** Symbolic dimensions are -1. */
  readonly dims: readonly number[];
}

export interface NativeOpenOptions {
  /** Path of libonnxruntime. */
  library: string;
  provider: 'cpu';
  model: Uint8Array;
  tokens: string;
  logits: string;
  threads: number;
  optimize: boolean;
  config: Readonly<Record<string, string>>;
}

export interface NativeBatch {
  rows: number;
  time: number;
  ids: Int32Array;
  scored: Uint32Array;
  targets: Int32Array;
  segmentEnds: Uint32Array;
  softcap?: number | null;
  /** Forces an instruction set, for tests. */
  isa?: string;
}

export interface NativeScore {
  nats: Float32Array;
  totals: BigInt64Array;
  infinite: number;
  /** Index of the first scored position whose nats are NaN, else -1; then there are no totals. */
  refused: number;
  runSeconds: number;
  scoreSeconds: number;
  vocabulary: number;
  /** ONNX's number of the logits' type. */
  type: number;
}

/** One session on one thread of its own; calls are queued. */
export interface NativeSession {
  readonly inputs: readonly NativeValue[];
  readonly outputs: readonly NativeValue[];
  readonly runtimeVersion: string;
  score(batch: NativeBatch): Promise<NativeScore>;
  close(): Promise<void>;
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

export interface NativeAddon {
  /** Rejects with an Error whose `code` is one of native/src/error.h. */
  open(options: NativeOpenOptions): Promise<NativeSession>;
  nll(options: NllOptions): Float32Array;
  q30(nats: Float32Array, segmentEnds: Uint32Array): { totals: BigInt64Array; infinite: number };
  /** Reads every byte of the buffer, for the bench. */
  read(options: { buffer: ArrayBuffer; isa?: string }): number;
  /** Instruction sets of the scorer that this CPU has, the best last. */
  instructionSets(): string[];
}

/** The addon, or the reason why there is none. */
export type AddonResult = { addon: NativeAddon } | { reason: string };

const packageRoot = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

let loaded: AddonResult | undefined;

/** Loads native/build/Release/bpb.node of this package; the same result on every call. */
export function loadAddon(): AddonResult {
  loaded ??= load(join(packageRoot, 'native', 'build', 'Release', 'bpb.node'));
  return loaded;
}

function load(path: string): AddonResult {
  if (!existsSync(path)) {
    return { reason: 'the native addon is not built (npm run build:native)' };
  }
  try {
    return { addon: createRequire(import.meta.url)(path) as NativeAddon };
  } catch (error) {
    return { reason: `the native addon does not load: ${(error as Error).message}` };
  }
}
