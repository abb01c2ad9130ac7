/**
 * Checks of a tensor's data: in one field, the one of its type, and as long as its dimensions say.
 *
 * ONNX Runtime reads `raw_data` where both are given, ignores typed fields of another type and segments,
 * and cuts integers to the width of the type.
 */
import type { Message } from '../protobuf/message.js';
import { ambiguous } from './ambiguous.js';
import { STORAGE, type Storage, TYPE } from './element-types.js';
import { MODEL, TENSOR } from './schema.js';
import { count } from './tensor.js';

/** Fields that hold a tensor's elements one by one. */
export const TYPED = [
  TENSOR.float_data,
  TENSOR.int32_data,
  TENSOR.string_data,
  TENSOR.int64_data,
  TENSOR.double_data,
  TENSOR.uint64_data,
];
const EXTERNAL = 1;

/** Whether the data is, or may be, in another file. */
export function isExternal(tensor: Message): boolean {
  return tensor.has(TENSOR.external_data) || tensor.number(TENSOR.data_location) === EXTERNAL;
}

/** Whether a tensor is an initializer of the model's graph, or of a subgraph of a node there. */
export function isInitializer(tensor: Message): boolean {
  if (tensor.holder?.type.name !== 'GraphProto') return false;
  let at: Message = tensor.holder;
  while (at.holder !== null) {
    if (at.holder.holder === null) return at.holder.child(MODEL.graph) === at;
    at = at.holder;
  }
  return false;
}

/** @throws BPB_MODEL_NOT_ONNX, naming the tensor */
export function checkTensor(tensor: Message): void {
  const dims = tensor.integers(TENSOR.dims);
  const refuse = (problem: string) =>
    ambiguous(tensor, `${problem} of the tensor \`${tensor.string(TENSOR.name)}\``);
  if (dims.some((dim) => dim < 0) || !Number.isSafeInteger(count(dims))) {
    throw refuse(`the dimensions [${dims.join(', ')}]`);
  }
  if (tensor.has(TENSOR.segment)) throw refuse('a segment');
  if (isExternal(tensor)) return;
  const type = tensor.number(TENSOR.data_type);
  const storage = STORAGE[type];
  if (storage === undefined) throw refuse(`the element type ${type}`);
  const raw = tensor.has(TENSOR.raw_data);
  const typed = TYPED.filter((field) => tensor.has(field) && tensor.count(field) > 0);
  const fields = raw ? [TENSOR.raw_data, ...typed] : typed;
  if (fields.length > 1) throw refuse(fields.map(({ name }) => name).join(' beside '));
  const [field] = typed;
  if (field !== undefined && field !== storage.field) {
    throw refuse(
      `${field.name} for the element type ${type}, which stands in ${storage.field.name},`,
    );
  }
  const size = count(dims);
  if (raw) {
    if (type === TYPE.string) throw refuse('texts in raw_data');
    const { length } = tensor.byteStrings(TENSOR.raw_data)[0]!;
    const expected = Math.ceil((size * storage.bits) / 8);
    if (length !== expected) throw refuse(`${length} bytes instead of ${expected}`);
  } else {
    const expected = Math.ceil(size * storage.entries);
    const found = tensor.count(storage.field);
    if (found !== expected) throw refuse(`${found} values instead of ${expected}`);
  }
  checkRange(tensor, storage, raw, refuse);
}

function checkRange(
  tensor: Message,
  { field, range: [least, most] }: Storage,
  raw: boolean,
  refuse: (problem: string) => Error,
): void {
  const isBool = tensor.number(TENSOR.data_type) === TYPE.bool;
  if (field.packable && field.kind !== 'float' && field.kind !== 'double' && !raw) {
    const wrong = tensor.numbers(field).find((value) => value < least || value > most);
    if (wrong !== undefined) throw refuse(`the value ${wrong}, which its type does not hold,`);
  } else if (raw && isBool) {
    const wrong = tensor.byteStrings(TENSOR.raw_data)[0]!.find((byte) => byte > most);
    if (wrong !== undefined) throw refuse(`the value ${wrong}, which is no boolean,`);
  }
}
