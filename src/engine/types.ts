/**
 * Interface of the engines: a batch of rows in, the loss of each scored target out.
 */

import type { FixedAxes } from '../fixed-axes.js';

/** A padded batch: `rows` rows of `time` input tokens, row-major. */
export interface Batch {
  readonly rows: number;
  readonly time: number;
  /** `[rows * time]` input ids, short rows padded on the right. */
  readonly ids: Int32Array;
  /** Flat positions `row * time + offset` whose prediction is scored, ascending. */
  readonly scored: Uint32Array;
  /** `targets[k]` is the id that position `scored[k]` must predict. */
  readonly targets: Int32Array;
  /** Sums are computed over `scored[spanEnds[s-1] .. spanEnds[s])`: one span a row and document. */
  readonly spanEnds: Uint32Array;
}

/** Score of a batch. */
export interface BatchScore {
  /** Nats of each scored target, fp32; +Infinity where the target's logit is -Infinity. */
  readonly nats: Float32Array;
  /** Sum of each span in fixed point, 2^-30 nats; infinite targets count 0. */
  readonly q30: BigInt64Array;
  /** Seconds inside the runtime's own Run, and in the scorer. */
  readonly runSeconds: number;
  readonly scoreSeconds: number;
  /** Bytes copied from a GPU for this batch; absent where there is none, or where not all are known. */
  readonly deviceToHostBytes?: number | undefined;
  /** Width of the logits, as they came. */
  readonly vocabulary?: number | undefined;
  /** Where the graph's options ask for them: on the JavaScript API only. */
  readonly facts?: LogitFacts | undefined;
  /** Rows and tokens that were run at once, where the engine chooses them itself. */
  readonly shape?: readonly [rows: number, time: number] | undefined;
}

/** Of each scored position, from its raw logits in float64, before any softcap. */
export interface LogitFacts {
  /** The smallest of them. */
  readonly smallest: Float64Array;
  readonly sum: Float64Array;
  /** `log Σ exp x`: 0 where they are logs of probabilities. */
  readonly logSum: Float64Array;
}

export type EngineName = 'onnx-cuda' | 'onnx-cpu' | 'onnx-js' | 'tfjs';

/** What the result says of the engine. */
export interface EngineInfo extends FixedAxes {
  readonly name: EngineName;
  readonly provider: string;
  readonly device: string;
  /** Of the logits; `tf32` where fp32 products may round their factors. */
  readonly precision: 'fp32' | 'tf32' | 'fp16' | 'bf16';
  readonly threads: number;
  readonly instructionSet: string;
  /** Versions of everything that can change a bit of the result. */
  readonly versions: Readonly<Record<string, string>>;
  /** Width of the logits where the graph declares it; null where only a run shows it. */
  readonly vocabulary: number | null;
}

export interface Engine {
  readonly info: EngineInfo;
  /** Remarks for the result; the list may grow while batches are scored. */
  readonly remarks?: readonly string[];
  score(batch: Batch): Promise<BatchScore>;
  close(): Promise<void>;
}

/** The model, and the names of its inputs and outputs: as in a manifest. */
export interface GraphOptions {
  /** The ONNX model, decompressed. */
  readonly model: Uint8Array;
  /** Where the model came from, for messages. */
  readonly path: string;
  /** Input of the token ids. */
  readonly tokens: string;
  /** Output of the logits. */
  readonly logits: string;
  /** Input of the positions whose logits are wanted (engine/positions.ts); null where it has none. */
  readonly positions?: string | null | undefined;
  /** Apply `softcap * tanh(x / softcap)` to the raw logits; null when the graph did or none is wanted. */
  readonly softcap: number | null;
  /** The logits must be at least this wide: the tokenizer's size. */
  readonly minVocabulary?: number | undefined;
  /** The logits are logs that the harness has taken of what is said to be probabilities. */
  readonly logged?: boolean | undefined;
  /** Also give the facts of the raw logits. */
  readonly facts?: boolean | undefined;
  /** `model` is what `--optimize` made; absent where it is as it was exported. */
  readonly rewritten?: boolean | undefined;
}

/** How ONNX Runtime runs a graph. */
export interface RuntimeOptions {
  /** `--ort-lib`: folder of another libonnxruntime than onnxruntime-node's. */
  readonly ortLib?: string | undefined;
  /** Threads of the session. */
  readonly threads: number;
  /** ONNX Runtime's graph optimization; verification turns it off. */
  readonly optimize: boolean;
}

/** What a session on a GPU needs as well. */
export interface CudaOptions {
  /** Index of the GPU. */
  readonly device: number;
  /** `--precision tf32`. */
  readonly tf32: boolean;
  /** `--allow-cpu-nodes`. */
  readonly allowCpuNodes: boolean;
  /** Rows and tokens of every batch: written into the graph, and batches are cut and padded to it. */
  readonly shape: readonly [rows: number, time: number] | null;
  /** Scored positions of such a batch: length of the list for a graph that takes them. */
  readonly positionsPerBatch?: number | undefined;
  /** Sessions that share the GPU's memory, at least 1. */
  readonly sessions: number;
}

/**
 * How an engine opens a model. Made once (evaluation/session-options.ts), sent to the workers and
 * passed to the addon with the same parts and names: `NativeOpenOptions` in engine/addon.ts,
 * `OpenRequest` and `bpb_session_options` in native/src.
 */
export interface EngineOptions {
  readonly graph: GraphOptions;
  readonly runtime: RuntimeOptions;
  /** For the onnx-cuda engine; null forbids it, absent means its defaults. */
  readonly cuda?: CudaOptions | null | undefined;
}
