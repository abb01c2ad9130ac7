/**
 * Every constant of an ONNX file, wherever it stands: initializers, attributes, subgraphs, functions,
 * sparse tensors. Field numbers are those of onnx.proto (IR 10). Data is viewed, not copied.
 */
import { WIRE, WireReader } from '../protobuf/wire.js';

export interface Constant {
  readonly name: string;
  /** ONNX element type of `raw`. */
  readonly type: number;
  readonly raw: Uint8Array | null;
  /** Numbers that are stored one by one; null where there are none. */
  readonly numbers: readonly number[] | null;
  /** The bytes of texts. */
  readonly texts: readonly Uint8Array[];
}

/** @throws BPB_MODEL_NOT_ONNX, which loading an artifact has ruled out */
export function* constantsOf(file: Uint8Array, path: string): Generator<Constant> {
  const reader = new WireReader(file, { path, code: 'BPB_MODEL_NOT_ONNX', what: 'an ONNX model' });
  while (reader.next()) {
    if (reader.field === 7) yield* graph(reader.message());
    else if (reader.field === 25) yield* localFunction(reader.message());
    else reader.skip();
  }
}

function* graph(reader: WireReader): Generator<Constant> {
  while (reader.next()) {
    if (reader.field === 1) yield* node(reader.message());
    else if (reader.field === 5) yield tensor(reader.message());
    else if (reader.field === 15) yield* sparse(reader.message());
    else reader.skip();
  }
}

function* localFunction(reader: WireReader): Generator<Constant> {
  while (reader.next()) {
    if (reader.field === 7) yield* node(reader.message());
    else if (reader.field === 11) yield* attribute(reader.message(), 'a function');
    else reader.skip();
  }
}

function* node(reader: WireReader): Generator<Constant> {
  // The name of what the node gives comes before its attributes in every file that writers make.
  let output = 'a node';
  while (reader.next()) {
    if (reader.field === 2) output = reader.string();
    else if (reader.field === 5) yield* attribute(reader.message(), output);
    else reader.skip();
  }
}

function* attribute(reader: WireReader, of: string): Generator<Constant> {
  const numbers: number[] = [];
  const texts: Uint8Array[] = [];
  while (reader.next()) {
    const { field, wire } = reader;
    if (field === 4 || field === 9) texts.push(reader.bytes());
    else if (field === 5 || field === 10) yield { ...tensor(reader.message()), name: of };
    else if (field === 6 || field === 11) yield* graph(reader.message());
    else if (field === 7) push(numbers, floats(reader));
    else if (field === 8) push(numbers, reader.packed().map(Number));
    else if ((field === 22 || field === 23) && wire === WIRE.bytes) yield* sparse(reader.message());
    else reader.skip();
  }
  if (numbers.length + texts.length === 0) return;
  yield { name: of, type: 0, raw: null, numbers: numbers.length > 0 ? numbers : null, texts };
}

function* sparse(reader: WireReader): Generator<Constant> {
  while (reader.next()) {
    if (reader.field === 1 || reader.field === 2) yield tensor(reader.message());
    else reader.skip();
  }
}

function tensor(reader: WireReader): Constant {
  let [name, type, raw] = ['', 0, null as Uint8Array | null];
  const numbers: number[] = [];
  const texts: Uint8Array[] = [];
  while (reader.next()) {
    const { field } = reader;
    if (field === 2) type = reader.integer();
    else if (field === 4) push(numbers, floats(reader));
    else if (field === 5 || field === 7 || field === 11) push(numbers, reader.packed().map(Number));
    else if (field === 6) texts.push(reader.bytes());
    else if (field === 8) name = reader.string();
    else if (field === 9) raw = reader.bytes();
    else if (field === 10) push(numbers, doubles(reader));
    else reader.skip();
  }
  return { name, type, raw, numbers: numbers.length > 0 ? numbers : null, texts };
}

function push(into: number[], values: readonly number[]): void {
  for (const value of values) into.push(value);
}

function floats(reader: WireReader): number[] {
  if (reader.wire !== WIRE.bytes) return [reader.float()];
  return Array.from(new Float32Array(aligned(reader.bytes(), 4)));
}

function doubles(reader: WireReader): number[] {
  if (reader.wire !== WIRE.bytes) return [reader.double()];
  return Array.from(new Float64Array(aligned(reader.bytes(), 8)));
}

/** A copy that begins where a typed array may, cut to whole elements. */
export function aligned(bytes: Uint8Array, width: number): ArrayBuffer {
  const copy = new Uint8Array(bytes.length - (bytes.length % width));
  copy.set(bytes.subarray(0, copy.length));
  return copy.buffer;
}
