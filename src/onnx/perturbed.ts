/**
 * The same model with its fp32 constants moved by one unit in the last place: another right computation of it,
 * as far as fp32 goes.
 */
import { TYPE } from './element-types.js';
import { readModel } from './reader.js';
import { TENSOR } from './schema.js';

/**
 * What is a number of its own is left, and so are whole numbers, infinities and NaN: exponents, masks, limits.
 *
 * @throws BPB_MODEL_NOT_ONNX
 */
export function perturbed(model: Uint8Array, path: string): Uint8Array {
  const copy = new Uint8Array(model);
  const view = new DataView(copy.buffer);
  for (const message of readModel(model, path).walk()) {
    if (message.type.name !== 'TensorProto' || message.number(TENSOR.data_type) !== TYPE.float32)
      continue;
    const stored = [...message.all(TENSOR.raw_data), ...message.all(TENSOR.float_data)];
    const size = stored.reduce((sum, { from, end }) => sum + (end - from), 0);
    if (size < 2 * Float32Array.BYTES_PER_ELEMENT) continue;
    for (const { from, end } of stored) {
      for (let at = from; at + 4 <= end; at += 4) {
        const value = view.getFloat32(at, true);
        if (Number.isFinite(value) && !Number.isInteger(value)) copy[at]! ^= 1;
      }
    }
  }
  return copy;
}
