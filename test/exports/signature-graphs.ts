/**
 * Small graphs with the inputs and outputs of real exports, and the logits that they must give.
 *
 * All values are multiples of 1/64 and small, so that every sum is exact in fp32 and most in fp16: the logits
 * are known, not approximated. Every input moves them where it is bound to anything but what a first
 * pass over whole rows feeds it.
 */
import { TYPE, type TypeName } from '#bpb/onnx/element-types';
import type { Dim } from '#bpb/onnx/port';
import { onnxModel } from '#bpb/onnx/writer';
import { GraphBuilder } from '../helpers/graph-builder.js';
import { uniform } from '../helpers/models.js';
import { VOCABULARY } from '../helpers/score-fixture.js';

/** Tokens a row. */
export const TIME = 32;

/** What an input is there for, which says what it must be given. */
export type Role =
  | 'tokens'
  | 'mask'
  | 'positions'
  | 'types'
  /** Keys or values of earlier tokens: none. */
  | 'past'
  /** State of a fixed size: zeros. */
  | 'state'
  /** `use_cache_branch`: false. */
  | 'branch'
  /** Index of the last token. */
  | 'last'
  /** Number of tokens. */
  | 'total'
  /** Number of earlier tokens: zero. */
  | 'none';

export interface Port {
  readonly name: string;
  readonly type: TypeName;
  readonly dims: readonly Dim[];
}
export type Input = Port & { readonly role: Role };

/** How the logits come out. */
export type Form =
  | 'logits'
  | 'flat'
  | 'probabilities'
  | 'log-probabilities'
  | 'last'
  | 'last-flat'
  | 'loss';

export interface Signature {
  readonly inputs: readonly Input[];
  /** The first is the logits, unless `at` says otherwise. */
  readonly outputs: readonly Port[];
  readonly at?: number;
  readonly form?: Form;
  readonly opset?: number;
}

/** `count` multiples of 1/64 in [-most, most]. */
function grid(count: number, seed: number, most: number): Float32Array {
  const next = uniform(seed);
  return Float32Array.from({ length: count }, () => Math.round((2 * next() - 1) * most * 64) / 64);
}

const LONGEST = 64;
const WIDTH = 4;
const TABLE = grid(VOCABULARY ** 2, 21, 4);
/** Added for every token up to a position. */
const CONTEXT = grid(VOCABULARY ** 2, 22, 0.125);
const PLACES = grid(LONGEST * VOCABULARY, 23, 0.5);
const TYPES = grid(2 * VOCABULARY, 24, 1);
const KEYS = grid(VOCABULARY * WIDTH, 25, 0.125);
/**
 * Weights of the terms that must vanish, and of the sums of keys: of few ids, since a sum over all earlier tokens does
 * not fade, and a replaced token that changes every later prediction is what the probe for memorized rows finds.
 */
const COLUMN = Float32Array.from({ length: VOCABULARY }, (_, v) => (v % 16 === 5 ? 0.25 : 0));

/** Logits after each position of a row of ids, in float64. */
export function logitsOf({ inputs }: Signature, ids: readonly number[]): Float64Array[] {
  const count = (role: Role) => inputs.filter((input) => input.role === role).length;
  const rank3 = inputs.some(({ role, dims }) => role === 'positions' && dims.length === 3);
  const pasts = inputs.filter((input) => isKeys(input)).length;
  const context = new Float64Array(VOCABULARY);
  let keys = 0;
  return ids.map((id, t) => {
    for (let v = 0; v < VOCABULARY; v++) context[v]! += CONTEXT[id * VOCABULARY + v]!;
    for (let d = 0; d < WIDTH; d++) keys += Math.round(KEYS[id * WIDTH + d]! * 8) / 8;
    return Float64Array.from({ length: VOCABULARY }, (_, v) => {
      const places = PLACES[t * VOCABULARY + v]! * (rank3 ? 3 : count('positions'));
      const types = TYPES[v]! * count('types');
      const past = pasts * keys * COLUMN[v]!;
      return TABLE[id * VOCABULARY + v]! + context[v]! + places + types + past;
    });
  });
}

/** `[batch, heads, past, size]` of WIDTH values a token; other layouts must only be empty. */
function isKeys({ role, dims }: Input): boolean {
  const [, heads, , size] = dims;
  return role === 'past' && dims.length === 4 && Number(heads) * Number(size) === WIDTH;
}

