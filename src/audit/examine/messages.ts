/**
 * Messages of an audit's worker threads: setup, tasks and results.
 */
import type { TokenIds } from '../../data/types.js';
import type { TextDifference } from '../../tokenizer/same-text.js';
import type { Tokenizer } from '../../tokenizer/types.js';
import type { ClaimedTable } from '../claimed-table.js';
import type { Trait } from '../types.js';
import type { Loss } from './loss.js';

export interface ExamineSetup {
  readonly tokenizer: Tokenizer;
  /** The shards' tokens; null where documents are audited alone. */
  readonly ids: TokenIds | null;
  readonly claimed: ClaimedTable | null;
  /**
   * Tokens by id, over all documents and shared by all threads; one more entry at the end counts
   * the leading spaces that the rule counts (those not after a boundary).
   */
  readonly histogram: Int32Array<SharedArrayBuffer>;
}

/**
 * Consecutive documents, or stretches of a stream that does not show its documents: their texts, or
 * where the stream holds them, or both.
 */
export interface ExamineTask {
  readonly texts: readonly string[] | null;
  /** `ids[from[k] .. to[k])` without BOS; null where there are no shards. */
  readonly from: readonly number[] | null;
  readonly to: readonly number[] | null;
  /** Whether these are whole documents: a stretch alone may encode to other tokens at its ends. */
  readonly whole: boolean;
}

/**
 * How a document's tokens in the shards compare with what its text encodes to.
 *
 * `other ids`: the same text in other tokens; `case folded` and `normalized`: the tokens are those
 * of the text after that; `other text`: none of these.
 */
export type StreamMatch = 'equal' | 'other ids' | 'case folded' | 'normalized' | 'other text';

export interface ExaminedDocument {
  readonly tokens: number;
  /** Bytes as published; null where only the shards are there. */
  readonly original: number | null;
  /** The most that an honest table counts for it (bytes/ceiling.ts); null without the text. */
  readonly most: number | null;
  /** Bytes that the normalizer added within its reference form; 0 where the text is not known, or altered. */
  readonly gained: number;
  readonly normalized: number;
  readonly decoded: number;
  readonly lut: number;
  readonly claimed: number | null;
  readonly unknown: number;
  /** It follows a token of text, after which a leading space counts. */
  readonly adjoins: boolean;
  /** The text begins with a space that the rule does not count after BOS. */
  readonly firstSpaceUncounted: boolean;
  /** What the round trip lost; null where it lost nothing or there is no text to compare with. */
  readonly loss: Loss | null;
  /** Where the tokenizer by itself made another text of it; null where it did not, or that is not known. */
  readonly altered: TextDifference | null;
  readonly match: StreamMatch | null;
  /** The table's sum is what the tokens decode to, or nothing can be said (unknown tokens, operators). */
  readonly tableAgrees: boolean;
  readonly traits: readonly Trait[];
}
