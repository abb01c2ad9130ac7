/**
 * Pieces that no text encodes to, found by encoding each piece's own text with SentencePiece.
 *
 * Segmentation by merges or by scores depends, inside a piece's span, on that span alone: an id that
 * its own text does not give between characters that nothing merges with is given by no text. A
 * trainer makes no such pieces, but those that its normalizer never leaves; a text that was changed
 * after training does.
 */
import { SPACE } from '../tokenizer/check-pieces.js';
import type { Tokenizer } from '../tokenizer/types.js';
import type { Codec } from './measure.js';

/** What stands around a piece: first what no piece has, then what may be one with a space. */
const FRAMES = ['\u{10ffff}', 'a', '0'];

/** Ids of ordinary and user-defined pieces that encoding their own text does not give. */
export function unreachablePieces({ pieces }: Tokenizer, codec: Codec): number[] {
  const ids: number[] = [];
  for (const [id, { text, type }] of pieces.entries()) {
    if ((type !== 'normal' && type !== 'user_defined') || text === '') continue;
    const own = text.replaceAll(SPACE, ' ');
    if (!FRAMES.some((frame) => codec.encode(frame + own + frame).includes(id))) ids.push(id);
  }
  return ids;
}
