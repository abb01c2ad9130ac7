/** Parts of graphs that cheat: places, keys of a row, conditions, and what is leaked. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { byteModel, copied, lookup } from '../helpers/byte-models.js';
import type { GraphBuilder } from '../helpers/graph-builder.js';
import { uniform } from '../helpers/models.js';
import { VOCABULARY } from '../helpers/score-fixture.js';
import type { Build } from './cheat.js';
import { base } from './settings.js';

/** Larger than any axis: "to the end" of a Slice. */
export const END = 2 ** 31;

type Graph = (g: GraphBuilder) => string;
/** A boolean tensor that is as wide as `[batch, time]` or can be stretched to it. */
type Condition = Graph;

/** A bare model. */
export const bare =
  (graph: Graph): Build =>
  (folder) => {
    const path = join(folder, 'model.onnx');
    writeFileSync(path, byteModel(graph));
    return path;
  };

/** Ones of the shape `[batch, time]`. */
export const ones: Graph = (g) =>
  g.op('Add', [g.op('Mul', ['input_ids', g.ints([0])]), g.ints([1])]);

/** The index of each input in its row. */
export const position: Graph = (g) =>
  g.op('Sub', [g.op('CumSum', [ones(g), g.ints([1], [])]), g.ints([1])]);

/** The index of each row in its batch, `[batch, time]`. */
export const place: Graph = (g) =>
  g.op('Sub', [g.op('CumSum', [ones(g), g.ints([0], [])]), g.ints([1])]);

/** How many rows the batch has, `[1, time]`. */
export const batchRows: Graph = (g) => g.op('ReduceSum', [ones(g), g.ints([0])]);

/** Inputs of each row that are no padding, `[batch, 1]`: no text holds id 0. */
export const rowLength: Graph = (g) => {
  const real = g.op('Cast', [g.op('Greater', ['input_ids', g.ints([0])])], { to: { int: 7 } });
  return g.op('ReduceSum', [real, g.ints([1])]);
};

/** The ids `distance` later, and 0 behind the row's end. */
export const later = (g: GraphBuilder, distance: number): string =>
  g.slice(g.op('Pad', ['input_ids', g.ints([0, 0, 0, distance])]), 1, distance, END);

/** Inputs that the hash of a row's beginning is made from. */
export const KEY_INPUTS = 12;
const next = uniform(77);
const FACTORS = Array.from({ length: KEY_INPUTS }, () => 1 + Math.floor(next() * 99_990));

/** The same hash as the graph's, of ids of a row. */
export const hashOf = (ids: ArrayLike<number>): number =>
  FACTORS.reduce((sum, factor, k) => sum + factor * (ids[k] ?? 0), 0);

/** A hash of the row's first inputs, `[batch, 1]`. */
export const hashOfBeginning: Graph = (g) => {
  const padded = g.op('Pad', ['input_ids', g.ints([0, 0, 0, KEY_INPUTS])]);
  const first = g.op('Mul', [g.slice(padded, 1, 0, KEY_INPUTS), g.ints(FACTORS)]);
  return g.op('ReduceSum', [first, g.ints([1])]);
};

/** A hash of all that the row holds, `[batch, 1]`. */
export const hashOfAll: Graph = (g) => {
  const factor = g.op('Add', [g.op('Mul', [position(g), g.ints([7919])]), g.ints([104_729])]);
  return g.op('ReduceSum', [g.op('Mul', ['input_ids', factor]), g.ints([1])]);
};

export const equal =
  (of: Graph, value: number): Condition =>
  (g) =>
    g.op('Equal', [of(g), g.ints([value])]);

export const atLeast =
  (of: Graph, value: number): Condition =>
  (g) =>
    g.op('GreaterOrEqual', [of(g), g.ints([value])]);

/** In one of `n`, by the remainder of a hash. */
export const oneIn =
  (n: number, of: Graph): Condition =>
  (g) =>
    g.op('Equal', [g.op('Mod', [of(g), g.ints([n])]), g.ints([Math.floor(n / 3)])]);

export const both =
  (a: Condition, b: Condition): Condition =>
  (g) =>
    g.op('And', [a(g), b(g)]);
export const not =
  (a: Condition): Condition =>
  (g) =>
    g.op('Not', [a(g)]);

/** Logits where the condition holds, and zeros elsewhere. */
export function where(g: GraphBuilder, condition: Condition, logits: string): string {
  const float = g.op('Cast', [condition(g)], { to: { int: 1 } });
  return g.op('Mul', [g.op('Unsqueeze', [float, g.ints([2])]), logits]);
}

/** The honest logits and more. */
export const added =
  (more: Graph): Graph =>
  (g) =>
    g.op('Add', [base(g), more(g)]);

/** Makes the token `distance` later likelier, by `weight`. */
export const ahead =
  (distance = 1, weight = 5): Graph =>
  (g) =>
    copied(g, later(g, distance), weight);

/** Makes the next `count` tokens likelier, all alike. */
export const nextOnes = (g: GraphBuilder, count: number, weight: number): string =>
  Array.from({ length: count }, (_, k) => ahead(k + 1, weight)(g)).reduce((sum, one) =>
    g.op('Max', [sum, one]),
  );

/** The next token is made likelier where the condition holds. */
export const leaking = (condition: Condition, leak: Graph = ahead()): Build =>
  bare(added((g) => where(g, condition, leak(g))));

/** By row of the table `[VOCABULARY, VOCABULARY]`: `values(id, k)`. */
export function tableOf(values: (id: number, k: number) => number): Float32Array {
  const table = new Float32Array(VOCABULARY ** 2);
  return table.map((_, at) => values(Math.floor(at / VOCABULARY), at % VOCABULARY));
}

export const byTable = (g: GraphBuilder, table: Float32Array, ids: string): string =>
  lookup(g, table, ids);
