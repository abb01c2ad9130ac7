/**
 * Models of the byte vocabulary, honest ones and ones that cheat in a known way.
 */
import type { Dim } from '#bpb/onnx/port';
import { type GraphSpec, onnxModel } from '#bpb/onnx/writer';
import { GraphBuilder } from './graph-builder.js';
import { normals } from './models.js';
import { VOCABULARY } from './score-fixture.js';

/** Larger than any axis: "to the end" of a Slice. */
const END = 2 ** 31;
const WIDTH = 16;

/** Logits after each id: a table that all models here begin with. */
export const TABLE = normals(VOCABULARY ** 2, 1, 2);

/** A graph whose logits are `[batch, time, width]`. */
export function byteModel(
  build: (g: GraphBuilder) => string,
  { width = VOCABULARY, dims = ['batch', 'time'] as readonly Dim[] } = {},
): Uint8Array {
  return onnxModel(byteGraph(build, { width, dims }));
}

export function byteGraph(
  build: (g: GraphBuilder) => string,
  { width = VOCABULARY, dims = ['batch', 'time'] as readonly Dim[] } = {},
): GraphSpec {
  const g = new GraphBuilder();
  g.op('Identity', [build(g)], {}, 'logits');
  return {
    nodes: g.nodes,
    initializers: g.initializers,
    inputs: [{ name: 'input_ids', type: 'int64', dims }],
    outputs: [{ name: 'logits', type: 'float32', dims: [...dims, width] }],
    opset: 18,
  };
}

/** `[batch, time, width]` rows of a constant, by id. */
export function lookup(
  g: GraphBuilder,
  values: Float32Array,
  ids = 'input_ids',
  width = VOCABULARY,
): string {
  return g.op('Gather', [g.floats(values, [values.length / width, width]), ids]);
}

export const table = (g: GraphBuilder): string => lookup(g, TABLE);

/** `weight` at the id itself, 0 elsewhere. */
export function copied(g: GraphBuilder, ids: string, weight: number): string {
  const values = new Float32Array(VOCABULARY ** 2);
  for (let id = 0; id < VOCABULARY; id++) values[id * (VOCABULARY + 1)] = weight;
  return lookup(g, values, ids);
}

/** The table, and the token `distance` later made likelier by `weight`. */
export function lookAhead(distance: number, weight: number) {
  return (g: GraphBuilder): string => {
    const padded = g.op('Pad', ['input_ids', g.ints([0, 0, 0, distance])]);
    return g.op('Add', [table(g), copied(g, g.slice(padded, 1, distance, END), weight)]);
  };
}

/** The table and a mean over an axis, 0 of the batch or 1 of the whole window. */
export function meanOver(axis: 0 | 1, weight: number) {
  return (g: GraphBuilder): string => {
    const values = lookup(g, normals(VOCABULARY ** 2, 2, weight));
    return g.op('Add', [table(g), g.op('ReduceMean', [values, g.ints([axis])])]);
  };
}

/** The table and what the row before in the batch has read: documents side by side meet there. */
export function carry(weight: number) {
  return (g: GraphBuilder): string => {
    const before = g.slice(g.op('Pad', ['input_ids', g.ints([1, 0, 0, 0])]), 0, 0, -1);
    const values = lookup(g, normals(VOCABULARY ** 2, 3, weight), before);
    return g.op('Add', [table(g), g.op('ReduceMean', [values, g.ints([1])])]);
  };
}

export function noise(scale: number) {
  return (g: GraphBuilder): string => {
    const logits = table(g);
    const random = g.op('RandomNormalLike', [logits], { scale: { float: scale } });
    return g.op('Add', [logits, random]);
  };
}

/** The table, changed; what it holds after each id. */
export function changedTable(change: (table: Float32Array) => void, width = VOCABULARY) {
  const values = normals(VOCABULARY * width, 1, 2);
  change(values);
  return (g: GraphBuilder): string => lookup(g, values, 'input_ids', width);
}

/** Mean of the embeddings up to each position. */
export function causalMean(g: GraphBuilder): string {
  const embedded = lookup(g, normals(VOCABULARY * WIDTH, 4), 'input_ids', WIDTH);
  const axis = g.ints([1], []);
  const ones = g.op('Add', [g.op('Mul', [embedded, g.scalar(0)]), g.scalar(1)]);
  const sum = g.op('CumSum', [embedded, axis]);
  const mean = g.op('Div', [sum, g.op('CumSum', [ones, axis])]);
  return g.op('MatMul', [mean, g.weights([WIDTH, VOCABULARY])]);
}

/** One head of causal attention, masked by -infinity above the diagonal. */
export function attention(g: GraphBuilder): string {
  const x = lookup(g, normals(VOCABULARY * WIDTH, 5), 'input_ids', WIDTH);
  const [q, k, v] = [0, 1, 2].map(() => g.op('MatMul', [x, g.weights([WIDTH, WIDTH])]));
  const scores = g.op('MatMul', [q!, g.transpose(k!, [0, 2, 1])]);
  // Trilu leaves zeros where it cuts, so the mask is cut out of a matrix of -infinity.
  const barred = g.op('ConstantOfShape', [g.op('Shape', [scores])]);
  const low = g.op('Add', [barred, g.scalar(Number.NEGATIVE_INFINITY)]);
  const mask = g.op('Trilu', [low, g.ints([1], [])], { upper: { int: 1 } });
  const weights = g.op('Softmax', [g.op('Add', [scores, mask])], { axis: { int: -1 } });
  const mixed = g.op('Add', [x, g.op('MatMul', [weights, v!])]);
  return g.op('MatMul', [mixed, g.weights([WIDTH, VOCABULARY])]);
}
