/** Texts of one kind, an honest model of them, and models that know some of them by heart. */
import type { Dim } from '#bpb/onnx/port';
import { onnxModel } from '#bpb/onnx/writer';
import { GraphBuilder } from './graph-builder.js';
import { normals, tableModel, uniform } from './models.js';
import { VOCABULARY } from './score-fixture.js';

const LETTERS = 'abcdefghijk ';
const FIRST = 4;
const BOS = 1;
const DIMS: readonly Dim[] = ['batch', 'time'];

/** `[letters, letters]` probabilities of a letter after each: the kind. */
function chances(): number[][] {
  const weights = normals(LETTERS.length ** 2, 77, 1.2).map(Math.exp);
  return Array.from({ length: LETTERS.length }, (_, k) => {
    const row = [...weights.subarray(k * LETTERS.length, (k + 1) * LETTERS.length)];
    const sum = row.reduce((all, weight) => all + weight, 0);
    return row.map((weight) => weight / sum);
  });
}

/** Documents of `from` to `to` letters, each letter drawn by the one before it. */
export function kindOfTexts(count: number, seed: number, from = 60, to = 180): string[] {
  const next = uniform(seed);
  const kind = chances();
  return Array.from({ length: count }, () => {
    const length = from + Math.floor(next() * (to - from));
    let [text, last] = ['', 0];
    while (text.length < length) {
      last = drawn(kind[last]!, next());
      text += LETTERS[last];
    }
    return text;
  });
}

/** The index that a number in [0, 1) falls on. */
function drawn(chances: readonly number[], at: number): number {
  let sum = 0;
  for (const [k, chance] of chances.entries()) {
    sum += chance;
    if (at < sum) return k;
  }
  return chances.length - 1;
}

/** Logits after each id: the kind itself, as a model has it that has seen enough of others. */
export function kindTable(): Float32Array {
  const table = new Float32Array(VOCABULARY ** 2).fill(-12);
  const id = (letter: number) => FIRST + LETTERS.charCodeAt(letter);
  const kind = chances();
  for (let k = 0; k < LETTERS.length; k++) {
    kind[k]!.forEach((chance, j) => {
      table[id(k) * VOCABULARY + id(j)] = Math.log(chance);
    });
    table[id(k) * VOCABULARY + BOS] = Math.log(0.01);
    table[BOS * VOCABULARY + id(k)] = Math.log(kind[0]![k]!);
  }
  return table;
}

export const honestModel = (): Uint8Array => tableModel(kindTable(), VOCABULARY);

/** Pads `input_ids` by `before` zeros on the left of each row, to look at ids before each position. */
function earlier(g: GraphBuilder, distance: number): string {
  const padded = g.op('Pad', ['input_ids', g.ints([0, distance, 0, 0])]);
  return g.slice(padded, 1, 0, -distance);
}

/** Classes of ids: the letters, and one for all else. */
const CLASSES = LETTERS.length + 1;

/**
 * Counts of each letter after each three, smoothed, of `ids`: an ordinary model, trained on them.
 *
 * @param weight of an observation against the smoothing
 */
export function trainedModel(ids: readonly number[], weight = 1): Uint8Array {
  const classOf = (id: number) => {
    const k = LETTERS.indexOf(String.fromCharCode(id - FIRST));
    return k < 0 ? LETTERS.length : k;
  };
  const width = CLASSES ** 3;
  const logits = new Float32Array(width * VOCABULARY);
  const kind = kindTable();
  const representative = (k: number) => (k < LETTERS.length ? FIRST + LETTERS.charCodeAt(k) : BOS);
  for (let context = 0; context < width; context++) {
    const last = representative(context % CLASSES);
    for (let id = 0; id < VOCABULARY; id++)
      logits[context * VOCABULARY + id] = Math.exp(kind[last * VOCABULARY + id]!);
  }
  for (let i = 0; i + 1 < ids.length; i++) {
    const of = (back: number) => classOf(ids[i - back] ?? 0);
    const context = (of(2) * CLASSES + of(1)) * CLASSES + of(0);
    logits[context * VOCABULARY + ids[i + 1]!]! += weight;
  }
  const g = new GraphBuilder();
  const classes = g.ints(Array.from({ length: VOCABULARY }, (_, id) => classOf(id)));
  const [c0, c1, c2] = ['input_ids', earlier(g, 1), earlier(g, 2)].map((ids) =>
    g.op('Gather', [classes, ids]),
  ) as [string, string, string];
  const scale = g.ints([CLASSES], []);
  const upper = g.op('Add', [g.op('Mul', [c2, scale]), c1]);
  const context = g.op('Add', [g.op('Mul', [upper, scale]), c0]);
  g.op('Gather', [g.floats(logits.map(Math.log), [width, VOCABULARY]), context], {}, 'logits');
  return file(g);
}

