/**
 * Reader of SentencePiece `.model` files: pieces, and the settings that byte accounting needs.
 *
 * Field numbers are those of sentencepiece_model.proto. The file is untrusted: it is read here,
 * within limits, before any other code loads it.
 */
import { createHash } from 'node:crypto';
import { guessContent } from '../data/content.js';
import { inputError } from '../errors.js';
import { WireReader } from '../protobuf/wire.js';
import { type ReportProblem, refuseProblem } from './problems.js';
import type { Normalizer, Piece, PieceType } from './types.js';

const MAX_PIECES = 1_000_000;
/** UTF-8 bytes; a piece of 100 KB overflows SentencePiece's stack at load (sentencepiece #1263). */
const MAX_PIECE_BYTES = 65_536;

const TYPES: readonly (PieceType | undefined)[] = [
  undefined,
  'normal',
  'unknown',
  'control',
  'user_defined',
  'unused',
  'byte',
];
const MODEL_TYPES: readonly string[] = ['?', 'unigram', 'bpe', 'word', 'char'];

interface Trainer {
  readonly modelType: string;
  readonly byteFallback: boolean;
  readonly treatWhitespaceAsSuffix: boolean;
  readonly unknownSurface: string;
  readonly bosPiece: string;
  /** As it was trained; -1 for none. The loaded model goes by `bosPiece`, not by this. */
  readonly bosId: number;
}

export interface SentencePieceModel {
  readonly pieces: readonly Piece[];
  readonly trainer: Trainer;
  readonly normalizer: Normalizer;
  /** The compiled character map of the normalizer; empty for the identity. */
  readonly charsmap: Uint8Array;
  /** Whether decoding runs through a character map of its own. */
  readonly hasDenormalizer: boolean;
}

function readPiece(reader: WireReader, id: number, report: ReportProblem): Piece {
  let text = '';
  let type: PieceType | undefined = 'normal';
  while (reader.next()) {
    if (reader.field === 1) text = reader.string();
    else if (reader.field === 2) reader.float();
    else if (reader.field === 3) type = TYPES[reader.integer()];
    else reader.skip();
  }
  if (text === '') report(reader.refuse(`piece ${id} without a text`));
  if (type === undefined) throw reader.refuse(`piece ${id} of an unknown type`);
  if (text.includes('\0')) throw reader.refuse(`piece ${id} with a NUL character`);
  if (Buffer.byteLength(text) > MAX_PIECE_BYTES) {
    throw reader.refuse(`piece ${id} of more than ${MAX_PIECE_BYTES} bytes`);
  }
  return { text, type };
}

function readTrainer(reader: WireReader): Trainer {
  let modelType = 1;
  let byteFallback = false;
  let treatWhitespaceAsSuffix = false;
  let unknownSurface = ' \u2047 ';
  let bosPiece = '<s>';
  let bosId = 1;
  while (reader.next()) {
    if (reader.field === 3) modelType = reader.integer();
    else if (reader.field === 24) treatWhitespaceAsSuffix = reader.bool();
    else if (reader.field === 35) byteFallback = reader.bool();
    else if (reader.field === 41) bosId = reader.integer();
    else if (reader.field === 44) unknownSurface = reader.string();
    else if (reader.field === 46) bosPiece = reader.string();
    else reader.skip();
  }
  const name = MODEL_TYPES[modelType] ?? `${modelType}`;
  return {
    modelType: name,
    byteFallback,
    treatWhitespaceAsSuffix,
    unknownSurface,
    bosPiece,
    bosId,
  };
}

function readNormalizer(reader: WireReader): { normalizer: Normalizer; charsmap: Uint8Array } {
  let name = '';
  let charsmap: Uint8Array = new Uint8Array(0);
  let addDummyPrefix = true;
  let removeExtraWhitespaces = true;
  let escapeWhitespaces = true;
  while (reader.next()) {
    if (reader.field === 1) name = reader.string();
    else if (reader.field === 2) charsmap = reader.bytes();
    else if (reader.field === 3) addDummyPrefix = reader.bool();
    else if (reader.field === 4) removeExtraWhitespaces = reader.bool();
    else if (reader.field === 5) escapeWhitespaces = reader.bool();
    else reader.skip();
  }
  return {
    normalizer: {
      name,
      addDummyPrefix,
      removeExtraWhitespaces,
      escapeWhitespaces,
      sha256: charsmap.length === 0 ? null : createHash('sha256').update(charsmap).digest('hex'),
    },
    charsmap,
  };
}

/** Reads a model from the bytes of the file `path`; anything malformed is refused. */
export function readSentencePieceModel(
  bytes: Uint8Array,
  path: string,
  report: ReportProblem = refuseProblem,
): SentencePieceModel {
  const source = { path, code: 'BPB_TOKENIZER_FORMAT', what: 'a SentencePiece model' } as const;
  // A Git LFS pointer or a text file may begin like a message; naming its kind helps more.
  const guess =
    bytes.length === 0
      ? 'an empty file'
      : // Field 1 as a number is the version that an ONNX model begins with.
        (guessContent(bytes.subarray(0, 512)) ?? (bytes[0] === 0x08 ? 'an ONNX model' : null));
  if (guess !== null && (bytes.length === 0 || bytes[0] !== 0x0a)) {
    throw inputError(source.code, {
      message: `This is not a SentencePiece model: it looks like ${guess}.`,
      path,
      expected: source.what,
      actual: guess,
      hint: 'Give the .model file itself; with Git LFS, run "git lfs pull" first.',
    });
  }
  const reader = new WireReader(bytes, source);
  const pieces: Piece[] = [];
  let trainer = readTrainer(new WireReader(new Uint8Array(0), source));
  let { normalizer, charsmap } = readNormalizer(new WireReader(new Uint8Array(0), source));
  let hasDenormalizer = false;
  const seen = new Set<number>();
  while (reader.next()) {
    if (reader.field === 1) {
      if (pieces.length === MAX_PIECES) throw reader.refuse(`more than ${MAX_PIECES} pieces`);
      pieces.push(readPiece(reader.message(), pieces.length, report));
      continue;
    }
    // Protobuf merges a repeated message: what is checked here must be what SentencePiece loads.
    if ([2, 3, 5].includes(reader.field)) {
      if (seen.has(reader.field)) throw reader.refuse(`field ${reader.field} a second time`);
      seen.add(reader.field);
    }
    if (reader.field === 2) trainer = readTrainer(reader.message());
    else if (reader.field === 3) ({ normalizer, charsmap } = readNormalizer(reader.message()));
    else if (reader.field === 5) {
      hasDenormalizer = readNormalizer(reader.message()).charsmap.length > 0;
    } else reader.skip();
  }
  if (pieces.length === 0) throw reader.refuse('a file without pieces');
  // Both are always written, after the pieces: without them the file was cut between two fields.
  if (!seen.has(2) || !seen.has(3)) throw reader.refuse('an end without trainer and normalizer');
  return { pieces, trainer, normalizer, charsmap, hasDenormalizer };
}
