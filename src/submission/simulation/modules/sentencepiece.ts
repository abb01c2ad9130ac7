/**
 * The module `sentencepiece`: a processor of the small vocabulary, whatever model file is named.
 *
 * What a call gives is what SentencePiece 0.2 gives for a model with these pieces
 * (https://github.com/google/sentencepiece, src/sentencepiece_processor.cc, `Decode`).
 */
import type { Runtime } from '../../python/runtime.js';
import { numericValue } from '../../python/sums.js';
import {
  type Keywords,
  type Native,
  NativeFunction,
  PyModule,
  PyObject,
  type Value,
} from '../../python/values.js';
import { argument, functions } from '../arguments.js';
import { decodeIds } from '../decode.js';
import type { PieceType, SmallPiece, SmallSet } from '../types.js';
import { BOS, EOS, PAD, UNKNOWN } from '../vocabulary.js';

/** Each of these names is a method of the processor under both spellings. */
const SPELLINGS: Record<string, readonly string[]> = {
  vocab_size: ['vocab_size', 'VocabSize', 'get_piece_size', 'GetPieceSize', 'piece_size'],
  id_to_piece: ['id_to_piece', 'IdToPiece', 'idToPiece'],
  piece_to_id: ['piece_to_id', 'PieceToId'],
  is_byte: ['is_byte', 'IsByte'],
  is_control: ['is_control', 'IsControl'],
  is_unknown: ['is_unknown', 'IsUnknown'],
  is_unused: ['is_unused', 'IsUnused'],
  bos_id: ['bos_id', 'BosId'],
  eos_id: ['eos_id', 'EosId'],
  unk_id: ['unk_id', 'UnkId'],
  pad_id: ['pad_id', 'PadId'],
  decode: ['decode', 'Decode', 'decode_ids', 'DecodeIds', 'DecodeIdsWithCheck'],
  decode_pieces: ['decode_pieces', 'DecodePieces'],
  encode: ['encode', 'Encode', 'encode_as_ids', 'EncodeAsIds', 'tokenize'],
  encode_pieces: ['encode_as_pieces', 'EncodeAsPieces'],
  load: ['load', 'Load', 'load_from_file', 'LoadFromFile', 'Init'],
  score: ['get_score', 'GetScore'],
};

/** `encode` gives the ids of a text; null where they are not known. */
type Encode = (text: string) => readonly number[] | null;

class Processor extends PyObject {
  readonly typeName = 'SentencePieceProcessor';
  readonly #methods = new Map<string, Value>();
  readonly #ids: ReadonlyMap<string, number>;

