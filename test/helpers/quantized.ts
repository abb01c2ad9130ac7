/** Products by quantized weights, and of quantized activations, as ONNX Runtime's quantizers write them. */
import type { GraphBuilder } from './graph-builder.js';
import { normals, uniform } from './models.js';

export interface Blocks {
  readonly K: number;
  readonly N: number;
  readonly bits: 2 | 3 | 4 | 8;
  readonly block: number;
  readonly zeroPoints?: boolean;
  /** Optional inputs that are left out are named by empty strings. */
  readonly spelledOut?: boolean;
  readonly accuracyLevel?: number;
  readonly seed?: number;
}

/** `x · W` by a `[K, N]` matrix in blocks along K, packed as com.microsoft MatMulNBits wants it. */
export function nBits(g: GraphBuilder, x: string, blocks: Blocks): string {
  const { K, N, bits, block, zeroPoints = false, spelledOut, accuracyLevel, seed } = blocks;
  const many = Math.ceil(K / block);
  const next = uniform(seed ?? bits + (zeroPoints ? 100 : 0));
  const bytes = (dims: readonly number[]) => {
    const size = dims.reduce((all, dim) => all * dim, 1);
    const name = `q${g.initializers.length}`;
    const data = Uint8Array.from({ length: size }, () => Math.floor(next() * 256));
    g.initializers.push({ name, type: 'uint8', dims, data });
    return name;
  };
  const weights = bytes([N, many, (block * bits) / 8]);
  const scales = g.floats(Float32Array.from({ length: N * many }, () => 2 ** -bits * (1 + next())));
  const inputs = [x, weights, scales];
  if (zeroPoints) inputs.push(bytes([N * Math.ceil((many * bits) / 8)]));
  while (spelledOut && inputs.length < 5) inputs.push('');
  const level = accuracyLevel === undefined ? {} : { accuracy_level: accuracyLevel };
  const numbers = Object.entries({ K, N, bits, block_size: block, ...level });
  const attributes = Object.fromEntries(numbers.map(([name, int]) => [name, { int }]));
  return g.op('MatMulNBits', inputs, attributes, undefined, 'com.microsoft');
}

/** Rounds to int8 by a fixed scale, and back. */
export function roundTrip(g: GraphBuilder, x: string, scale: number): string {
  const inputs = [g.scalar(scale), int8(g, [0], [])];
  const codes = g.op('QuantizeLinear', [x, ...inputs]);
  return g.op('DequantizeLinear', [codes, ...inputs]);
}

/** `x · W` as `quantize_static` writes it: activations and weights in int8 behind DequantizeLinear. */
export function staticProduct(
  g: GraphBuilder,
  x: string,
  K: number,
  N: number,
  seed: number,
): string {
  const codes = normals(K * N, seed, 40).map((value) =>
    Math.max(-127, Math.min(127, Math.round(value))),
  );
  const weights = int8(g, codes, [K, N]);
  const scale = g.scalar(1 / (40 * Math.sqrt(K)));
  const wide = g.op('DequantizeLinear', [weights, scale, int8(g, [0], [])]);
  return g.op('MatMul', [roundTrip(g, x, 1 / 16), wide]);
}

function int8(g: GraphBuilder, values: ArrayLike<number>, dims: readonly number[]): string {
  const name = `i${g.initializers.length}`;
  g.initializers.push({ name, type: 'int8', dims, data: Int8Array.from(values) });
  return name;
}
