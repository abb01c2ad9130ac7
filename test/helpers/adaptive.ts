/**
 * Small artifacts that carry state, with what they must score known in closed form.
 *
 * Both speak the byte vocabulary. `counts` predicts each byte by how often it has been a target so
 * far; `lag` adds to a bigram table a second one on the byte before, which the first input of a chunk
 * only has from the state.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TYPE } from '#bpb/onnx/element-types';
import type { Dim } from '#bpb/onnx/port';
import { type InitializerSpec, type NodeSpec, onnxModel } from '#bpb/onnx/writer';
import { normals } from './models.js';
import { VOCABULARY } from './score-fixture.js';

export type Reset = 'document' | 'never';

export interface AdaptiveFixture {
  reset?: Reset;
  chunk?: number;
  context?: number;
  steps?: number;
  window?: 'document' | 'chunk';
  seqLen?: number;
}

const TIME: readonly Dim[] = ['batch', 'time'];
const ids = (name: string, type: 'int64' | 'int32' = 'int64') => ({ name, type, dims: TIME });
const counts = (name: string) => ({ name, type: 'float32' as const, dims: ['batch', VOCABULARY] });
const logits = { name: 'logits', type: 'float32' as const, dims: [...TIME, VOCABULARY] };

function floats(name: string, values: ArrayLike<number>, dims: readonly number[]): InitializerSpec {
  return { name, type: 'float32', dims, data: Float32Array.from(values) };
}

function ints(name: string, values: readonly number[], dims = [values.length]): InitializerSpec {
  return { name, type: 'int64', dims, data: BigInt64Array.from(values, BigInt) };
}

const op = (
  name: string,
  inputs: readonly string[],
  output: string,
  attributes: NodeSpec['attributes'] = {},
): NodeSpec => ({ op: name, inputs, outputs: [output], attributes });

/** `log(counts + 1)` at every position. */
export function countsScore(): Uint8Array {
  return onnxModel({
    nodes: [
      op('Add', ['counts', 'one'], 'smoothed'),
      op('Log', ['smoothed'], 'row'),
      op('Unsqueeze', ['row', 'axis1'], 'rows'),
      op('Cast', ['input_ids'], 'as_float', { to: { int: 1 } }),
      op('Mul', ['as_float', 'zero'], 'zeros'),
      op('Unsqueeze', ['zeros', 'axis2'], 'columns'),
      op('Add', ['rows', 'columns'], 'logits'),
    ],
    initializers: [
      floats('one', [1], []),
      floats('zero', [0], []),
      ints('axis1', [1]),
      ints('axis2', [2]),
    ],
    inputs: [ids('input_ids'), counts('counts')],
    outputs: [logits],
  });
}

/** `counts` and one for each of the chunk's targets, whose sum may be rounded to another type. */
export function countsAdapt(
  type: 'int64' | 'int32' = 'int64',
  sum: 'float32' | 'float16' = 'float32',
): Uint8Array {
  const rounded = [
    op('Cast', ['sum'], 'rounded', { to: { int: TYPE[sum] } }),
    op('Cast', ['rounded'], 'added', { to: { int: TYPE.float32 } }),
  ];
  const exact = sum === 'float32';
  return onnxModel({
    nodes: [
      op('Cast', ['targets'], 'classes', { to: { int: 7 } }),
      op('OneHot', ['classes', 'depth', 'off_on'], 'hot'),
      op('ReduceSum', ['hot', 'axis1'], 'sum', { keepdims: { int: 0 } }),
      ...(exact ? [] : rounded),
      op('Add', ['counts', exact ? 'sum' : 'added'], 'counts_next'),
    ],
    initializers: [
      ints('depth', [VOCABULARY], []),
      floats('off_on', [0, 1], [2]),
      ints('axis1', [1]),
    ],
    inputs: [ids('targets', type), counts('counts')],
    outputs: [counts('counts_next')],
  });
}

/** Writes the `counts` artifact into `folder`. */
export function writeCounts(
  folder: string,
  fixture: AdaptiveFixture & { init?: Float32Array } = {},
): void {
  writeFileSync(join(folder, 'model.onnx'), countsScore());
  writeFileSync(join(folder, 'adapt.onnx'), countsAdapt());
  if (fixture.init !== undefined) writeFileSync(join(folder, 'counts.f32'), fixture.init);
  const state = {
    name: 'counts',
    in: 'counts',
    out: 'counts_next',
    shape: [VOCABULARY],
    ...(fixture.init === undefined ? {} : { init: { path: 'counts.f32' } }),
  };
  const adapt = { path: 'adapt.onnx', tokens: null, reads: ['counts'], writes: ['counts'] };
  const counted = ['model.onnx', 'adapt.onnx', ...(fixture.init ? ['counts.f32'] : [])];
  writeManifest(folder, 'counts', fixture, [state], { adapt, counted });
}

