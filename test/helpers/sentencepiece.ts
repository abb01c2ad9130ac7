/** Writes small SentencePiece models for tests, whole or with any one thing wrong. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadSentencePiece, type SentencePiece } from '#bpb/tokenizer/sentencepiece-js';
import { temporaryFolder } from './folder.js';

export type ModelPiece = readonly [text: string, type?: number | undefined, score?: number];

export interface ModelOptions {
  pieces?: readonly ModelPiece[];
  byteFallback?: boolean;
  addDummyPrefix?: boolean;
  removeExtraWhitespaces?: boolean;
  /** Whether spaces are written as U+2581; by default it is not written, which means yes. */
  escapeWhitespaces?: boolean;
  suffix?: boolean;
  bosPiece?: string;
  /** As it was trained; by default it is not written, which means 1. */
  bosId?: number;
  charsmap?: Uint8Array;
  denormalizer?: Uint8Array;
}

export const PIECE_TYPE = { normal: 1, unknown: 2, control: 3, user: 4, unused: 5, byte: 6 };

export function varint(value: number | bigint): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return Buffer.from(bytes);
}

export const uintField = (field: number, value: number | bigint): Buffer =>
  Buffer.concat([varint(field << 3), varint(value)]);

export function bytesField(field: number, value: Uint8Array | string): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes]);
}

function floatField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([varint((field << 3) | 5), bytes]);
}

/** A piece without a type is written without one: the proto's default is normal. */
export const pieceField = ([text, type, score = 0]: ModelPiece): Buffer =>
  bytesField(
    1,
    Buffer.concat([
      bytesField(1, text),
      floatField(2, score),
      ...(type === undefined ? [] : [uintField(3, type)]),
    ]),
  );

export const SPECIALS: readonly ModelPiece[] = [
  ['<pad>', PIECE_TYPE.control],
  ['<s>', PIECE_TYPE.control],
  ['</s>', PIECE_TYPE.control],
  ['<unk>', PIECE_TYPE.unknown],
];

export const BYTES: readonly ModelPiece[] = Array.from({ length: 256 }, (_, byte) => [
  `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`,
  PIECE_TYPE.byte,
]);

const MERGES = ['th', '▁th', '▁the', 'he', 'in', '▁a', 'an', 'é', '▁▁', 'ing', '…', '🙂'];
const LETTERS = [...'▁abcdefghijklmnopqrstuvwxyzABC.,'];

/** A byte-pair vocabulary of some 300 ids: specials, bytes, letters, a few merges. */
export const SMALL: readonly ModelPiece[] = [
  ...SPECIALS,
  ...BYTES,
  ...MERGES.map((text, k): ModelPiece => [text, undefined, -k]),
  ...LETTERS.map((text, k): ModelPiece => [text, undefined, -100 - k]),
];

export function sentencePieceModel(options: ModelOptions = {}): Buffer {
  const { pieces = SMALL, byteFallback = true, suffix = false, bosPiece, bosId } = options;
  const { addDummyPrefix = false, removeExtraWhitespaces = false } = options;
  const trainer = [
    uintField(3, 2),
    uintField(24, suffix ? 1 : 0),
    uintField(35, byteFallback ? 1 : 0),
    uintField(40, 3),
    ...(bosId === undefined ? [] : [uintField(41, bosId)]),
    uintField(43, 0),
    ...(bosPiece === undefined ? [] : [bytesField(46, bosPiece)]),
  ];
  const normalizer = [
    bytesField(1, 'identity'),
    ...(options.charsmap === undefined ? [] : [bytesField(2, options.charsmap)]),
    uintField(3, addDummyPrefix ? 1 : 0),
    uintField(4, removeExtraWhitespaces ? 1 : 0),
    ...(options.escapeWhitespaces === undefined
      ? []
      : [uintField(5, options.escapeWhitespaces ? 1 : 0)]),
  ];
  return Buffer.concat([
    ...pieces.map(pieceField),
    bytesField(2, Buffer.concat(trainer)),
    bytesField(3, Buffer.concat(normalizer)),
    ...(options.denormalizer === undefined
      ? []
      : [bytesField(5, bytesField(2, options.denormalizer))]),
  ]);
}

/** Writes a model, or any bytes, to a file that is gone when the test ends. */
export function modelFile(content: ModelOptions | Uint8Array = {}): string {
  const path = join(temporaryFolder(), 'tokenizer.model');
  writeFileSync(path, content instanceof Uint8Array ? content : sentencePieceModel(content));
  return path;
}

/** SentencePiece itself on a model file: the reference implementation. */
export function referenceSentencePiece(path: string): Promise<SentencePiece> {
  return loadSentencePiece(readFileSync(path), path);
}
