/**
 * Widths of logits that fit a tokenizer: its ids, and some more for alignment.
 */

/**
 * Exporters pad the vocabulary to a multiple of 64 or 128, or by less than 5 % (to a round number, or
 * for tokens to come): more is another vocabulary.
 */
const PADDED_TO = 128;
const PADDED_BY = 1.05;

/** The largest width that is padding of `ids`. */
export function paddedWidth(ids: number): number {
  return Math.max(Math.ceil(ids / PADDED_TO) * PADDED_TO, Math.floor(ids * PADDED_BY));
}
