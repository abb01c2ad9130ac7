/**
 * Builds small language models node by node, as exporters do, and runs them on ONNX Runtime.
 */
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { decodeHalves } from '#bpb/onnx/float16';
import type { Dim } from '#bpb/onnx/port';
import {
  type AttributeValue,
  type InitializerSpec,
  type NodeSpec,
  onnxModel,
} from '#bpb/onnx/writer';
import { normals } from './models.js';

export const VOCAB = 23;

export class GraphBuilder {
  readonly nodes: NodeSpec[] = [];
  readonly initializers: InitializerSpec[] = [];
  private count = 0;

  floats(values: ArrayLike<number>, dims: readonly number[] = [values.length]): string {
    const name = `c${this.count++}`;
    this.initializers.push({ name, type: 'float32', dims, data: Float32Array.from(values) });
    return name;
  }

  scalar(value: number): string {
    return this.floats([value], []);
  }

  /** Normally distributed weights, the same for the same place in the graph. */
  weights(dims: readonly number[], scale = 0.5): string {
    const size = dims.reduce((product, dim) => product * dim, 1);
    return this.floats(normals(size, 100 + this.count, scale), dims);
  }

  ints(values: readonly number[], dims: readonly number[] = [values.length]): string {
    const name = `c${this.count++}`;
    const data = BigInt64Array.from(values, BigInt);
    this.initializers.push({ name, type: 'int64', dims, data });
    return name;
  }

  bools(values: readonly boolean[], dims: readonly number[]): string {
    const name = `c${this.count++}`;
    this.initializers.push({ name, type: 'bool', dims, data: Uint8Array.from(values, Number) });
    return name;
  }

  op(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    output = `v${this.count++}`,
    domain?: string,
  ): string {
    const node = { op, inputs, outputs: [output], attributes };
    this.nodes.push(domain === undefined ? node : { ...node, domain });
    return output;
  }

  split(input: string, parts: number, axis: number): string[] {
    const outputs = Array.from({ length: parts }, () => `v${this.count++}`);
    const attributes = { axis: { int: axis }, num_outputs: { int: parts } };
    this.nodes.push({ op: 'Split', inputs: [input], outputs, attributes });
    return outputs;
  }

  reshape(x: string, dims: readonly number[]): string {
    return this.op('Reshape', [x, this.ints(dims)]);
  }

  transpose(x: string, perm: readonly number[]): string {
    return this.op('Transpose', [x], { perm: { ints: perm } });
  }

  slice(x: string, axis: number, start: number, end: number, step = 1): string {
    return this.op('Slice', [x, ...[start, end, axis, step].map((k) => this.ints([k]))]);
  }

  /** Hidden states `[batch, time, width]` of the tokens. */
  embed(width: number): string {
    return this.op('Gather', [this.weights([VOCAB, width], 1), 'input_ids']);
  }

  /** The file: a head on hidden states `[batch, time, width]`, and more outputs if named. */
  model(
    hidden: string,
    width: number,
    options: { dims?: readonly Dim[]; opset?: number; extra?: readonly string[] } = {},
  ): Uint8Array {
    const { dims = ['batch', 'time'], opset = 18, extra = [] } = options;
    this.op('MatMul', [hidden, this.weights([width, VOCAB])], {}, 'logits');
    return this.file({ dims, opset, extra });
  }

  /** The file of a graph that has made `logits` itself. */
  file({
    dims = ['batch', 'time'] as readonly Dim[],
    opset = 18,
    extra = [] as readonly string[],
  } = {}): Uint8Array {
    return onnxModel({
      nodes: this.nodes,
      initializers: this.initializers,
      inputs: [{ name: 'input_ids', type: 'int64', dims }],
      outputs: [
        { name: 'logits', type: 'float32', dims: [...dims, VOCAB] },
        ...extra.map((name) => ({ name, type: 'float32' as const, dims: ['a', 'b', 'c', 'd'] })),
      ],
      opset,
    });
  }
}

/** Ids `[rows, time]` below VOCAB, all different enough. */
export function someIds(rows: number, time: number, vocab = VOCAB): number[] {
  return Array.from({ length: rows * time }, (_, k) => (k * 7919 + 13 * k * k) % vocab);
}

/** Logits of a model without any optimization of the runtime's own, `[row][token][vocab]` flat. */
export async function runLogits(
  model: Uint8Array,
  ids: readonly number[],
  rows: number,
  scored?: readonly number[],
  scoredInput = 'scored_positions',
): Promise<Float32Array> {
  const session = await InferenceSession.create(model, {
    graphOptimizationLevel: 'disabled',
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
  });
  const int64 = (values: readonly number[], dims: readonly number[]) =>
    new Tensor('int64', BigInt64Array.from(values, BigInt), dims);
  const feeds: Record<string, Tensor> = { input_ids: int64(ids, [rows, ids.length / rows]) };
  if (scored !== undefined) feeds[scoredInput] = int64(scored, [scored.length]);
  const { logits } = await session.run(feeds, ['logits']);
  const { data, type } = logits!;
  await session.release();
  if (type === 'float32') return Float32Array.from(data as Float32Array);
  const { buffer, byteOffset, length } = data as unknown as Uint16Array;
  return decodeHalves(new Uint16Array(buffer, byteOffset, length));
}

export function largestDifference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  // Written so that NaN is not lost.
  return a.reduce((most, value, k) => {
    const difference = Math.abs(value - b[k]!);
    return difference <= most ? most : difference;
  }, 0);
}

/** Mean over targets of the difference in nats, and of its size; the target is the next id. */
export function natsDifference(
  a: Float32Array,
  b: Float32Array,
  ids: readonly number[],
  vocab: number,
): { mean: number; meanAbs: number } {
  const nats = (logits: Float32Array, position: number) => {
    const row = logits.subarray(position * vocab, (position + 1) * vocab);
    const max = row.reduce((most, value) => Math.max(most, value));
    const sum = row.reduce((total, value) => total + Math.exp(value - max), 0);
    return Math.log(sum) + max - row[ids[position + 1] ?? 0]!;
  };
  const differences = ids.map((_, position) => nats(b, position) - nats(a, position));
  const mean = (values: number[]) => values.reduce((sum, x) => sum + x, 0) / values.length;
  return { mean: mean(differences), meanAbs: mean(differences.map(Math.abs)) };
}
