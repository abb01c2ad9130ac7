/**
 * Messages of the probe sessions: setup, tasks and answers.
 */
import type { Adaptive } from '../artifact/adaptive.js';
import type { EngineChoice } from '../engine/create.js';
import type { EngineInfo, EngineOptions } from '../engine/types.js';
import type { WindowOptions } from '../windows/options.js';
import type { ProbeRow } from './subject.js';

/** A session, and the evaluation in which the artifact would be scored. */
export interface SessionSetup {
  /** The state that the artifact carries from row to row; null where rows are independent. */
  readonly adaptive: Adaptive | null;
  readonly engine: EngineChoice;
  readonly options: EngineOptions;
  readonly window: WindowOptions;
  readonly batchTokens: number;
}

export type SessionTask =
  | { readonly kind: 'open' }
  | { readonly kind: 'alone'; readonly rows: readonly ProbeRow[]; readonly frozen?: boolean }
  | { readonly kind: 'together'; readonly rows: readonly ProbeRow[] }
  | { readonly kind: 'stream'; readonly documents: readonly Int32Array[] };

/** For `open` no nats; for a stream one array, by target index. */
export interface SessionAnswer {
  readonly info: EngineInfo;
  readonly notes: readonly string[];
  readonly nats: Float32Array[];
}