export function signatureGraph(signature: Signature): Uint8Array {
  const { inputs, outputs, at = 0, form = 'logits', opset = 18 } = signature;
  const g = new GraphBuilder();
  const tokens = inputs.find(({ role }) => role === 'tokens')!;
  const ids =
    tokens.dims.length === 1
      ? g.op('Unsqueeze', [tokens.name, g.ints([0])], {}, 'ids_2d')
      : tokens.name;
  const square = [VOCABULARY, VOCABULARY];
  const time = g.op('Gather', [g.op('Shape', [ids]), g.ints([1], [])], { axis: { int: 0 } });
  let sum = g.op('Gather', [g.floats(TABLE, square), ids]);
  const add = (term: string) => {
    sum = g.op('Add', [sum, term]);
  };
  const weigh = (scalars: string) => add(g.op('Mul', [scalars, g.floats(COLUMN)]));
  const summed = (x: string) =>
    g.op('ReduceSum', [g.op('Cast', [x], { to: { int: TYPE.float32 } })], { keepdims: { int: 0 } });
  add(g.op('CumSum', [g.op('Gather', [g.floats(CONTEXT, square), ids]), g.ints([1], [])]));

  const presents = outputs.filter((_, k) => k !== at).map(({ name }) => name);
  for (const input of inputs) {
    const { name, role, dims } = input;
    if (role === 'mask') {
      const mask = g.op('Cast', [name], { to: { int: TYPE.float32 } });
      weigh(g.op('Unsqueeze', [g.op('Sub', [mask, g.scalar(1)]), g.ints([2])]));
    } else if (role === 'positions') {
      const rows = g.op('Gather', [g.floats(PLACES, [LONGEST, VOCABULARY]), name]);
      const keepdims = { keepdims: { int: 0 } };
      add(dims.length === 3 ? g.op('ReduceSum', [rows, g.ints([0])], keepdims) : rows);
    } else if (role === 'types') {
      add(g.op('Gather', [g.floats(TYPES, [2, VOCABULARY]), name]));
    } else if (isKeys(input)) {
      weigh(keysOf(g, input, ids, time, presents.shift()));
    } else if (role === 'past' || role === 'state' || role === 'none') {
      weigh(summed(name));
      const present = presents.shift();
      if (present !== undefined) g.op('Identity', [name], {}, present);
    } else if (role === 'last' || role === 'total') {
      const length = g.op('Cast', [time], { to: { int: TYPE.float32 } });
      const wanted = role === 'total' ? length : g.op('Sub', [length, g.scalar(1)]);
      const given = g.op('Cast', [name], { to: { int: TYPE.float32 } });
      const off = g.op('Abs', [g.op('Sub', [given, wanted])]);
      weigh(g.op('ReduceSum', [off], { keepdims: { int: 0 } }));
    } else if (role === 'branch') {
      sum = g.op('Where', [name, g.scalar(0), sum]);
    }
  }
  finish(g, sum, outputs[at]!, form, tokens.dims.length === 1);
  return onnxModel({
    nodes: g.nodes,
    initializers: g.initializers,
    inputs: inputs.map(({ name, type, dims }) => ({ name, type, dims })),
    outputs,
    opset,
  });
}

/** Sums of the keys up to each token of the row, `[batch, time, 1]`; the keys come out as `present`. */
function keysOf(
  g: GraphBuilder,
  input: Input,
  ids: string,
  time: string,
  present?: string,
): string {
  const [, heads, , size] = input.dims.map(Number) as [number, number, number, number];
  const values = KEYS.map((value) => Math.round(value * 8) / 8);
  const rows = g.op('Gather', [g.floats(values, [VOCABULARY, WIDTH]), ids]);
  const keys = g.transpose(g.reshape(rows, [0, 0, heads, size]), [0, 2, 1, 3]);
  const typed = g.op('CastLike', [keys, input.name]);
  const all = g.op('Concat', [input.name, typed], { axis: { int: 2 } }, present);
  const float = g.op('Cast', [all], { to: { int: TYPE.float32 } });
  const sums = g.op('CumSum', [float, g.ints([2], [])]);
  const start = g.op('Neg', [g.op('Unsqueeze', [time, g.ints([0])])]);
  const last = g.op('Slice', [sums, start, g.ints([2 ** 31]), g.ints([2])]);
  const flat = g.op('ReduceSum', [last, g.ints([1, 3])], { keepdims: { int: 0 } });
  return g.op('Unsqueeze', [flat, g.ints([2])]);
}

function finish(g: GraphBuilder, logits: string, output: Port, form: Form, isRow: boolean): void {
  const axis = { axis: { int: -1 } };
  let x = logits;
  if (form === 'probabilities') x = g.op('Softmax', [x], axis);
  if (form === 'log-probabilities') x = g.op('LogSoftmax', [x], axis);
  if (form === 'last' || form === 'last-flat') x = g.slice(x, 1, -1, 2 ** 31);
  if (form === 'flat' || form === 'last-flat') x = g.reshape(x, [-1, VOCABULARY]);
  if (form === 'loss') x = g.op('ReduceMean', [x], { keepdims: { int: 0 } });
  if (isRow) x = g.op('Squeeze', [x, g.ints([0])]);
  g.op('Cast', [x], { to: { int: TYPE[output.type] } }, output.name);
}
