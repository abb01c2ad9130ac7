/**
 * Messages of the scoring workers: setup, task and result.
 */
import type { Adaptive } from '../artifact/adaptive.js';
import type { TokenStream } from '../data/types.js';
import type { EngineChoice } from '../engine/create.js';
import type { EngineInfo, EngineOptions, LogitFacts } from '../engine/types.js';
import type { LedgerEvent } from '../ledger/events.js';
import type { WindowOptions } from '../windows/options.js';
import type { EveryRowTask } from './every-row/check-batch.js';
import type { EveryRowSums } from './every-row/sums.js';
import type { InfiniteCounts, ScoredSpans } from './scored-spans.js';

/** Sent to each worker once; the stream and the model are in shared memory. */
export interface WorkerSetup {
  readonly stream: TokenStream;
  readonly window: WindowOptions;
  /** The state that the artifact carries from row to row; null where rows are independent. */
  readonly adaptive: Adaptive | null;
  readonly engine: EngineChoice;
  readonly options: EngineOptions;
  /** GPUs, assigned round-robin in the order in which the workers open. */
  readonly gpus?: GpuTurns | undefined;
}

interface GpuTurns {
  readonly indexes: readonly number[];
  /** How many workers have taken one; shared. */
  readonly taken: Int32Array<SharedArrayBuffer>;
}

/** Rows of the plan to score as one batch. */
export interface ScoreTask {
  readonly rowIndexes: Uint32Array;
  readonly keepNats: boolean;
  /** Scores the rows a second time with what follows replaced; absent where that is not asked for. */
  readonly everyRow?: EveryRowTask | undefined;
}

export interface Opened {
  readonly info: EngineInfo;
  /** Why better engines were not taken. */
  readonly notes: readonly string[];
}

export interface RowsScore extends InfiniteCounts {
  readonly spans: ScoredSpans;
  /** Q30 sum of each span. */
  readonly q30: BigInt64Array;
  /** Score and adapt events in order; absent where nothing adapts: then there is one a span. */
  readonly events?: readonly LedgerEvent[] | undefined;
  /** Nats of every scored target in the order of the spans, where `keepNats` asked for them. */
  readonly nats: Float32Array | null;
  /** Seconds inside the runtime's own Run, adaptation included, and in the scorer. */
  readonly runSeconds: number;
  readonly scoreSeconds: number;
  /** Runs of the adapt graph, and seconds in them. */
  readonly adaptations: number;
  readonly adaptSeconds: number;
  /** Bytes copied from the GPU; null where there is none or not all were counted. */
  readonly deviceToHostBytes: number | null;
  /** Rows and tokens of a run, where the engine chose them. */
  readonly shape: readonly [rows: number, time: number] | null;
  /** Width of the logits; absent where the engine does not see them. */
  readonly vocabulary?: number | undefined;
  /** Where the graph's options ask for them; of rows that carry state of the first ones. */
  readonly facts?: LogitFacts | undefined;
  /** Of the second scores that were asked for. */
  readonly everyRow?: EveryRowSums | undefined;
  /** Remarks of the engine on the run so far. */
  readonly remarks: readonly string[];
}
