/**
 * What the data room hands to the rooms on its right.
 */

/** Ids of a token stream; uint16 where the vocabulary fits, which it does for every shard. */
export type TokenIds = Uint16Array<SharedArrayBuffer> | Uint32Array<SharedArrayBuffer>;

/**
 * A token stream `t[0..n)`, in shared memory so that all workers read one copy.
 *
 * Document `k` begins at `documentStarts[k]` (its BOS, except that a stream that does not begin
 * with BOS has its first stretch as a document of its own). Target `i` belongs to the document of
 * `t[i-1]`, so document `k` owns targets `documentStarts[k]+1 .. documentStarts[k+1]` inclusive,
 * the last document those up to `n-1`.
 */
export interface TokenStream {
  readonly ids: TokenIds;
  /** Ascending positions, `documentStarts[0] === 0`. */
  readonly documentStarts: Uint32Array<SharedArrayBuffer>;
}

/** One file of tokens, as the result reports it. */
export interface ShardInfo {
  file: string;
  tokens: number;
  sha256: string;
}

/** One published document: its text and its place in the file, for messages. */
export interface Document {
  readonly text: string;
  /** UTF-8 length of the text as published. */
  readonly bytes: number;
  /** 1-based line in the documents file. */
  readonly line: number;
}
