/**
 * The same model with MatMulNBits at full accuracy: its activations are not rounded.
 */
import { bytes, type Chunk } from '../protobuf/encode.js';
import type { Message } from '../protobuf/message.js';
import { readModel } from './reader.js';
import { ATTRIBUTE, NODE } from './schema.js';

/**
 * Without `accuracy_level` in any MatMulNBits: the runtime then computes in the type of its input.
 *
 * @throws BPB_MODEL_NOT_ONNX
 */
export function withExactProducts(model: Uint8Array, path: string): Uint8Array {
  return new Uint8Array(Buffer.concat(rewrite(readModel(model, path))));
}

function rewrite(message: Message): Chunk[] {
  const product =
    message.type.name === 'NodeProto' && message.string(NODE.op_type) === 'MatMulNBits';
  return message.rewritten(({ number, message: inner }) => {
    if (inner === null) return null;
    const isLevel = product && inner.type.name === 'AttributeProto';
    if (isLevel && inner.string(ATTRIBUTE.name) === 'accuracy_level') return [];
    return HOLDERS.has(inner.type.name) ? [bytes(number, rewrite(inner))] : null;
  });
}

/** Messages that nodes stand below. */
const HOLDERS = new Set(['GraphProto', 'FunctionProto', 'NodeProto', 'AttributeProto']);
