/**
 * Remedies of mistakes that the text of a script shows, or running it.
 */
export const DIVIDE_ONCE = 'Add up nats and bytes over all targets and divide once.';
export const SUM_BYTES = 'Sum the bytes of the scored targets and divide by that sum.';
export const SCORE_WHOLE = 'Score the whole validation set, or label the score as partial.';
export const SCORE_REST = 'Score the last, shorter batch too; drop at most the stream’s own tail.';
export const BYTE_IS_ONE = 'Count 1 where sp.is_byte(id).';
export const BYTE_IS_ONE_ELSE_PIECE =
  'Count 1 where sp.is_byte(id), and the piece without its ▁ elsewhere.';
export const SPACE_ONCE = 'Count the piece without its ▁; let the evaluation alone add the space.';
export const KEEP_SPACE_FLAG =
  'Keep a flag for pieces with ▁ and add (leading[target] and not boundary[previous]).';
export const READ_SIDECAR = 'Read the bytes of each target from fineweb_val_bytes_*.bin.';
export const LEAVE_OUT_SIDECAR = 'Leave out names with "_bytes_", or use fineweb_val_[0-9]*.bin.';
export const EQUAL_LENGTHS = 'Require equal lengths of tokens and sidecar.';
