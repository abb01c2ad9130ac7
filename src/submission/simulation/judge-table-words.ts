/**
 * What is said of mistakes of a byte table.
 */
import {
  BYTE_IS_ONE,
  BYTE_IS_ONE_ELSE_PIECE,
  KEEP_SPACE_FLAG,
  READ_SIDECAR,
  SPACE_ONCE,
} from '../source/remedies.js';
import type { Words } from '../source/report.js';
import type { PieceCount } from './judge-counts.js';

export type Mistake =
  | 'special-counted'
  | 'no-boundary'
  | 'byte-name'
  | 'replacement'
  | 'space-twice'
  | 'mark-kept'
  | 'mark-and-space'
  | 'space-missing'
  | 'inner-marks'
  | 'operator'
  | 'characters'
  | 'other';

type MistakeWords = Omit<Words, 'severity'>;

const SPECIAL = 'Give control, unknown and unused pieces 0 bytes, and treat them as a boundary.';
const STRIP =
  'Strip one leading ▁ before measuring, and add leading[target] and not boundary[previous].';

const WORDS: Readonly<Record<Mistake, MistakeWords>> = {
  'special-counted': {
    check: 'control-pieces',
    explanation:
      'Pieces that stand for no text (control, unknown, unused) are counted with bytes of their names.',
    remedy: SPECIAL,
  },
  'no-boundary': {
    check: 'wrong-bytes',
    explanation:
      'A leading space is counted after a piece that is no text, such as the first token of a document, where the text has none.',
    remedy: SPECIAL,
  },
  'byte-name': {
    check: 'byte-pieces',
    explanation:
      'A byte piece is counted as the characters of its name instead of the one byte that it stands for.',
    remedy: BYTE_IS_ONE,
  },
  replacement: {
    check: 'replacement-character',
    explanation:
      'A byte piece is counted as the replacement character U+FFFD, 3 bytes instead of 1, as it is decoded alone.',
    remedy: BYTE_IS_ONE_ELSE_PIECE,
  },
  'space-twice': {
    check: 'leading-space-twice',
    explanation:
      'The leading space is counted twice, as a byte of the piece and once more in the evaluation (#1698).',
    remedy: SPACE_ONCE,
  },
  'mark-kept': {
    check: 'kept-marker',
    explanation: 'The piece is measured with its ▁, three bytes where the text has a space of one.',
    remedy: STRIP,
  },
  'mark-and-space': {
    check: 'kept-marker',
    explanation:
      'The piece is measured with its ▁ (three bytes) and the evaluation adds the leading space as well.',
    remedy: STRIP,
  },
  'space-missing': {
    check: 'space-not-counted',
    explanation: 'The space that a leading ▁ stands for is counted nowhere.',
    remedy: KEEP_SPACE_FLAG,
  },
  'inner-marks': {
    check: 'wrong-bytes',
    explanation: 'A ▁ beyond the first character is not counted by the rule, which strips one.',
    remedy: 'Strip one leading ▁ and count what is left as it is.',
  },
  operator: {
    check: 'lut-for-caseops',
    explanation:
      'On case-operator data the bytes come from the piece table: operators count as 3 bytes each and have none (#2071).',
    remedy: READ_SIDECAR,
  },
  characters: {
    check: 'wrong-bytes',
    explanation: 'Characters are counted in place of UTF-8 bytes.',
    remedy: 'Measure len(piece.encode("utf-8")).',
  },
  other: {
    check: 'wrong-bytes',
    explanation: 'The bytes are not those of the rule.',
    remedy:
      'Count control, unknown and unused pieces as 0, byte pieces as 1, others as UTF-8 bytes without one leading ▁, and add the space in the evaluation.',
  },
};

/** With a piece for an example. */
export function mistakeWords(
  mistake: Mistake,
  { piece, counted, right }: PieceCount,
): MistakeWords {
  const shown = Number(counted.toFixed(3));
  return {
    ...WORDS[mistake],
    explanation: `${WORDS[mistake].explanation} ${JSON.stringify(piece.piece)} (${piece.type.replace('_', '-')}) counts ${shown}, ${right} is right.`,
  };
}

/** With what it comes to on the small set. */
export function effectWords(explanation: string, effect: number): { explanation: string } {
  const percent = Math.abs(100 * effect).toPrecision(2);
  const what =
    Math.abs(effect) < 1e-9
      ? 'the sum of all bytes is right all the same'
      : `${Number(percent)} % too ${effect > 0 ? 'many' : 'few'} bytes`;
  return { explanation: `${explanation} On the small set: ${what}.` };
}
