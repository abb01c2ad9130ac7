/** Texts and characters at which byte accounting went wrong for somebody. */
import { type ModelPiece, PIECE_TYPE } from '../helpers/sentencepiece.js';

/** The four case operators as user-defined pieces. */
export const operatorPieces: readonly ModelPiece[] = ['\ue001', '\ue002', '\ue003', '\ue004'].map(
  (text) => [text, PIECE_TYPE.user],
);

export const EDGES: readonly string[] = [
  '',
  ' ',
  '    ',
  '\0',
  'x',
  'é',
  '  two  spaces\nnew\tline ',
  'trailing  ',
  '\u00a0\u2003 x \u3000\u00a0',
  '½ ﬁ … “q” ﷺ',
  '▁literal▁',
  ' ▁ a ▁ ',
  'a\u00a0b',
  '🙂👩‍👩‍👧',
  'e\u0301 a\u030a\u0301',
  '\ufeffx\ufeff',
  '\ufffd a\ufffdb \ufffd',
  'a\0b',
  'a\r\nb\r\n',
  '\ue001\ue004 \ue004',
  '\ue001a \ue002bc',
  '0123456789',
  'ＦＵＬＬ　ＷＩＤＴＨ',
  '\u200b',
  '\u200bx\u200d \u200b y\u200b',
  '\u00ad\u00ad',
  'a\u00ad',
  '한글 \u1112\u1161\u11ab',
  '<s></s><unk><0x41>',
  'the thing in th in',
  'ALL Caps iPhone McDonald ÉCLAIR İstanbul',
  '\u2028\u2029\u0085\u000b\u000c',
  `${'the cat '.repeat(300)}`,
  'é'.repeat(300),
  'x'.repeat(300),
  ' '.repeat(300),
  `a${' '.repeat(300)}b`,
];

/** For random texts: what rules, spaces, operators and characters without a piece are made of. */
export const CHARACTERS: readonly string[] = [
  ...'abthexinABTH .,1½ﬁ…é▁🙂한中',
  ...' \u00a0\u3000\u200b\u200d\u00ad\ufeff\ufffd\u0301\u030a\u1112\u1161\u11ab',
  ...'\t\n\r\0\u0007\ue000\ue001\ue002\ue003\ue004\ue005ﷺ',
  ' ',
  '  ',
  ' the',
  'th',
];
