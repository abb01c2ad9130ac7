import type { Dim } from '#bpb/onnx/port';
import { type AttributeValue, onnxModel } from '#bpb/onnx/writer';
import { type OverTime, overTime } from '#bpb/probes/graph/over-time';
import { GraphBuilder, VOCAB } from '../helpers/graph-builder.js';

export const PORTS = { tokens: 'input_ids', logits: 'logits' };
export const WIDTH = 8;
/** Of batch, time and width. */
export const TIME = 1;

/** What is found in a model whose logits hold what `build` makes of hidden states `[batch, time, 8]`. */
export function found(
  build: (g: GraphBuilder, x: string) => string,
  { opset = 20, dims = ['batch', 'time'] as readonly Dim[], inputs = 64 } = {},
): Pick<OverTime, 'op' | 'how' | 'known'>[] {
  const g = new GraphBuilder();
  const x = g.embed(WIDTH);
  const made = build(g, x);
  // Whatever its shape, it reaches the logits.
  const seen = g.op('Mul', [
    g.op('ReduceMax', [made], { keepdims: { int: 0 } }, 'seen'),
    g.scalar(0),
  ]);
  const logits = g.op('MatMul', [x, g.weights([WIDTH, VOCAB])]);
  g.op('Add', [logits, seen], {}, 'logits');
  const model = onnxModel({
    nodes: g.nodes,
    initializers: g.initializers,
    inputs: [{ name: 'input_ids', type: 'int64', dims }],
    outputs: [{ name: 'logits', type: 'float32', dims: [...dims, VOCAB] }],
    opset,
  });
  return overTime(model, 'model.onnx', PORTS, inputs)
    .filter(({ name }) => name !== 'seen')
    .map(({ op: each, how, known }) => ({ op: each, how, known }));
}

export const axis = (value: number) => ({ axis: { int: value } });
export const turned = (g: GraphBuilder, x: string) => g.transpose(x, [0, 2, 1]);
export const scores = (g: GraphBuilder, x: string) => g.op('MatMul', [x, turned(g, x)]);
export const text = (value: string): AttributeValue => ({ string: value });

/** `[time]` of the batch. */
export function length(g: GraphBuilder): string {
  return g.op('Gather', [g.op('Shape', ['input_ids']), g.ints([TIME])], axis(0));
}

export function lstm(
  g: GraphBuilder,
  x: string,
  direction: string,
  directions = 1,
  more: readonly string[] = [],
): string {
  const weights = [WIDTH, WIDTH].map((width) => g.weights([directions, 4 * WIDTH, width]));
  const inputs = [g.transpose(x, [1, 0, 2]), ...weights];
  const attributes = { hidden_size: { int: WIDTH }, direction: text(direction) };
  const output = `lstm${g.nodes.length}`;
  g.nodes.push({ op: 'LSTM', inputs, outputs: [output, ...more], attributes });
  return output;
}
