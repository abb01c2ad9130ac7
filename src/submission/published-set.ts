/**
 * The published validation set, as far as findings and verdicts speak of it (docs/challenge.md).
 */

export const DOCUMENTS = 50_000;
/** Bytes of its documents. */
export { CANONICAL_BYTES as BYTES } from '../data/known-sets.js';
/** No tokenizer of the challenge makes fewer tokens of it; the largest count is 62 million. */
export const TOKENS_MIN = 37_000_000;

/** A name of the files that hold the bytes of each token. */
export const SIDECAR_FILES = /val_bytes|byte_?sidecar|sidecar/i;

/** A name of data or of a tokenizer with case operators. */
export const CASE_OPERATORS = /case[-_ ]?ops|lossless[-_]caps/i;
