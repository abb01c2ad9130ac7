/**
 * Byte models that run over time: honest ones whose rounding later tokens reach, and faint leaks.
 */

import { lookup } from './byte-models.js';
import type { GraphBuilder } from './graph-builder.js';
import { normals } from './models.js';
import { VOCABULARY } from './score-fixture.js';

const WIDTH = 16;
/** Rows may be this long. */
const LONGEST = 128;

/** `[batch, time, 16]` */
export function embedded(g: GraphBuilder): string {
  return lookup(g, normals(VOCABULARY * WIDTH, 5), 'input_ids', WIDTH);
}

export function head(g: GraphBuilder, x: string): string {
  return g.op('MatMul', [x, g.weights([WIDTH, VOCABULARY])]);
}

/** `[1]` */
function time(g: GraphBuilder): string {
  return g.op('Gather', [g.op('Shape', ['input_ids']), g.ints([1])], { axis: { int: 0 } });
}

/** Spectrum `[…, 2 time, 2]` of `[…, time]`, padded by zeros to twice the length. */
function spectrum(g: GraphBuilder, x: string, axis: number, twice: string): string {
  return g.op('DFT', [g.op('Unsqueeze', [x, g.ints([-1])]), twice], { axis: { int: axis } });
}

/**
 * A causal convolution of `x` as long as the row, by transform: what is later cancels, all but its
 * rounding. Rows are filled up to a power of two, for which a transform rounds least.
 */
export function fftConvolution(g: GraphBuilder, x = embedded(g)): string {
  const decay = normals(WIDTH * LONGEST, 7, 0.3).map((value, k) => value * 0.95 ** (k % LONGEST));
  const kernel = g.op('Slice', [
    g.floats(decay, [WIDTH, LONGEST]),
    g.ints([0]),
    time(g),
    g.ints([1]),
  ]);
  const twice = g.ints([2 * LONGEST], []);
  const a = spectrum(g, g.transpose(x, [0, 2, 1]), 2, twice);
  const b = spectrum(g, kernel, 1, twice);
  const [real, imaginary] = [a, b].map((each) =>
    [0, 1].map((part) => g.op('Gather', [each, g.ints([part], [])], { axis: { int: -1 } })),
  ) as [[string, string], [string, string]];
  const times = (one: string, other: string) => g.op('Mul', [one, other]);
  const product = [
    g.op('Sub', [times(real[0], imaginary[0]), times(real[1], imaginary[1])]),
    g.op('Add', [times(real[0], imaginary[1]), times(real[1], imaginary[0])]),
  ].map((part) => g.op('Unsqueeze', [part, g.ints([-1])]));
  const complex = g.op('Concat', product, { axis: { int: -1 } });
  const back = g.op('DFT', [complex], { axis: { int: 2 }, inverse: { int: 1 } });
  const mixed = g.op('Slice', [
    g.op('Gather', [back, g.ints([0], [])], { axis: { int: -1 } }),
    g.ints([0]),
    time(g),
    g.ints([2]),
  ]);
  return g.op('Add', [x, g.transpose(mixed, [0, 2, 1])]);
}

/** Two experts, `apart` from each other, chosen by the mean of all positions. */
export function router(g: GraphBuilder, apart: number, x = embedded(g)): string {
  const mean = g.op('ReduceMean', [x, g.ints([1])]);
  const gate = g.op('Softmax', [g.op('MatMul', [mean, g.weights([WIDTH, 2])])], {
    axis: { int: -1 },
  });
  const first = g.slice(gate, 2, 0, 1);
  const other = g.op('Mul', [g.op('MatMul', [x, g.weights([WIDTH, WIDTH])]), g.scalar(apart)]);
  return g.op('Add', [x, g.op('Mul', [first, other])]);
}

/** Rounded to fp16 and back. */
export function halved(g: GraphBuilder, x: string): string {
  return g.op('Cast', [g.op('Cast', [x], { to: { int: 10 } })], { to: { int: 1 } });
}

/** With as much chance as asked for. */
export function noisy(g: GraphBuilder, x: string, scale: number): string {
  return g.op('Add', [x, g.op('RandomNormalLike', [x], { scale: { float: scale } })]);
}
