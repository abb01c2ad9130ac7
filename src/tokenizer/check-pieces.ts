/**
 * Checks of a vocabulary: refuses one whose bytes cannot be attributed to tokens.
 */
import { inputError } from '../errors.js';
import { type ReportProblem, refuseProblem } from './problems.js';
import type { SentencePieceModel } from './sentencepiece-model.js';

/** SentencePiece's mark for a space, U+2581. */
export const SPACE = '\u2581';
/** TITLE, ALLCAPS, CAPNEXT, ESC: the operators of `lossless_caps_caseops_v1`. */
export const CASE_OPERATORS = ['\ue001', '\ue002', '\ue003', '\ue004'] as const;

/** Value of a byte piece `<0xNN>`, or null where the text has another form. */
export function byteOfPiece(text: string): number | null {
  const match = /^<0x([0-9A-F]{2})>$/.exec(text);
  return match === null ? null : Number.parseInt(match[1]!, 16);
}

function refuseDuplicates(
  { pieces }: SentencePieceModel,
  path: string,
  report: ReportProblem,
): void {
  const ids = new Map<string, number>();
  for (const [id, { text, type }] of pieces.entries()) {
    const first = ids.get(text);
    if (first !== undefined) {
      report(
        inputError('BPB_TOKENIZER_DUPLICATE', {
          message: `The pieces ${first} and ${id} are both ${JSON.stringify(text)}.`,
          path,
          expected: 'every piece once',
          actual: `${JSON.stringify(text)} twice`,
          hint: 'Train the tokenizer again, or remove the duplicate.',
        }),
      );
    }
    ids.set(text, id);
    if (type === 'byte' && byteOfPiece(text) === null) {
      throw inputError('BPB_TOKENIZER_BYTE_PIECE', {
        message: `Piece ${id} is of type byte but stands for none.`,
        path,
        expected: '<0x00> to <0xFF>',
        actual: JSON.stringify(text),
        hint: 'Byte pieces are written by SentencePiece itself; do not rename them.',
      });
    }
  }
}

function refuseNoSpacePiece(
  { pieces }: SentencePieceModel,
  path: string,
  report: ReportProblem,
): void {
  const marked = pieces.some(({ text }) => text.length > 1 && text.startsWith(SPACE));
  if (!marked || pieces.some(({ text }) => text === SPACE)) return;
  report(
    inputError('BPB_NO_SPACE_PIECE', {
      message:
        'The vocabulary has pieces with a leading space but no piece for a space alone, so each bare space becomes three byte tokens and is counted as three bytes.',
      path,
      expected: `a piece ${JSON.stringify(SPACE)} (U+2581)`,
      actual: 'none',
      hint: 'Train the tokenizer with U+2581 as a piece; see openai/parameter-golf pull request 897, whose score came out about 20 % too low.',
    }),
  );
}

function refuseUnsupported(model: SentencePieceModel, path: string): void {
  const what = model.hasDenormalizer
    ? 'a denormalizer, which rewrites decoded text'
    : model.trainer.treatWhitespaceAsSuffix
      ? 'spaces at the end of pieces (treat_whitespace_as_suffix)'
      : null;
  if (what === null) return;
  throw inputError('BPB_TOKENIZER_UNSUPPORTED', {
    message: `The tokenizer uses ${what}; its bytes cannot be attributed to tokens.`,
    path,
    expected: 'a model without it',
    actual: what,
    hint: 'Train the tokenizer without this option.',
  });
}

/** SentencePiece silently encodes a text to nothing where one of its characters is a control piece. */
function refuseControlCharacters({ pieces }: SentencePieceModel, path: string): void {
  const id = pieces.findIndex(({ text, type }) => type === 'control' && [...text].length === 1);
  if (id === -1) return;
  const text = JSON.stringify(pieces[id]!.text);
  throw inputError('BPB_TOKENIZER_CONTROL', {
    message: `The control piece ${id} is the ordinary character ${text}: a text that has it would encode to nothing.`,
    path,
    expected: 'control pieces that no text holds, such as <s>',
    actual: text,
    hint: 'Train the tokenizer with other names for its control symbols.',
  });
}

/** Whether the vocabulary has the case operators; some but not all of them are refused. */
export function findCaseOperators(
  { pieces }: SentencePieceModel,
  path: string,
  report: ReportProblem = refuseProblem,
): boolean {
  const present = CASE_OPERATORS.filter((operator) =>
    pieces.some(({ text, type }) => text === operator && type === 'user_defined'),
  );
  if (present.length === 0 || present.length === CASE_OPERATORS.length) return present.length > 0;
  report(
    inputError('BPB_CASEOPS_PARTIAL', {
      message: 'The vocabulary has some of the case operators but not all four.',
      path,
      expected: 'user-defined pieces U+E001 to U+E004, or none of them',
      actual: present.map((c) => `U+${c.charCodeAt(0).toString(16).toUpperCase()}`).join(', '),
      hint: 'Train the tokenizer with all four operators as user-defined symbols.',
    }),
  );
  return false;
}

/** Throws for what no accounting can handle; reports the rest to `report`. */
export function checkPieces(
  model: SentencePieceModel,
  path: string,
  report: ReportProblem = refuseProblem,
): void {
  refuseDuplicates(model, path, report);
  refuseUnsupported(model, path);
  refuseControlCharacters(model, path);
  refuseNoSpacePiece(model, path, report);
}

/**
 * Whether no token can span a space: byte-pair merges, and pieces with a space only at their start.
 * (A unigram model sums scores in floats along the text, so its parts may differ even then.) A space
 * that is itself unknown would join unknown text on both sides into one token.
 */
export function piecesStopAtSpaces({ pieces, trainer }: SentencePieceModel): boolean {
  const reaches = ({ text }: { text: string }) => text.includes(' ') || text.includes(SPACE, 1);
  const spaceIsKnown = trainer.byteFallback || pieces.some(({ text }) => text === SPACE);
  return trainer.modelType === 'bpe' && spaceIsKnown && !pieces.some(reaches);
}
