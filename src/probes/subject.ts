/**
 * Interface of the artifact under test: rows of tokens in, nats out.
 *
 * Probes see nats and no logits, as a score does. Whether a target's nats depend on a later token is
 * tested with a fixed target: if the target changed with the input, the nats of any model would move.
 */
import type { EngineInfo } from '../engine/types.js';

/** One document alone, from fresh state. */
export interface ProbeRow {
  /** `n` tokens: what is read, and the next token of each but the last. */
  readonly tokens: Int32Array;
  /** What is scored in the place of `tokens[1..n)`, which are still what is read. */
  readonly targets?: Int32Array;
}

/** Every row in a batch of its own, or all in one batch in their order. */
type Placement = 'alone' | 'together';

export interface Subject {
  /** Whether state is carried from row to row: never, inside a document, or over the whole stream. */
  readonly carries: 'nothing' | 'document' | 'always';
  /** Whether documents are independent in its evaluation. */
  readonly isolates: boolean;
  readonly info: EngineInfo;
  /** Inputs of the longest row that `nats` takes. */
  readonly rowInputs: number;
  /** Inputs of a row as long as documents are: more than `rowInputs` where state is carried. */
  readonly longInputs: number;
  /** Inputs of a batch in the evaluation, at most. */
  readonly batchTokens: number;
  /**
   * `n - 1` nats a row: +Infinity where the target has probability zero, NaN from the first position
   * on whose logits are no distribution.
   *
   * @throws BpbError where the model cannot be run on the rows at all
   */
  nats(rows: readonly ProbeRow[], placement?: Placement): Promise<Float32Array[]>;
  /** The same in a process that has run nothing before. */
  fresh(rows: readonly ProbeRow[]): Promise<Float32Array[]>;
  /**
   * Documents as one stream, scored as the artifact's evaluation would: its windows, its batches.
   * `nats[d]` are those of the targets of document `d`: its tokens from the second on and the first
   * of the next document.
   */
  stream(documents: readonly Int32Array[]): Promise<Float32Array[]>;
  /** Rows alone, with a state that is never adapted; null where nothing is. */
  readonly frozen: ((rows: readonly ProbeRow[]) => Promise<Float32Array[]>) | null;
  close(): Promise<void>;
}
