/**
 * Tiny models with logits that are known beforehand.
 */

import { TYPE, type TypeName } from '#bpb/onnx/element-types';
import type { Dim } from '#bpb/onnx/port';
import { type GraphSpec, type NodeSpec, onnxModel } from '#bpb/onnx/writer';

export interface TableOptions {
  /** Type of the graph's output; the table itself is fp32. */
  output?: 'float32' | 'float16' | 'bfloat16';
  input?: TypeName;
  /** Batch and time axis; symbolic by default. */
  dims?: readonly [Dim, Dim];
  /** The width of the logits is one that only a run shows. */
  openWidth?: boolean;
  inputName?: string;
  outputName?: string;
}

/**
 * `logits[r, t] = table[input_ids[r, t]]`: row `id` of the `[ids, vocabulary]` table holds the
 * logits after token `id`.
 */
export function tableGraph(
  table: Float32Array,
  vocabulary: number,
  options: TableOptions = {},
): GraphSpec {
  const { output = 'float32', input = 'int64', dims = ['batch', 'time'] } = options;
  const { inputName = 'input_ids', outputName = 'logits', openWidth = false } = options;
  const to = { int: TYPE[output] };
  const nodes: NodeSpec[] = [
    { op: 'Gather', inputs: ['table', inputName], outputs: ['gathered'] },
    // Keeps every column, which no shape inference can know.
    openWidth
      ? {
          op: 'Compress',
          inputs: ['gathered', 'kept'],
          outputs: ['wide'],
          attributes: { axis: { int: 2 } },
        }
      : { op: 'Identity', inputs: ['gathered'], outputs: ['wide'] },
    { op: 'Cast', inputs: ['wide'], outputs: [outputName], attributes: { to } },
  ];
  const kept = new Uint8Array(vocabulary).fill(1);
  const rows = table.length / vocabulary;
  return {
    nodes,
    inputs: [{ name: inputName, type: input, dims }],
    outputs: [
      { name: outputName, type: output, dims: [...dims, openWidth ? 'width' : vocabulary] },
    ],
    initializers: [
      { name: 'table', type: 'float32', dims: [rows, vocabulary], data: table },
      ...(openWidth
        ? [{ name: 'kept', type: 'bool', dims: [vocabulary], data: kept } as const]
        : []),
    ],
  };
}

export function tableModel(
  table: Float32Array,
  vocabulary: number,
  options: TableOptions = {},
): Uint8Array {
  return onnxModel(tableGraph(table, vocabulary, options));
}

/** Deterministic values of a standard normal, times `scale`. */
export function normals(count: number, seed: number, scale = 1): Float32Array {
  const next = uniform(seed);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    values[i] = scale * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next());
  }
  return values;
}

/** A seeded generator of numbers in [0, 1) (mulberry32). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
