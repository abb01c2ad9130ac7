/** Small tokenizers without BOS: the habits that are met, in every normalizer. */
import { BYTES, type ModelOptions, modelFile, PIECE_TYPE, SMALL } from './sentencepiece.js';

/** Without the piece of two spaces, whose bytes no table has right. */
const TEXT_PIECES = SMALL.slice(4 + BYTES.length).filter(([text]) => text !== '▁▁');

/** `<|endoftext|>` at id 0 as a control piece, `<unk>` at 1: GPT-2's habit. */
export function gpt2Style(options: ModelOptions = {}): string {
  const pieces = [
    ['<|endoftext|>', PIECE_TYPE.control],
    ['<unk>', PIECE_TYPE.unknown],
    ...BYTES,
    ...TEXT_PIECES,
  ] as const;
  return modelFile({ pieces, bosId: -1, ...options });
}

/** Trained with `bos_id=1`, and `<s>` given as a user-defined symbol. */
export function userDefinedBos(options: ModelOptions = {}): string {
  const pieces = [
    ['<pad>', PIECE_TYPE.control],
    ['<s>', PIECE_TYPE.user],
    ['</s>', PIECE_TYPE.control],
    ['<unk>', PIECE_TYPE.unknown],
    ...BYTES,
    ...TEXT_PIECES,
  ] as const;
  return modelFile({ pieces, ...options });
}

/** No control piece at all, and no byte pieces: what has no piece is unknown. */
export function withoutControls(options: ModelOptions = {}): string {
  const pieces = [['<unk>', PIECE_TYPE.unknown], ...TEXT_PIECES] as const;
  return modelFile({ pieces, byteFallback: false, bosId: -1, ...options });
}
