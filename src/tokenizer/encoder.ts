/**
 * Encoder of a tokenizer: text to ids and back, in the calling thread.
 */
import { isWellFormed } from '../data/unicode.js';
import { inputError } from '../errors.js';
import { encodeBytes } from './byte260.js';
import { restoreCase, transformCase } from './caseops.js';
import { PieceDecoder } from './piece-decoder.js';
import { SegmentEncoder } from './segments.js';
import { loadSentencePiece } from './sentencepiece-js.js';
import type { Encoder, Tokenizer } from './types.js';

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

function refuseSurrogates(text: string): void {
  if (isWellFormed(text)) return;
  throw inputError('BPB_LONE_SURROGATE', {
    message: 'The text holds half of a surrogate pair, which UTF-8 cannot encode.',
    expected: 'well-formed Unicode',
    actual: 'an unpaired surrogate',
    hint: 'Repair the text before encoding it.',
  });
}

/** Makes the encoder of `tokenizer`: one per thread, as a SentencePiece instance takes about 20 MB. */
export async function createEncoder(tokenizer: Tokenizer): Promise<Encoder> {
  const decoder = new PieceDecoder(tokenizer);
  const decode = (ids: ArrayLike<number>): string => {
    const text = utf8.decode(decoder.decode(ids));
    return tokenizer.hasCaseOperators ? restoreCase(text) : text;
  };
  const { model } = tokenizer;
  if (model === null) {
    return {
      encode(text) {
        refuseSurrogates(text);
        return encodeBytes(text);
      },
      decode,
    };
  }
  const { encode } = await loadSentencePiece(model, tokenizer.path ?? tokenizer.kind);
  const segments = tokenizer.separable ? new SegmentEncoder(encode) : null;
  return {
    encode(text) {
      refuseSurrogates(text);
      const input = tokenizer.hasCaseOperators ? transformCase(text) : text;
      return segments === null ? encode(input) : segments.encode(input);
    },
    decode,
  };
}
