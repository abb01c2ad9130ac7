/**
 * Small vocabularies with every type of piece, in the order of the challenge's tokenizers.
 */
import type { SmallPiece } from './types.js';

/** `pieces`: a SentencePiece vocabulary. `operators`: one with case operators. `bytes`: the byte vocabulary. */
export type VocabularyKind = 'pieces' | 'operators' | 'bytes';

/** Ids of the first four pieces, as the challenge's exporter has them. */
export const PAD = 0;
export const BOS = 1;
export const EOS = 2;
export const UNKNOWN = 3;
/** Id of the byte piece 0. */
export const FIRST_BYTE = 4;

/** The case of the word, or of the letter, that follows: openai/parameter-golf pull request 1729. */
export const TITLE = '\ue001';
export const ALLCAPS = '\ue002';
export const CAPNEXT = '\ue003';
const ESC = '\ue004';
const OPERATORS = [TITLE, ALLCAPS, CAPNEXT, ESC];

const SPECIAL: readonly SmallPiece[] = [
  { piece: '<pad>', type: 'control' },
  { piece: '<s>', type: 'control' },
  { piece: '</s>', type: 'control' },
  { piece: '<unk>', type: 'unknown' },
];

/** Pieces with the space mark in every place, characters of one to four bytes, and what looks like a mark. */
const WORDS = [
  ...'▁|▁▁|▁▁▁|a▁b|▁to▁be|é▁ü|▁the|▁a|▁of|▁and|▁in|▁s|▁w|▁th|▁con|▁é|▁über|▁日本|▁😀|▁1|▁?|▁.'.split(
    '|',
  ),
  ...'ing|ed|er|tion|ly|th|the|é|ü|ß|日|本語|Ω|я|привет|😀|👍🏽|…|—|’|́|_|_x|?|??|.|,|!|-|0|1|9|00'.split(
    '|',
  ),
  ...'etaoinshrdlu'.split(''),
];

const DEFINED = ['<|sep|>', '⟨x⟩'];
const UNUSED = ['<unused0>', 'unused▁1'];

export function smallVocabulary(kind: VocabularyKind): readonly SmallPiece[] {
  const bytes = Array.from({ length: 256 }, (_, byte): SmallPiece => {
    const hex = byte.toString(16).toUpperCase().padStart(2, '0');
    return { piece: `<0x${hex}>`, type: 'byte' };
  });
  if (kind === 'bytes') return [...SPECIAL, ...bytes];
  const defined = kind === 'operators' ? [...OPERATORS, ...DEFINED] : DEFINED;
  return [
    ...SPECIAL,
    ...bytes,
    ...defined.map((piece): SmallPiece => ({ piece, type: 'user_defined' })),
    ...UNUSED.map((piece): SmallPiece => ({ piece, type: 'unused' })),
    ...WORDS.map((piece): SmallPiece => ({ piece, type: 'normal' })),
  ];
}

/** Whether the piece stands for no text of the document itself, only for the case of what follows. */
export function isOperator({ piece, type }: SmallPiece): boolean {
  return type === 'user_defined' && OPERATORS.includes(piece);
}
