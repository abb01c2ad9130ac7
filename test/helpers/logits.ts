/**
 * Rows of logits in every type, alignment and stride, with the values that were really stored.
 */

import { decodeHalves } from '#bpb/onnx/float16';

export type LogitsType = 'fp32' | 'fp16' | 'bf16';

/** A matrix of logits in memory: rows `stride` elements apart, beginning at byte `offset`. */
export interface StoredLogits {
  logits: ArrayBuffer;
  type: LogitsType;
  rows: number;
  vocab: number;
  stride: number;
  offset: number;
  /** What a reader of the memory sees, row by row. */
  values: Float32Array[];
}

const single = new Float32Array(1);
const word = new Uint32Array(single.buffer);

/** bfloat16 bit patterns, the upper halves of fp32, in fp32. */
export function decodeBfloat16s(bits: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(bits, (pattern) => pattern << 16).buffer);
}

/** fp32 to bfloat16 bits, ties to even; a NaN stays one. */
export function toBfloat16(value: number): number {
  single[0] = value;
  const bits = word[0]!;
  if (Number.isNaN(value)) return (bits >>> 16) | 0x40;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** A number to fp16 bits, ties to even, by the value of the last place. */
export function toHalf(value: number): number {
  const sign = Object.is(value, -0) || value < 0 ? 0x8000 : 0;
  const size = Math.abs(value);
  if (Number.isNaN(value)) return 0x7e00;
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(-14, Math.floor(Math.log2(size)));
  const scaled = size * 2 ** (10 - exponent);
  const down = Math.floor(scaled);
  const rest = scaled - down;
  const places = down + (rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? 1 : 0);
  // A mantissa that rounds up to the next power of two carries into the exponent by itself.
  return sign | (places + (exponent + 14) * 1024);
}

/** Stores `source` rows; bytes between and around them hold NaN, which nothing may read. */
export function storeLogits(
  source: readonly ArrayLike<number>[],
  type: LogitsType,
  { gap = 0, offset = 0 }: { gap?: number; offset?: number } = {},
): StoredLogits {
  const rows = source.length;
  const vocab = source[0]!.length;
  const stride = vocab + gap;
  const size = type === 'fp32' ? 4 : 2;
  const logits = new ArrayBuffer(offset + ((rows - 1) * stride + vocab) * size);
  const view = new DataView(logits);
  new Uint8Array(logits).fill(0xff);
  const values = source.map((row, r) => {
    const bits = new Uint16Array(vocab);
    const kept = new Float32Array(vocab);
    for (let i = 0; i < vocab; i++) {
      const at = offset + (r * stride + i) * size;
      if (type === 'fp32') {
        kept[i] = row[i]!;
        view.setFloat32(at, row[i]!, true);
      } else {
        bits[i] = type === 'fp16' ? toHalf(row[i]!) : toBfloat16(row[i]!);
        view.setUint16(at, bits[i]!, true);
      }
    }
    if (type === 'fp32') return kept;
    return type === 'fp16' ? decodeHalves(bits) : decodeBfloat16s(bits);
  });
  return { logits, type, rows, vocab, stride, offset, values };
}
