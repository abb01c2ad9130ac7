/**
 * References of initializers to data in other files, and the model with that data in their place.
 *
 * Writers of ONNX move initializers only: those of the graph and of the subgraphs of its nodes. A
 * reference anywhere else (sparse tensors, attributes, functions, training graphs) is left as it is,
 * for the check of the model to refuse.
 */
import { type Chunk, prefix } from '../protobuf/encode.js';
import type { Message } from '../protobuf/message.js';
import { isExternal, isInitializer, TYPED } from './check-tensor.js';
import { STORAGE, TYPE } from './element-types.js';
import { readModel } from './reader.js';
import { ENTRY, TENSOR } from './schema.js';
import { count } from './tensor.js';

/** Where the data of an initializer stands, as `external_data` of onnx.proto says it. */
export interface ExternalReference {
  /** Of the initializer. */
  readonly name: string;
  /** Relative path, as written. */
  readonly location: string;
  readonly offset: number;
  /** Null where it is not given: the data then ends with the file. */
  readonly length: number | null;
  /** SHA-1 of the file in hexadecimal, where it is given. */
  readonly checksum: string | null;
  /** Bytes that the dimensions and the element type take. */
  readonly size: number;
}

/** Why a reference cannot be followed. */
export class ExternalReferenceError extends Error {
  constructor(
    readonly tensor: string,
    readonly expected: string,
    readonly actual: string,
  ) {
    super(`${tensor}: ${actual}`);
  }
}

/** A model whose initializers may be in other files. */
interface ExternalModel {
  readonly references: readonly ExternalReference[];
  /** The model with the data of each reference inside, `references[k].size` bytes each. */
  readonly inlined: (data: readonly Uint8Array[]) => Uint8Array;
}

/**
 * Null where no initializer refers to another file, or where something else does too.
 *
 * @throws BPB_MODEL_NOT_ONNX, and ExternalReferenceError for a reference that has no one meaning
 */
export function readExternal(file: Uint8Array, path: string): ExternalModel | null {
  // A reference needs this key: a model without it is not parsed a second time.
  if (!Buffer.from(file.buffer, file.byteOffset, file.length).includes('location')) return null;
  const model = readModel(file, path);
  const external: Message[] = [];
  for (const message of model.walk()) {
    if (message.type.name !== 'TensorProto' || !isExternal(message)) continue;
    if (!isInitializer(message)) return null;
    external.push(message);
  }
  if (external.length === 0) return null;
  const index = new Map(external.map((tensor, k) => [tensor, k]));
  return {
    references: external.map(readReference),
    inlined: (data) => {
      const holders = holdersOf(external);
      return new Uint8Array(
        Buffer.concat(rewrite(model, holders, (tensor) => data[index.get(tensor)!]!)),
      );
    },
  };
}

function readReference(tensor: Message): ExternalReference {
  const name = tensor.string(TENSOR.name);
  const refuse = (expected: string, actual: string) =>
    new ExternalReferenceError(name, expected, actual);
  const type = tensor.number(TENSOR.data_type);
  const storage = STORAGE[type];
  if (storage === undefined || type === TYPE.string) {
    throw refuse('an element type of fixed size', `element type ${type}`);
  }
  if (tensor.number(TENSOR.data_location) !== 1) {
    throw refuse('data_location EXTERNAL', 'external_data of a tensor that is said to be inside');
  }
  const inside = [TENSOR.raw_data, ...TYPED].filter((field) =>
    field === TENSOR.raw_data
      ? (tensor.byteStrings(field)[0]?.length ?? 0) > 0
      : tensor.count(field) > 0,
  );
  if (inside.length > 0) {
    throw refuse('data in one place', `${inside[0]!.name} beside external_data`);
  }
  const entries = new Map<string, string>();
  for (const entry of tensor.children(TENSOR.external_data)) {
    const key = entry.string(ENTRY.key);
    if (!KEYS.includes(key)) throw refuse(`the keys ${KEYS.join(', ')}`, `the key ${shown(key)}`);
    if (entries.has(key)) throw refuse('each key once', `a second \`${key}\``);
    entries.set(key, entry.string(ENTRY.value));
  }
  const number = (key: string) => {
    const text = entries.get(key);
    if (text === undefined) return null;
    if (!WHOLE.test(text)) throw refuse(`${key}: a whole number`, shown(text));
    return Number(text);
  };
  const size = Math.ceil((count(tensor.integers(TENSOR.dims)) * storage.bits) / 8);
  const length = number('length');
  if (length !== null && length !== size) {
    throw refuse(`length: ${size} bytes, as the dimensions say`, `${length}`);
  }
  const location = entries.get('location');
  if (location === undefined) throw refuse('a location', 'none');
  const checksum = entries.get('checksum') ?? null;
  if (checksum !== null && !SHA1.test(checksum)) {
    throw refuse('checksum: the SHA-1 of the file in hexadecimal', shown(checksum));
  }
  const offset = number('offset') ?? 0;
  return { name, location, offset, length, checksum, size };
}

const KEYS = ['location', 'offset', 'length', 'checksum'];
/** At most 15 digits: below 2^53, without a sign, an exponent, or a zero in front. */
const WHOLE = /^(0|[1-9][0-9]{0,14})$/;
const SHA1 = /^[0-9a-f]{40}$/i;

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}

/** Every message that holds one of the tensors, and the tensors. */
function holdersOf(tensors: readonly Message[]): ReadonlySet<Message> {
  const holders = new Set<Message>();
  for (const tensor of tensors) {
    for (let at: Message | null = tensor; at !== null && !holders.has(at); at = at.holder) {
      holders.add(at);
    }
  }
  return holders;
}

/** The fields of a message, with the tensors' data inside; chunks are joined once, by the caller. */
function rewrite(
  message: Message,
  holders: ReadonlySet<Message>,
  dataOf: (tensor: Message) => Uint8Array,
): Chunk[] {
  if (message.type.name === 'TensorProto') {
    const data = dataOf(message);
    return [
      ...message.rewritten(({ type }) => (type !== null && DROPPED.has(type) ? [] : null)),
      prefix(TENSOR.raw_data.number, data.length),
      data,
    ];
  }
  return message.rewritten(({ number, message: inner }) => {
    if (inner === null || !holders.has(inner)) return null;
    const chunks = rewrite(inner, holders, dataOf);
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    return [prefix(number, length), ...chunks];
  });
}

const DROPPED: ReadonlySet<unknown> = new Set([
  TENSOR.external_data,
  TENSOR.data_location,
  TENSOR.raw_data,
  ...TYPED,
]);
