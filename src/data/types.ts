/**
 * Types of token streams, shards and documents.
 */

/** Ids of a token stream; uint16 where the vocabulary fits, which it does for every shard. */
export type TokenIds = Uint16Array<SharedArrayBuffer> | Uint32Array<SharedArrayBuffer>;

/**
 * A token stream `t[0..n)`, in shared memory so that all workers read one copy.
 *
 * Document `k` begins at `documentStarts[k]`: at its start id, except that a stream that does not
 * begin with one has its first stretch as a document of its own. Target `i` belongs to the document
 * of `t[i-1]`, so document `k` owns targets `documentStarts[k]+1 .. documentStarts[k+1]` inclusive,
 * the last document those up to `n-1`.
 *
 * Without a start id target `i` belongs to the document of `t[i]`: document `k` owns targets
 * `documentStarts[k] .. documentStarts[k+1]-1`, and an empty one begins where the next one does.
 */
export interface TokenStream {
  readonly ids: TokenIds;
  /** Ascending positions, `documentStarts[0] === 0`. */
  readonly documentStarts: Uint32Array<SharedArrayBuffer>;
  /** The id before each document, mostly BOS; null where nothing stands between documents. */
  readonly startId: number | null;
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

/** Documents in order, read lazily; may be iterated more than once. */
export interface DocumentSource extends AsyncIterable<Document> {
  /** File or built-in set, for messages. */
  readonly path: string;
  /** Facts of the last iteration that ran to the end; null before. */
  facts(): SourceFacts | null;
}

export interface SourceFacts {
  readonly documents: number;
  /** UTF-8 bytes of all texts together. */
  readonly bytes: number;
  /** sha256 of the file as it is stored; null for a built-in set, which has no one file. */
  readonly sha256: string | null;
  /** The file begins with a byte order mark, which was left out. */
  readonly byteOrderMark: boolean;
}

/**
 * Facts of each document of a stream, kept without its text; all arrays by document.
 */
export interface DocumentFacts {
  /** UTF-8 length as published. */
  readonly originalBytes: Uint32Array;
  /**
   * The most UTF-8 bytes that SentencePiece's own normalizers leave of the published text, at least
   * `originalBytes` (`nfkcBytes` of tokenizer/reference-form.ts).
   */
  readonly nfkcBytes: Uint32Array;
  /** UTF-8 length of what the document's ids decode to. */
  readonly decodedBytes: Uint32Array;
  /** 1 where the ids decode to exactly the published text. */
  readonly lossless: Uint8Array;
  /**
   * 1 where the decoded text, case operators restored, and the published text have the same
   * reference form (tokenizer/reference-form.ts); so wherever `lossless` is 1.
   */
  readonly intact: Uint8Array;
  /**
   * UTF-8 bytes that the normalizer added to an intact document within its reference form, such as
   * wider spaces (`gainedBytes` of tokenizer/gained-bytes.ts).
   */
  readonly gainedBytes: Uint32Array;
  /** The first document that is not intact; null where all are. */
  readonly firstAltered: AlteredDocument | null;
}

/** A document that decodes to another text, and where the reference forms of the two first differ. */
export interface AlteredDocument {
  /** Index in the stream. */
  readonly document: number;
  /** Reference form of the published text around the difference, up to 16 bytes to either side. */
  readonly published: string;
  /** The same of the decoded text. */
  readonly decoded: string;
}
