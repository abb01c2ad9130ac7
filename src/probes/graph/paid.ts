/**
 * Search for stretches of the validation tokens, or of their text, in constants.
 */
import type { TokenStream } from '../../data/types.js';
import { PieceDecoder } from '../../tokenizer/piece-decoder.js';
import type { Tokenizer } from '../../tokenizer/types.js';
import { type Found, RunIndex } from './runs.js';
import type { Sequence } from './sequences.js';

/**
 * The longest run that is let pass, in elements. By chance a run of 32 in 16 million weights of a
 * byte against 62 million tokens would need values that agree with a probability of 1/3 each: weights
 * agree with 1/50 at best. And no table of an honest model has 32 tokens of the text in a row.
 */
export const LONGEST_TOKENS = 31;
/** The same in bytes of text, of which common phrases have more. */
export const LONGEST_BYTES = 63;

interface Paid {
  readonly kind: 'tokens' | 'bytes';
  readonly found: Found;
}

/** The longest stretches: of tokens, and of text. */
export function paidPrefix(
  sequences: readonly Sequence[],
  stream: TokenStream,
  tokenizer: Tokenizer,
): Paid[] {
  const paid: Paid[] = [];
  for (const bits of [8, 16, 32] as const) {
    const index = new RunIndex(
      sequences.filter((sequence) => sequence.bits === bits),
      bits,
    );
    if (index.empty) continue;
    const tokens = index.search(stream.ids);
    if (tokens !== null) paid.push({ kind: 'tokens', found: tokens });
    // Ids of the byte vocabulary are the text's bytes with an offset: the search above has them.
    const text = tokenizer.kind === 'byte260' ? null : longestText(index, stream, tokenizer);
    if (text !== null) paid.push({ kind: 'bytes', found: text });
  }
  return paid;
}

function longestText(
  index: RunIndex,
  { ids, documentStarts }: TokenStream,
  tokenizer: Tokenizer,
): Found | null {
  const decoder = new PieceDecoder(tokenizer);
  let best: Found | null = null;
  let before = 0;
  documentStarts.forEach((start, d) => {
    const text = decoder.decode(ids, start, documentStarts[d + 1] ?? ids.length);
    const found = index.search(text);
    if (found !== null && found.length > (best?.length ?? 0)) {
      best = { ...found, streamAt: before + found.streamAt };
    }
    before += text.length;
  });
  return best;
}
