/**
 * IEEE half precision (fp16): decoding into fp32, encoding with rounding to nearest even.
 */

/** The value of an fp16 bit pattern: 1 sign, 5 exponent, 10 fraction bits. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

let halves: Float32Array | undefined;

/** Decodes fp16 bit patterns into fp32, which holds them all exactly. */
export function decodeHalves(bits: Uint16Array): Float32Array {
  halves ??= Float32Array.from({ length: 65536 }, (_, pattern) => halfToNumber(pattern));
  const values = new Float32Array(bits.length);
  for (let i = 0; i < bits.length; i++) values[i] = halves[bits[i]!]!;
  return values;
}

const single = new Float32Array(1);
const word = new Uint32Array(single.buffer);

/** The bits of the half nearest to an fp32 bit pattern, ties to even; too large becomes infinite. */
function halfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 112;
  const fraction = bits & 0x7fffff;
  if (exponent === 143) return sign | (fraction === 0 ? 0x7c00 : 0x7e00);
  if (exponent >= 31) return sign | 0x7c00;
  if (exponent < -10) return sign;
  // A subnormal half keeps fewer bits, and its leading one is written out.
  const shift = exponent > 0 ? 13 : 14 - exponent;
  const whole = exponent > 0 ? (exponent << 23) | fraction : fraction | 0x800000;
  const half = whole >>> shift;
  const rest = whole & ((1 << shift) - 1);
  const tie = 1 << (shift - 1);
  // A fraction that rounds up to the next power of two carries into the exponent by itself.
  return sign | (half + (rest > tie || (rest === tie && (half & 1) === 1) ? 1 : 0));
}

const LARGEST = 65504;

/**
 * fp32 values as half bits. A finite value beyond ±65504 becomes ±65504, not infinite: it is a
 * mask's "very negative", and infinities would make NaNs of it.
 */
export function encodeHalves(values: ArrayLike<number>): Uint16Array {
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    single[0] = value;
    let half = halfBits(word[0]!);
    if ((half & 0x7fff) === 0x7c00 && Number.isFinite(value)) {
      single[0] = value < 0 ? -LARGEST : LARGEST;
      half = halfBits(word[0]!);
    }
    bits[i] = half;
  }
  return bits;
}

/** Values as halves hold them, computed as a runtime does: too large becomes infinite. */
export function roundToHalves(values: ArrayLike<number>): Float32Array {
  const bits = Uint16Array.from(values, (value) => {
    single[0] = value;
    return halfBits(word[0]!);
  });
  return decodeHalves(bits);
}

/** How many finite values `encodeHalves` brings back to ±65504: from half of the next step on. */
export function countBeyond(values: ArrayLike<number>): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i]!) && Math.abs(Math.fround(values[i]!)) >= LARGEST + 16) count++;
  }
  return count;
}
