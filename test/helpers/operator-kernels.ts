/**
 * The CPU kernels of the operators on arrays of every type, and how far from float64 they may be.
 */
import { decodeHalves } from '#bpb/onnx/float16';
import { decodeBfloat16s, type LogitsType, toBfloat16, toHalf } from './logits.js';
import { requireAddon } from './native.js';

/** An array in memory, and the values that a reader of it sees. */
export interface Stored {
  readonly buffer: ArrayBuffer;
  readonly values: Float64Array;
}

export function stored(source: ArrayLike<number>, type: LogitsType): Stored {
  const { buffer } =
    type === 'fp32'
      ? Float32Array.from(source)
      : Uint16Array.from(source, type === 'fp16' ? toHalf : toBfloat16);
  return { buffer, values: read(buffer, type) };
}

export function read(buffer: ArrayBuffer, type: LogitsType): Float64Array {
  if (type === 'fp32') return Float64Array.from(new Float32Array(buffer));
  const bits = new Uint16Array(buffer);
  return Float64Array.from(type === 'fp16' ? decodeHalves(bits) : decodeBfloat16s(bits));
}

/** A rounding of fp32. */
export const ROUNDING = 2 ** -24;

/** Largest finite value, size of a rounding, and half of the smallest step, of each type. */
const TYPES = {
  fp32: { largest: 3.4028234663852886e38, rounding: 2 ** -24, step: 2 ** -150 },
  fp16: { largest: 65504, rounding: 2 ** -11, step: 2 ** -25 },
  bf16: { largest: 3.3895313892515355e38, rounding: 2 ** -8, step: 2 ** -134 },
};

/**
 * The first place that is further from `expected` than `error` and the rounding to the type; undefined where all
 * are near. What is no number must be none, and what is beyond the type infinite.
 */
export function firstWrong(
  found: Float64Array,
  expected: Float64Array,
  error: Float64Array,
  type: LogitsType,
): string | undefined {
  const { largest, rounding, step } = TYPES[type];
  if (found.length !== expected.length) return `${found.length} values`;
  for (let i = 0; i < found.length; i++) {
    const [value, want, within] = [found[i]!, expected[i]!, error[i]!];
    const limit = within + (Math.abs(want) + within) * rounding + step;
    const far = Math.abs(value - want) > limit && value !== want;
    // Next to the end of the range either may be right.
    const beyond = Math.abs(want) + limit >= largest && Math.abs(value) >= largest - limit;
    const sign = Math.sign(value) === Math.sign(want);
    if (Number.isNaN(want) !== Number.isNaN(value) || (far && !(beyond && sign))) {
      return `[${i}] is ${value}, expected ${want} within ${limit}`;
    }
  }
  return undefined;
}

const addon = requireAddon();

/** All types in all instruction sets of this CPU. */
export const KINDS = addon
  .instructionSets()
  .flatMap((isa) => (['fp32', 'fp16', 'bf16'] as const).map((type) => ({ isa, type })));

type Call = Omit<Parameters<typeof addon.compute>[0], 'parts'>;

/**
 * What the kernel computes at once; the same bits in three pieces, or this throws.
 */
export function compute(call: Call & { type: LogitsType }): Record<string, Float64Array> {
  const whole = addon.compute({ ...call, parts: 1 } as never);
  const cut = addon.compute({ ...call, parts: 3 } as never);
  return Object.fromEntries(
    Object.entries(whole).map(([name, buffer]) => {
      if (Buffer.compare(Buffer.from(buffer), Buffer.from(cut[name]!)) !== 0) {
        throw new Error(`${name} depends on the division of the rows`);
      }
      return [name, read(buffer, call.type)];
    }),
  );
}
