/**
 * The byte vocabulary of the challenge: four special ids, then one id per byte value.
 */
import { createHash } from 'node:crypto';
import type { Piece, Tokenizer } from './types.js';

/** id = byte + 4; pad 0, bos 1, eos 2, unk 3 (openai/parameter-golf, pure byte tokenizer). */
const BYTE_OFFSET = 4;

/** The tokenizer `byte260`: 260 ids, no model file. */
export function byte260(): Tokenizer {
  const pieces: Piece[] = [
    { text: '<pad>', type: 'control' },
    { text: '<s>', type: 'control' },
    { text: '</s>', type: 'control' },
    { text: '<unk>', type: 'unknown' },
  ];
  for (let byte = 0; byte < 256; byte++) {
    const hex = byte.toString(16).toUpperCase().padStart(2, '0');
    pieces.push({ text: `<0x${hex}>`, type: 'byte' });
  }
  return {
    kind: 'byte260',
    path: null,
    model: null,
    sha256: createHash('sha256').update('byte260').digest('hex'),
    pieces,
    bosId: 1,
    documentStart: 1,
    userDefinedBos: null,
    hasCaseOperators: false,
    normalizer: null,
    // The reference gives an unknown id no bytes, and no encoder of ours ever writes one.
    unknownSurface: '',
    byteFallback: true,
    separable: true,
  };
}

/** Ids of the UTF-8 bytes of a text, without BOS. */
export function encodeBytes(text: string): Uint32Array {
  const bytes = Buffer.from(text, 'utf8');
  const ids = new Uint32Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) ids[i] = bytes[i]! + BYTE_OFFSET;
  return ids;
}
