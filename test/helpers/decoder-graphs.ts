/**
 * Small decoders with the inputs and outputs that exporters write, and the values that each input needs.
 *
 * Every input changes the logits by its values, by their places and by how many there are.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { TypeName } from '#bpb/onnx/element-types';
import { encodeHalves } from '#bpb/onnx/float16';
import type { Dim } from '#bpb/onnx/port';
import { type GraphSpec, type NodeSpec, onnxModel } from '#bpb/onnx/writer';
import { GraphBuilder, VOCAB } from './graph-builder.js';

const WIDTH = 8;

type Size = 'batch' | 'time' | number;

/** An input beside the token ids, and what it must be given. */
export interface ExtraInput {
  readonly name: string;
  readonly type: TypeName;
  readonly dims: readonly Dim[];
  readonly sizes: readonly Size[];
  readonly value: 'positions' | 'time' | 'last' | number;
}

export interface DecoderOptions {
  readonly extra?: readonly ExtraInput[];
  readonly opset?: number;
  readonly ids?: { name?: string; type?: 'int64' | 'int32'; dims?: readonly Dim[] };
  readonly logits?: { name?: string; dims?: readonly Dim[] };
  /** Outputs beside the logits, `[batch, time, 8]`. */
  readonly outputs?: readonly string[];
  /** Nodes behind `x`, the logits `[batch, time, vocabulary]`, that make the output. */
  readonly end?: ((g: GraphBuilder, x: string, ids: string) => string) | undefined;
}

/** A decoder whose graph reads all of its inputs. */
export function decoderGraph(options: DecoderOptions = {}): GraphSpec {
  const { extra = [], opset = 17, outputs = [], end } = options;
  const { name = 'input_ids', type = 'int64', dims = ['batch', 'time'] } = options.ids ?? {};
  const { name: logits = 'logits', dims: shape = [...dims, VOCAB] } = options.logits ?? {};
  const g = new GraphBuilder();
  const ids = dims.length === 1 ? g.reshape(name, [1, -1]) : name;
  let x = g.op('Gather', [g.weights([VOCAB, WIDTH], 1), ids]);
  for (const input of extra) {
    x = g.op('Add', [x, g.op('Mul', [signature(g, input, ids), g.weights([WIDTH], 0.01)])]);
  }
  for (const output of outputs) g.op('Identity', [x], {}, output);
  const made = g.op('MatMul', [x, g.weights([WIDTH, VOCAB])]);
  g.op('Identity', [end === undefined ? made : end(g, made, ids)], {}, logits);
  return {
    nodes: g.nodes,
    initializers: g.initializers,
    inputs: [{ name, type, dims }, ...extra.map((input) => ({ ...input }))],
    outputs: [
      { name: logits, type: 'float32', dims: shape },
      ...outputs.map((output) => {
        return { name: output, type: 'float32' as const, dims: ['b', 't', WIDTH] };
      }),
    ],
    opset,
  };
}

/** `[1, 1, 1]` or `[batch, time, 1]`, which depends on every element of an input. */
function signature(g: GraphBuilder, { name, type, sizes }: ExtraInput, ids: string): string {
  let value = type === 'float32' ? name : g.op('Cast', [name], { to: { int: 1 } });
  const past = sizes.indexOf(0);
  // What comes after a past must have its shape along every other axis.
  if (past >= 0) {
    const now = g.op('ConstantOfShape', [shapeOf(g, sizes.with(past, 'time'), ids)]);
    value = g.op('Concat', [value, g.op('Add', [now, g.scalar(1)])], { axis: { int: past } });
  }
  const row = g.reshape(value, [1, -1]);
  const column = g.op('Cos', [g.reshape(value, [-1, 1])]);
  const cosines = g.op('MatMul', [g.op('Cos', [row]), column]);
  const whole = g.reshape(g.op('Add', [g.op('MatMul', [row, column]), cosines]), [1, 1, 1]);
  const rank = sizes.length;
  if (past >= 0 || rank > 3 || sizes.at(-1) !== 'time') return whole;
  const first = rank === 3 ? g.op('Gather', [value, g.ints([0], [])], { axis: { int: 0 } }) : value;
  const placed = g.reshape(first, rank === 1 || sizes.at(-2) === 1 ? [1, -1, 1] : [0, -1, 1]);
  return g.op('Add', [whole, g.op('Mul', [placed, g.scalar(10)])]);
}

function shapeOf(g: GraphBuilder, sizes: readonly Size[], ids: string): string {
  const shape = g.op('Shape', [ids]);
  const parts = sizes.map((size) =>
    typeof size === 'number'
      ? g.ints([size])
      : g.op('Gather', [shape, g.ints([size === 'batch' ? 0 : 1])], { axis: { int: 0 } }),
  );
  return parts.length === 1 ? parts[0]! : g.op('Concat', parts, { axis: { int: 0 } });
}

/** The file, with other nodes in front where a test needs them. */
export function decoder(
  options: DecoderOptions = {},
  before: readonly NodeSpec[] = [],
): Uint8Array {
  const graph = decoderGraph(options);
  return onnxModel({ ...graph, nodes: [...before, ...graph.nodes] });
}

/** Output of a model, which is given everything that it declares. */
export async function runFed(
  model: Uint8Array,
  ids: readonly number[],
  rows: number,
  options: DecoderOptions = {},
): Promise<Float32Array> {
  const { extra = [] } = options;
  const { name = 'input_ids', type = 'int64', dims = ['batch', 'time'] } = options.ids ?? {};
  const time = ids.length / rows;
  const session = await InferenceSession.create(model, {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  const feeds = {
    [name]: tensor(type, dims.length === 1 ? [time] : [rows, time], (k) => ids[k]!),
    ...Object.fromEntries(extra.map((input) => [input.name, fed(input, rows, time)])),
  };
  const output = options.logits?.name ?? 'logits';
  const results = await session.run(feeds, [output]);
  await session.release();
  return Float32Array.from(results[output]!.data as Float32Array);
}

function fed({ type, sizes, value }: ExtraInput, rows: number, time: number): Tensor {
  const dims = sizes.map((size) => (size === 'batch' ? rows : size === 'time' ? time : size));
  const at = (k: number) => {
    if (value === 'positions') return k % time;
    if (value === 'time') return time;
    return value === 'last' ? time - 1 : value;
  };
  return tensor(type, dims, at);
}

function tensor(type: TypeName, dims: readonly number[], at: (k: number) => number): Tensor {
  const size = dims.reduce((product, dim) => product * dim, 1);
  const values = Array.from({ length: size }, (_, k) => at(k));
  switch (type) {
    case 'int64':
      return new Tensor(type, BigInt64Array.from(values, BigInt), dims);
    case 'int32':
      return new Tensor(type, Int32Array.from(values), dims);
    case 'float32':
      return new Tensor(type, Float32Array.from(values), dims);
    case 'float64':
      return new Tensor(type, Float64Array.from(values), dims);
    case 'float16':
      return new Tensor(type, encodeHalves(Float32Array.from(values)), dims);
    case 'bool':
    case 'uint8':
      return new Tensor(type, Uint8Array.from(values), dims);
    case 'int8':
      return new Tensor(type, Int8Array.from(values), dims);
    default:
      throw new TypeError(`no tensors of ${type} here`);
  }
}
