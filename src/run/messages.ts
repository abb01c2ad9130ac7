/**
 * What crosses between the pool and its workers: plain data only.
 */
import type { Adaptive } from '../artifact/adaptive.js';
import type { TokenStream } from '../data/types.js';
import type { EngineChoice } from '../engine/create.js';
import type { EngineInfo, EngineOptions } from '../engine/types.js';
import { BpbError, type ErrorDetails } from '../errors.js';
import type { LedgerEvent } from '../ledger/events.js';
import type { WindowOptions } from '../windows/options.js';
import type { InfiniteCounts, ScoredRuns } from './scored-spans.js';

/** Handed once to each worker; the stream and the model are in shared memory. */
export interface WorkerSetup {
  readonly stream: TokenStream;
  readonly window: WindowOptions;
  /** What the artifact carries from row to row; null where every row stands alone. */
  readonly adaptive: Adaptive | null;
  readonly engine: EngineChoice;
  readonly options: EngineOptions;
  /** GPUs in turn: the n-th worker to start takes the n-th of them, around and around. */
  readonly gpus?: GpuTurns | undefined;
}

export interface GpuTurns {
  readonly indexes: readonly number[];
  /** How many workers have taken one; shared. */
  readonly taken: Int32Array<SharedArrayBuffer>;
}

export type WorkerTask =
  | { readonly kind: 'open' }
  | { readonly kind: 'score'; readonly rows: Uint32Array; readonly keepNats: boolean };

export interface Opened {
  readonly info: EngineInfo;
  /** Why better engines were not taken. */
  readonly notes: readonly string[];
}

export interface RowsScore extends InfiniteCounts {
  readonly runs: ScoredRuns;
  /** Q30 sum of each run. */
  readonly totals: BigInt64Array;
  /** Score and adapt events in order; absent where nothing adapts: then there is one a run. */
  readonly events?: readonly LedgerEvent[] | undefined;
  /** Nats of every scored target in the order of the runs, where `keepNats` asked for them. */
  readonly nats: Float32Array | null;
  /** Seconds inside the runtime's own Run, adaptation included, and in the scorer. */
  readonly runSeconds: number;
  readonly scoreSeconds: number;
  /** Runs of the adapt graph, and seconds in them. */
  readonly adaptations: number;
  readonly adaptSeconds: number;
  /** Bytes that came from a GPU; null where there is none or not all were counted. */
  readonly deviceToHostBytes: number | null;
  /** Rows and tokens run at once, where the engine chose them. */
  readonly shape: readonly [rows: number, time: number] | null;
  /** What the engine has to say of the run so far. */
  readonly remarks: readonly string[];
}

/** Errors travel as data: structured cloning would strip a class of its fields. */
export type Reply<T> = { readonly ok: T } | { readonly error: Record<string, unknown> };

export async function replyOf<T>(work: () => Promise<T>): Promise<Reply<T>> {
  try {
    return { ok: await work() };
  } catch (error) {
    if (error instanceof BpbError) return { error: error.toJSON() };
    throw error;
  }
}

export function unwrap<T>(reply: Reply<T>): T {
  if ('ok' in reply) return reply.ok;
  throw new BpbError(reply.error as unknown as ErrorDetails);
}