  constructor(
    private readonly pieces: readonly SmallPiece[],
    private readonly encode: Encode,
  ) {
    super();
    this.#ids = new Map(pieces.map(({ piece }, id) => [piece, id]));
    for (const [name, native] of Object.entries(this.#natives())) {
      for (const spelling of SPELLINGS[name]!) {
        this.#methods.set(spelling, new NativeFunction(spelling, native));
      }
    }
  }
  override attribute(name: string, runtime: Runtime): Value {
    const method = this.#methods.get(name);
    return method ?? runtime.unknown(`SentencePieceProcessor.${name} is not modelled`);
  }
  override length(): number {
    return this.pieces.length;
  }
  /** `sp[id]` is the id of a piece, and `sp['piece']` likewise. */
  override item(index: Value, runtime: Runtime): Value {
    return runtime.call(this.#methods.get('piece_to_id')!, [index]);
  }

  #natives(): Record<string, Native> {
    const is = (type: PieceType) => this.#byId((piece) => piece.type === type);
    const constant = (value: Value) => () => value;
    return {
      vocab_size: constant(this.pieces.length),
      id_to_piece: this.#byId(({ piece }) => piece),
      piece_to_id: ([piece], _, runtime) =>
        each(piece, runtime, (one) =>
          typeof one === 'string' ? (this.#ids.get(one) ?? UNKNOWN) : undefined,
        ),
      is_byte: is('byte'),
      is_control: is('control'),
      is_unknown: is('unknown'),
      is_unused: is('unused'),
      bos_id: constant(BOS),
      eos_id: constant(EOS),
      unk_id: constant(UNKNOWN),
      pad_id: constant(PAD),
      decode: (args, keywords, runtime) => this.#decode(args, keywords, runtime),
      decode_pieces: ([pieces], _, runtime) => {
        const parts = runtime.sequence(pieces ?? null)?.map((each) => this.#ids.get(String(each)));
        if (parts === undefined || parts.includes(undefined)) {
          return runtime.unknown('pieces to decode that are not known');
        }
        return decodeIds(this.pieces, parts as number[]);
      },
      encode: (args, keywords, runtime) => this.#encode(args, keywords, runtime),
      encode_pieces: ([text], keywords, runtime) =>
        this.#encode([text ?? null], new Map([...keywords, ['out_type', 'pieces']]), runtime),
      load: constant(true),
      score: this.#byId(() => 0),
    };
  }

  /** A method of an id, or of a list of ids. */
  #byId(of: (piece: SmallPiece) => Value): Native {
    return (args, keywords, runtime) =>
      each(argument(args, keywords, 0, 'id', 'piece_id'), runtime, (value) => {
        const id = numberOf(value, runtime);
        if (id === null) return undefined;
        const piece = this.pieces[id];
        return piece === undefined
          ? runtime.raise('IndexError', 'piece id is out of range.')
          : of(piece);
      });
  }

  #decode(args: readonly Value[], keywords: Keywords, runtime: Runtime): Value {
    const input = argument(args, keywords, 0, 'input', 'ids') ?? null;
    const single = numberOf(input, runtime);
    if (single !== null) return decodeIds(this.pieces, [single]);
    const items = listOf(input, runtime);
    if (items === null) return runtime.unknown('ids to decode that are not known');
    if (items.length > 0 && items.every((item) => runtime.sequence(item) !== null)) {
      return runtime.list(items.map((item) => this.#decode([item], new Map(), runtime)));
    }
    const ids = items.map((item) => numberOf(item, runtime));
    runtime.spend(ids.length);
    if (ids.includes(null)) return runtime.unknown('ids to decode that are not known');
    if (ids.some((id) => this.pieces[id!] === undefined)) {
      return runtime.raise('IndexError', 'piece id is out of range.');
    }
    return decodeIds(this.pieces, ids as number[]);
  }

  #encode(args: readonly Value[], keywords: Keywords, runtime: Runtime): Value {
    const input = argument(args, keywords, 0, 'input', 'text') ?? null;
    const type = argument(args, keywords, 1, 'out_type');
    return each(input, runtime, (text) => {
      if (typeof text !== 'string') return undefined;
      runtime.spend(text.length);
      const ids = this.encode(text);
      if (ids === null) return undefined;
      const asPieces = type === 'pieces' || (type instanceof NativeFunction && type.name === 'str');
      const all = [
        ...(keywords.get('add_bos') === true ? [BOS] : []),
        ...ids,
        ...(keywords.get('add_eos') === true ? [EOS] : []),
      ];
      return runtime.list(asPieces ? all.map((id) => this.pieces[id]!.piece) : all);
    });
  }
}

/** `of(value)`, or a list of it for a list; not known where `of` gives undefined. */
function each(
  value: Value | undefined,
  runtime: Runtime,
  of: (one: Value) => Value | undefined,
): Value {
  const items = value === undefined || typeof value === 'string' ? null : runtime.sequence(value);
  const unknown = () => runtime.unknown('an argument of the tokenizer that is not known');
  if (items === null) return (value === undefined ? undefined : of(value)) ?? unknown();
  return runtime.list(items.map((item) => of(item) ?? unknown()));
}

function numberOf(value: Value, runtime: Runtime): number | null {
  const number = numericValue(value);
  if (number !== null && typeof value !== 'boolean') return number;
  if (!(value instanceof PyObject) || value.length(runtime) !== undefined) return null;
  const method = value.typeName === 'unknown' ? null : value.attribute('item', runtime);
  const item = method instanceof NativeFunction ? runtime.call(method, []) : null;
  return numericValue(item);
}

function listOf(value: Value, runtime: Runtime): readonly Value[] | null {
  const items = runtime.sequence(value);
  if (items !== null || !(value instanceof PyObject) || value.typeName === 'unknown') return items;
  const iterated = value.iterate(runtime);
  return iterated === undefined ? null : [...iterated];
}

export function sentencepieceModule(set: SmallSet, encode: Encode): PyModule {
  const processor = () => new Processor(set.pieces, encode);
  return new PyModule('sentencepiece', new Map(functions({ SentencePieceProcessor: processor })));
}