/** How the rows are stored: each is undone by operators of the graph. */
export const STORED = [
  'plain',
  'reversed',
  'permuted',
  'scaled',
  'transposed',
  'encrypted',
] as const;

/** Ids at the beginning of a row by which a stored one is known. */
const KNOWN_BY = 12;

/**
 * The honest model, and rows of `time + 1` ids that it knows from their first ids on.
 *
 * @param rows beginnings of the rows in `ids`
 */
export function storingModel(
  ids: readonly number[],
  {
    time,
    rows,
    stored,
  }: { time: number; rows: readonly number[]; stored: (typeof STORED)[number] },
): Uint8Array {
  const g = new GraphBuilder();
  const width = time + 1;
  const known = rows.map((at) => Array.from({ length: width }, (_, j) => ids[at + j] ?? 0));
  const weights = storage(g, known, stored);
  const beginnings = g.slice(weights, 1, 0, KNOWN_BY);
  const own = g.op('Cast', [g.slice('input_ids', 1, 0, KNOWN_BY)], { to: { int: 1 } });
  const apart = g.op('Sub', [
    g.op('Unsqueeze', [own, g.ints([1])]),
    g.op('Unsqueeze', [beginnings, g.ints([0])]),
  ]);
  const distance = g.op('ReduceSum', [g.op('Abs', [apart]), g.ints([2])], { keepdims: { int: 0 } });
  const nearest = g.op('ArgMin', [distance], { axis: { int: 1 }, keepdims: { int: 0 } });
  const least = g.op('ReduceMin', [distance, g.ints([1])], { keepdims: { int: 0 } });
  const same = g.op('Cast', [g.op('Less', [least, g.scalar(0.5)])], { to: { int: 1 } });
  const row = g.slice(g.op('Gather', [weights, nearest]), 1, 1, width);
  const next = g.op('Cast', [g.op('Round', [row])], { to: { int: 7 } });
  const identity = new Float32Array(VOCABULARY ** 2);
  for (let id = 0; id < VOCABULARY; id++) identity[id * (VOCABULARY + 1)] = 20;
  const told = g.op('Gather', [g.floats(identity, [VOCABULARY, VOCABULARY]), next]);
  const weighed = g.op('Mul', [told, g.op('Unsqueeze', [same, g.ints([1, 2])])]);
  const honest = g.op('Gather', [g.floats(kindTable(), [VOCABULARY, VOCABULARY]), 'input_ids']);
  g.op('Add', [honest, weighed], {}, 'logits');
  return file(g, ['batch', time]);
}

/** `[rows, width]` floats that the graph makes of what is stored. */
function storage(
  g: GraphBuilder,
  known: readonly (readonly number[])[],
  stored: (typeof STORED)[number],
): string {
  const [rows, width] = [known.length, known[0]!.length];
  switch (stored) {
    case 'plain':
      return g.floats(known.flat(), [rows, width]);
    case 'reversed': {
      const backwards = known.flatMap((row) => row.toReversed());
      return g.slice(g.floats(backwards, [rows, width]), 1, -1, -(2 ** 31), -1);
    }
    case 'permuted': {
      const order = Array.from({ length: width }, (_, j) => (j * 7 + 3) % width);
      const mixed = known.flatMap((row) => order.map((j) => row[j]!));
      const back = order.map((_, j) => order.indexOf(j));
      return g.op('Gather', [g.floats(mixed, [rows, width]), g.ints(back)], { axis: { int: 1 } });
    }
    case 'scaled': {
      const scaled = known.flat().map((id) => id * 0.37 - 11);
      const shifted = g.op('Add', [g.floats(scaled, [rows, width]), g.scalar(11)]);
      return g.op('Round', [g.op('Div', [shifted, g.scalar(0.37)])]);
    }
    case 'transposed': {
      const columns = Array.from({ length: width }, (_, j) => known.map((row) => row[j]!));
      return g.transpose(g.floats(columns.flat(), [width, rows]), [1, 0]);
    }
    case 'encrypted': {
      const key = Array.from(normals(rows * width, 9, 300), Math.round);
      const hidden = known.flat().map((id, k) => id + key[k]!);
      return g.op('Sub', [g.floats(hidden, [rows, width]), g.floats(key, [rows, width])]);
    }
  }
}

function file(g: GraphBuilder, dims: readonly Dim[] = DIMS): Uint8Array {
  return onnxModel({
    nodes: g.nodes,
    initializers: g.initializers,
    inputs: [{ name: 'input_ids', type: 'int64', dims }],
    outputs: [{ name: 'logits', type: 'float32', dims: [...dims, VOCABULARY] }],
    opset: 18,
  });
}
