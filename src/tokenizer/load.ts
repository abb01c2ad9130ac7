/**
 * Tokenizer loading: the built-in byte vocabulary, or a SentencePiece model file, read once.
 */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { type BpbError, inputError } from '../errors.js';
import { shared } from '../shared-memory.js';
import { byte260 } from './byte260.js';
import { checkCharsmap } from './charsmap.js';
import { checkPieces, findCaseOperators, piecesStopAtSpaces } from './check-pieces.js';
import { type ReportProblem, refuseProblem } from './problems.js';
import { readSentencePieceModel } from './sentencepiece-model.js';
import type { Tokenizer } from './types.js';

/** A million pieces of ordinary length are well below it. */
const MAX_MODEL_BYTES = 64 << 20;

function refuse(path: string, message: string, actual: string, cause?: unknown): BpbError {
  return inputError('BPB_TOKENIZER_FILE', {
    message,
    path,
    expected: 'byte260, or a SentencePiece .model file',
    actual,
    hint: 'Give the path of the .model file, or the word byte260.',
    cause,
  });
}

function readModelFile(path: string): Uint8Array {
  let stat: ReturnType<typeof statSync>;
  try {
    stat = statSync(path);
  } catch (cause) {
    throw refuse(path, 'There is no such tokenizer file.', 'nothing there', cause);
  }
  if (!stat.isFile()) throw refuse(path, 'The tokenizer is not a regular file.', 'no regular file');
  if (stat.size > MAX_MODEL_BYTES) {
    throw refuse(path, 'The tokenizer file is too large.', `${stat.size} bytes`);
  }
  try {
    return readFileSync(path);
  } catch (cause) {
    throw refuse(path, 'The tokenizer file cannot be read.', String(cause), cause);
  }
}

/**
 * Loads `byte260` or a SentencePiece model.
 *
 * @example
 * ```ts
 * import { loadTokenizer } from 'bpb-harness';
 *
 * const tokenizer = loadTokenizer('models/sotu-8x256/tokenizer.model');
 * console.log(tokenizer.pieces.length, tokenizer.hasCaseOperators);
 * ```
 *
 * @param report gets the problems of the pieces, for an audit; by default the first one is thrown
 * @throws BPB_TOKENIZER_FILE, BPB_TOKENIZER_FORMAT for a file that is missing, damaged or no model;
 *   further codes for a vocabulary whose bytes cannot be attributed to tokens (duplicate or empty
 *   pieces, no piece for a single space, some of the case operators, a denormalizer)
 */
export function loadTokenizer(
  nameOrPath: string,
  report: ReportProblem = refuseProblem,
): Tokenizer {
  if (nameOrPath === 'byte260') return byte260();
  const path = nameOrPath;
  const bytes = readModelFile(path);
  const model = readSentencePieceModel(bytes, path, report);
  checkPieces(model, path, report);
  const mapStopsAtSpaces = checkCharsmap(model.charsmap, path);
  const { bosPiece, unknownSurface, byteFallback } = model.trainer;
  const bosId = model.pieces.findIndex((p) => p.text === bosPiece && p.type === 'control');
  const ownBos = bosId === -1 ? null : bosId;
  const symbol = model.pieces.findIndex((p) => p.text === bosPiece && p.type === 'user_defined');
  return {
    kind: 'sentencepiece',
    path,
    model: shared(bytes),
    sha256: createHash('sha256').update(bytes).digest('hex'),
    pieces: model.pieces,
    bosId: ownBos,
    documentStart: ownBos,
    userDefinedBos: symbol === -1 ? null : { id: symbol, trained: model.trainer.bosId === symbol },
    hasCaseOperators: findCaseOperators(model, path, report),
    normalizer: model.normalizer,
    unknownSurface,
    byteFallback,
    separable: mapStopsAtSpaces && piecesStopAtSpaces(model),
  };
}
