/**
 * Every constant of an ONNX file, wherever it stands: initializers, attributes, subgraphs, functions,
 * sparse tensors and training graphs. Data is viewed, not copied.
 */
import type { Message } from '../protobuf/message.js';
import { STORAGE, TYPE } from './element-types.js';
import { decodeHalves } from './float16.js';
import { readModel } from './reader.js';
import { ATTRIBUTE, NODE, TENSOR } from './schema.js';

export interface Constant {
  readonly name: string;
  /** ONNX element type of `raw`. */
  readonly type: number;
  readonly raw: Uint8Array | null;
  /** Numbers that are stored one by one; null where there are none. */
  readonly numbers: ArrayLike<number> | null;
  /** The bytes of texts. */
  readonly texts: readonly Uint8Array[];
}

/** @throws BPB_MODEL_NOT_ONNX, which loading an artifact has ruled out */
export function* constantsOf(file: Uint8Array, path: string): Generator<Constant> {
  const model = readModel(file, path);
  for (const message of model.walk()) {
    if (message.type.name === 'TensorProto') yield readConstant(message);
    else if (message.type.name === 'AttributeProto') yield* listsOf(message);
  }
}

function readConstant(tensor: Message): Constant {
  const type = tensor.number(TENSOR.data_type);
  const [raw] = tensor.byteStrings(TENSOR.raw_data);
  const field = STORAGE[type]?.field;
  const stored = field?.packable && raw === undefined ? tensor.numbers(field) : [];
  const typed = type === TYPE.float16 ? decodeHalves(Uint16Array.from(stored)) : stored;
  const name = tensor.string(TENSOR.name);
  const ofNode = tensor.holder?.type.name === 'AttributeProto';
  return {
    name: ofNode || name === '' ? outputOf(tensor) : name,
    type,
    raw: raw ?? null,
    numbers: typed.length > 0 ? typed : null,
    texts: tensor.byteStrings(TENSOR.string_data),
  };
}

/** Lists of numbers and texts of an attribute. */
function* listsOf(attribute: Message): Generator<Constant> {
  const texts = [ATTRIBUTE.s, ATTRIBUTE.strings].flatMap((field) => attribute.byteStrings(field));
  const [floats, ints] = [attribute.numbers(ATTRIBUTE.floats), attribute.numbers(ATTRIBUTE.ints)];
  const numbers = floats.length > 0 ? floats : ints;
  if (numbers.length + texts.length === 0) return;
  const name = outputOf(attribute);
  yield { name, type: 0, raw: null, numbers: numbers.length > 0 ? numbers : null, texts };
}

/** The value that the node around a message computes. */
function outputOf(message: Message): string {
  for (let at = message.holder; at !== null; at = at.holder) {
    if (at.type.name === 'NodeProto') return at.strings(NODE.output).at(-1) ?? 'a node';
  }
  return 'a function';
}

/** A copy that begins where a typed array may, cut to whole elements. */
export function aligned(bytes: Uint8Array, width: number): ArrayBuffer {
  const copy = new Uint8Array(bytes.length - (bytes.length % width));
  copy.set(bytes.subarray(0, copy.length));
  return copy.buffer;
}
