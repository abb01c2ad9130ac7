/**
 * Document start of a tokenizer: what begins a document, as the caller says it or as the pieces do.
 */
import { type BpbError, inputError, usageError } from '../errors.js';
import type { DocumentStart, Piece, PieceType, Tokenizer } from './types.js';

/** Types of pieces that ordinary text encodes to: none of them can mark where a document begins. */
const OF_TEXT: Partial<Record<PieceType, string>> = {
  normal: 'an ordinary piece, which text encodes to',
  byte: 'a byte piece, which text encodes to',
  unknown: 'the unknown piece, which text without a piece encodes to',
};

/** Control pieces that are known to stand between documents, the likeliest first. */
const USUAL_STARTS = [
  /^<\|?(bos|begin_?of_?text|startoftext)\|?>$|^\[BOS\]$/i,
  /^<\|?(endoftext|end_of_text|eos|eot|document)\|?>$|^<\/s>$|^\[EOS\]$/i,
  /^<s>$|^\[(CLS|SEP)\]$|^<\|?sep\|?>$/i,
];

/** The id that stands before each document; null where there is none, or none is known. */
export function startIdOf({ documentStart }: Pick<Tokenizer, 'documentStart'>): number | null {
  return typeof documentStart === 'number' ? documentStart : null;
}

/**
 * The tokenizer with another document start; unchanged where `start` is undefined.
 *
 * @param where the flag or field that says it, for messages
 * @throws BPB_USAGE_DOCUMENT_START for an id that the tokenizer does not have, or that text encodes to
 */
export function withDocumentStart(
  tokenizer: Tokenizer,
  start: DocumentStart | undefined,
  where = '--document-start',
): Tokenizer {
  if (start === undefined) return tokenizer;
  if (start !== 'none') checkStart(tokenizer, start, where);
  return { ...tokenizer, documentStart: start };
}

function checkStart(tokenizer: Tokenizer, id: number, where: string): void {
  const { pieces } = tokenizer;
  const piece = pieces[id];
  const why = piece === undefined ? null : OF_TEXT[piece.type];
  if (piece !== undefined && why === undefined) return;
  const suggested = suggestedStart(tokenizer);
  const named =
    suggested === null
      ? ''
      : `--document-start ${suggested} for ${JSON.stringify(pieces[suggested]!.text)}, or `;
  throw usageError('BPB_USAGE_DOCUMENT_START', {
    message:
      piece === undefined
        ? `${where} is no id of the tokenizer`
        : `${where} cannot mark where a document begins: id ${id} is ${why}`,
    path: where,
    expected:
      piece === undefined
        ? `an id from 0 to ${pieces.length - 1}, or none`
        : 'the id of a control piece or of a user-defined symbol, or none',
    actual: piece === undefined ? String(id) : shownId(pieces, id),
    hint: `${named}--document-start none for documents without an id between them`,
  });
}

/**
 * What begins a document of this tokenizer.
 *
 * @throws BPB_NO_BOS where neither its pieces nor the caller say it
 */
export function requireDocumentStart(tokenizer: Tokenizer): DocumentStart {
  const { documentStart } = tokenizer;
  if (documentStart === null) throw noDocumentStart(tokenizer);
  return documentStart;
}

function noDocumentStart(tokenizer: Tokenizer): BpbError {
  return inputError('BPB_NO_BOS', {
    message:
      'The tokenizer has no BOS, so nothing says what begins a document when documents are tokenized.',
    path: tokenizer.path ?? tokenizer.kind,
    expected: '--document-start ID or --document-start none',
    actual: `no --document-start, and ${whyNoBos(tokenizer)}`,
    hint: documentStartHint(tokenizer),
  });
}

/** Why a tokenizer has no BOS of its own. */
export function whyNoBos({ userDefinedBos, pieces }: Tokenizer): string {
  if (userDefinedBos === null) return 'no BOS among the control pieces (bos_id -1)';
  const { id, trained } = userDefinedBos;
  const piece = JSON.stringify(pieces[id]!.text);
  return trained
    ? `id ${id}, trained as bos_id, is no control piece: ${piece} was given as a user-defined symbol too`
    : `${piece}, id ${id}, is a user-defined symbol and no control piece`;
}

/**
 * The two choices as flags that can be copied.
 *
 * @param seen an id that stands between documents, as far as a stream shows it
 */
export function documentStartHint(tokenizer: Tokenizer, seen?: number): string {
  const id = seen ?? suggestedStart(tokenizer);
  const none = 'add --document-start none to put nothing between documents';
  if (id === null) return `${none}: the tokenizer has no control piece to put there`;
  const { text } = tokenizer.pieces[id]!;
  return `add --document-start ${id} to put ${JSON.stringify(text)} before each document, where the model was trained so; or ${none}`;
}

/** The id that most likely stands before or between documents; null where no piece can. */
export function suggestedStart({ pieces, userDefinedBos, bosId }: Tokenizer): number | null {
  if (bosId !== null) return bosId;
  if (userDefinedBos?.trained) return userDefinedBos.id;
  for (const type of ['control', 'user_defined'] as const) {
    for (const usual of USUAL_STARTS) {
      const id = pieces.findIndex((piece) => piece.type === type && usual.test(piece.text));
      if (id !== -1) return id;
    }
  }
  const control = pieces.findIndex(({ type, text }) => type === 'control' && !/pad/i.test(text));
  return control === -1 ? null : control;
}

const shownId = (pieces: readonly Piece[], id: number) =>
  `${id} (${JSON.stringify(pieces[id]!.text)})`;
