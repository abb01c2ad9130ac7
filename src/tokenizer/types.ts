/**
 * Types of a tokenizer: its pieces and settings, and the encoder that a thread makes of it.
 */

/** Piece types of SentencePiece's ModelProto (`SentencePiece.Type`), by number in the file. */
export type PieceType = 'normal' | 'unknown' | 'control' | 'user_defined' | 'unused' | 'byte';

export interface Piece {
  readonly text: string;
  readonly type: PieceType;
}

/** What a SentencePiece model does to text before and after the pieces (`NormalizerSpec`). */
export interface Normalizer {
  /** Name of the character map, e.g. `nmt_nfkc`; informative only. */
  readonly name: string;
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
  readonly escapeWhitespaces: boolean;
  /** Of the compiled character map; null for the empty one, which is the identity. */
  readonly sha256: string | null;
}

/**
 * What begins a document: an id before it, or `none` where documents follow one another without a
 * token between them.
 */
export type DocumentStart = number | 'none';

/** A tokenizer as plain data, which can be sent to a worker thread. */
export interface Tokenizer {
  readonly kind: 'sentencepiece' | 'byte260';
  /** File it was read from, for messages; null for a built-in vocabulary. */
  readonly path: string | null;
  /**
   * The model file as it was checked, in shared memory; null for a built-in vocabulary. The file is
   * read once: the bytes that were checked are the bytes that encode.
   */
  readonly model: Uint8Array<SharedArrayBuffer> | null;
  /** sha256 of the model file, or of the vocabulary's name for a built-in one. */
  readonly sha256: string;
  /** `pieces[id]`. */
  readonly pieces: readonly Piece[];
  /** Its own BOS, a control piece; null where it has none. */
  readonly bosId: number | null;
  /** What begins a document: its own BOS unless the caller says otherwise (`--document-start`). */
  readonly documentStart: DocumentStart | null;
  /** Why there is no BOS: the BOS piece is a user-defined symbol; `trained` says whether with a `bos_id`. */
  readonly userDefinedBos: { readonly id: number; readonly trained: boolean } | null;
  /** Whether the pieces hold the case operators U+E001..U+E004 as user-defined symbols. */
  readonly hasCaseOperators: boolean;
  /** Null for a byte vocabulary, which has none. */
  readonly normalizer: Normalizer | null;
  /** What the unknown id decodes to. */
  readonly unknownSurface: string;
  /** Whether text without a piece is encoded as byte pieces instead of the unknown id. */
  readonly byteFallback: boolean;
  /** Whether a text cut at a space between two ASCII characters has the ids of its parts, one after the other. */
  readonly separable: boolean;
}

/** Runs in one thread; SentencePiece allows one instance a worker. */
export interface Encoder {
  /** Ids of one document, without BOS. */
  encode(text: string): Uint32Array;
  /** Text of the ids of one document; control ids are nothing. */
  decode(ids: ArrayLike<number>): string;
}
