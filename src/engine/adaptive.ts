/**
 * Interface of the engines that carry state from batch to batch.
 *
 * An engine runs what it is given. That targets are scored before they are adapted to is ensured by
 * its caller, run/stateful-runner.ts.
 */
import type { Adaptive } from '../artifact/adaptive.js';
import type { Batch, BatchScore, EngineInfo, EngineOptions } from './types.js';

export interface AdaptiveOptions extends EngineOptions {
  readonly adaptive: Adaptive;
}

/** The tensors of `rows` documents side by side, `[rows, …shape]` each; on the device if there is one. */
export interface EngineState {
  /** Documents it is for; less after `keep`. */
  readonly documents: number;
  /** Drops the state of all documents but the first `rows`. */
  keep(rows: number): void;
  /** Sets the tensors that reset at documents to their initial values, for all rows. */
  reset(): void;
  /** Frees the memory; the state may not be used after it. */
  free(): void;
}

/** Inputs of the adapt graph. All targets have been scored. */
export interface AdaptBatch {
  readonly rows: number;
  /** Inputs a row: context and chunk, as the score graph had them. */
  readonly time: number;
  /** `[rows * time]`. */
  readonly ids: Int32Array;
  /** Targets a row. */
  readonly chunk: number;
  /** `[rows * chunk]`: the last `chunk` targets of each row's inputs. */
  readonly targets: Int32Array;
}

export interface AdaptiveEngine {
  readonly info: EngineInfo;
  /** Remarks for the result; the list may grow. */
  readonly remarks?: readonly string[];
  /** Initial state of `rows` documents. */
  begin(rows: number): EngineState;
  /**
   * Scores `batch`, whose row `r` reads the state of document `r`; with `carry` what the score
   * graph writes becomes the state. Without `carry` the state is left as it was: a document's last chunk.
   *
   * @throws BpbError (input): as Engine.score, and BPB_STATE_OUTPUT for a next value of another shape
   */
  score(batch: Batch, state: EngineState, carry: boolean): Promise<BatchScore>;
  /** Runs the adapt graph once; what it writes becomes the state. @returns seconds inside Run */
  adapt(adaptBatch: AdaptBatch, state: EngineState): Promise<number>;
  close(): Promise<void>;
}
