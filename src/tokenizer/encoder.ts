/**
 * Makes the encoder of a tokenizer: text to ids and back, in the thread that asked for it.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
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

/** The file may have been replaced since the facts were read; ids and facts must agree. */
function refuseChanged(tokenizer: Tokenizer, path: string): void {
  const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex');
  if (sha256 === tokenizer.sha256) return;
  throw inputError('BPB_TOKENIZER_CHANGED', {
    message: 'The tokenizer file changed while it was in use.',
    path,
    expected: `sha256 ${tokenizer.sha256}`,
    actual: `sha256 ${sha256}`,
    hint: 'Run again, and leave the file alone meanwhile.',
  });
}

/** The encoder of `tokenizer`. SentencePiece models hold about 20 MB each: make one a thread. */
export async function createEncoder(tokenizer: Tokenizer): Promise<Encoder> {
  const decoder = new PieceDecoder(tokenizer);
  const decode = (ids: ArrayLike<number>): string => {
    const text = utf8.decode(decoder.decode(ids));
    return tokenizer.hasCaseOperators ? restoreCase(text) : text;
  };
  const { path } = tokenizer;
  if (path === null) {
    return {
      encode(text) {
        refuseSurrogates(text);
        return encodeBytes(text);
      },
      decode,
    };
  }
  const { encode } = await loadSentencePiece(path);
  refuseChanged(tokenizer, path);
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