/** Nats of every target of one document or stream, in float64. */
export function countsNats(
  stream: readonly number[],
  {
    chunk,
    steps = 1,
    counts = new Float64Array(VOCABULARY),
  }: {
    chunk: number;
    steps?: number;
    /** Changed as the artifact would. */
    counts?: Float64Array;
  },
): number[] {
  const nats: number[] = [];
  for (let s = 1; s < stream.length; s += chunk) {
    const targets = stream.slice(s, s + chunk);
    const total = counts.reduce((sum, n) => sum + n + 1, 0);
    for (const target of targets) nats.push(Math.log(total) - Math.log(counts[target]! + 1));
    for (const target of targets) counts[target]! += steps;
  }
  return nats;
}

export const LAG_TABLE = normals(VOCABULARY * VOCABULARY, 21, 1);
export const LAG_SECOND = normals(VOCABULARY * VOCABULARY, 22, 1);

/** Two tables, on this byte and on the one before it; `before` is the last byte of what came. */
export function lagScore(): Uint8Array {
  const square = [VOCABULARY, VOCABULARY];
  return onnxModel({
    nodes: [
      op('Unsqueeze', ['before', 'axis1'], 'first'),
      op('Slice', ['input_ids', 'zero', 'minus_one', 'axis1'], 'others'),
      op('Concat', ['first', 'others'], 'shifted', { axis: { int: 1 } }),
      op('Gather', ['table', 'input_ids'], 'one'),
      op('Gather', ['second', 'shifted'], 'two'),
      op('Add', ['one', 'two'], 'logits'),
      op('Slice', ['input_ids', 'minus_one', 'end', 'axis1'], 'last'),
      op('Squeeze', ['last', 'axis1'], 'before_next'),
    ],
    initializers: [
      floats('table', LAG_TABLE, square),
      floats('second', LAG_SECOND, square),
      ints('axis1', [1]),
      ints('zero', [0]),
      ints('minus_one', [-1]),
      ints('end', [2 ** 40]),
    ],
    inputs: [ids('input_ids'), { name: 'before', type: 'int64', dims: ['batch'] }],
    outputs: [logits, { name: 'before_next', type: 'int64', dims: ['batch'] }],
  });
}

/** Writes the `lag` artifact into `folder`: state without adaptation. */
export function writeLag(folder: string, fixture: AdaptiveFixture = {}): void {
  writeFileSync(join(folder, 'model.onnx'), lagScore());
  const state = { name: 'before', in: 'before', out: 'before_next', shape: [], dtype: 'int64' };
  writeManifest(folder, 'lag', fixture, [state], { counted: ['model.onnx'] });
}

/** Nats of every target, in float64, from the tables themselves. */
export function lagNats(stream: readonly number[]): number[] {
  return stream.slice(1).map((target, k) => {
    const [now, before] = [stream[k]!, k === 0 ? 0 : stream[k - 1]!];
    const row = Array.from(
      { length: VOCABULARY },
      // The graph adds in fp32.
      (_, v) =>
        Math.fround(LAG_TABLE[now * VOCABULARY + v]! + LAG_SECOND[before * VOCABULARY + v]!),
    );
    const max = Math.max(...row);
    return Math.log(row.reduce((sum, x) => sum + Math.exp(x - max), 0)) + max - row[target]!;
  });
}

export function writeManifest(
  folder: string,
  name: string,
  fixture: AdaptiveFixture,
  tensors: readonly Record<string, unknown>[],
  rest: Record<string, unknown>,
): void {
  const { reset = 'document', chunk = 16, context = 0, steps = 1 } = fixture;
  const manifest = {
    format: 'bpb-artifact/1',
    name,
    model: { path: 'model.onnx' },
    state: { tensors: tensors.map((tensor) => ({ reset, ...tensor })), chunk, context, steps },
    tokenizer: { kind: 'byte260' },
    evaluation: {
      window: fixture.window ?? 'document',
      seqLen: fixture.seqLen ?? chunk + context,
      tail: fixture.window === 'chunk' ? 'score' : 'drop',
    },
    ...rest,
  };
  writeFileSync(join(folder, 'artifact.json'), JSON.stringify(manifest));
}
