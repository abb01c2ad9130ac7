/**
 * Constant folding: quantized weights, masks, position tables and shapes, which no token changes.
 *
 * With the batch's dimensions fixed, nothing is left of an exporter's shape arithmetic, which a GPU
 * would have to leave to the CPU.
 */

import { TYPE } from '../element-types.js';
import { roundToHalves } from '../float16.js';
import type { Node } from '../graph.js';
import type { StoredTensor } from '../stored-tensor.js';
import { count, ints, Tensor } from '../tensor.js';
import { arithmetic } from './arithmetic.js';
import { dequantize } from './dequantize.js';
import { filled, movement, normalAxis, outer } from './movement.js';
import type { Workspace } from './workspace.js';

/** Values computed, at most, for one node and for all: what is beyond stays what it is, a node. */
const MAX_VALUES = 1 << 26;
const MAX_TOTAL = 1 << 28;

interface Folded {
  /** Weights that were quantized. */
  readonly dequantized: number;
  readonly folded: number;
  /** Quantized weights that stay. */
  readonly kept: number;
}

export function fold(ws: Workspace): Folded {
  let [dequantized, folded, kept, total] = [0, 0, 0, 0];
  const seen = new Map<string, string>();
  for (const node of ws.walk()) {
    const [output] = node.outputs;
    if (node.outputs.length !== 1 || output === undefined) continue;
    ws.infer(node);
    if (closeShape(ws, node) || ws.isOutput(output)) continue;
    const twin = twinOf(ws, node, seen);
    if (twin !== undefined) {
      ws.replace(node, twin);
      continue;
    }
    const tensor = total > MAX_TOTAL ? null : evaluate(ws, node);
    total += tensor?.values.length ?? 0;
    if (tensor !== null) {
      ws.replace(node, ws.add(tensor, node.op));
      if (node.op === 'DequantizeLinear') dequantized++;
      else folded++;
    } else if (node.op === 'DequantizeLinear') kept++;
  }
  return { dequantized, folded, kept };
}

/** An earlier node that computes the same: exporters repeat masks and tables in every layer. */
function twinOf(ws: Workspace, node: Node, seen: Map<string, string>): string | undefined {
  if (node.op.startsWith('Random') || [...node.attributes.values()].some((a) => a.captures.length))
    return undefined;
  const parts = [...node.attributes].map(
    ([name, { raw }]) => `${name}=${Buffer.from(raw).toString('latin1')}`,
  );
  const key = [node.domain, node.op, ...node.inputs, '|', ...parts.sort()].join('\0');
  const [output] = node.outputs;
  const twin = seen.get(key);
  if (twin === undefined) seen.set(key, output!);
  return twin !== undefined && ws.producer(twin) !== undefined ? twin : undefined;
}

/** The value of a node of constants, or null. */
function evaluate(ws: Workspace, node: Node): Tensor | null {
  if (node.domain !== '') return null;
  const { shape, constant } = ws.fact(node.outputs[0]!);
  if (node.op === 'Constant') return constant?.() ?? null;
  if (shape?.every((dim) => dim !== null)) {
    const { type, dims } = ws.fact(node.outputs[0]!);
    if (type === TYPE.int64 && dims && dims.length <= 1) {
      return ints(shape as number[], dims.length === 0 ? [] : [shape.length]);
    }
  }
  const { dims } = ws.fact(node.outputs[0]!);
  if (dims?.every((dim) => dim !== null) && count(dims as number[]) > MAX_VALUES) return null;
  const inputs: Tensor[] = [];
  for (const name of node.inputs) {
    const tensor = name === '' ? null : ws.constant(name);
    if (tensor === null && !(name === '' && node.op === 'DequantizeLinear')) return null;
    if (tensor !== null) inputs.push(tensor);
  }
  const result = compute(ws, node, inputs);
  return result?.type === TYPE.float16 ? inHalves(result) : result;
}

/** As the runtime stores it, also where the graph goes on with it in fp32. */
function inHalves({ type, dims, values, stored }: Tensor): Tensor {
  return new Tensor(type, dims, roundToHalves(values), stored);
}

function compute(ws: Workspace, node: Node, inputs: readonly Tensor[]): Tensor | null {
  const [a, b, c] = inputs;
  const attributes = {
    int: (name: string) => ws.number(node, name),
    ints: (name: string) => ws.list(node, name),
  };
  switch (node.op) {
    case 'ConstantOfShape': {
      const value = node.attributes.get('value')?.value as StoredTensor | undefined;
      const dims = a?.integers();
      return dims === undefined ? null : filled(dims, value?.decode() ?? null);
    }
    case 'DequantizeLinear': {
      if (a === undefined || b === undefined) return null;
      const axis = ws.number(node, 'axis') ?? 1;
      return dequantize(a, b, c ?? null, axis, ws.number(node, 'block_size') ?? 0);
    }
    case 'RMSNormalization':
      return a &&
        b &&
        normalAxis(ws.number(node, 'axis') ?? -1, a.dims.length) === a.dims.length - 1
        ? normalized(a, b, ws.number(node, 'epsilon') ?? 1e-5)
        : null;
    case 'MatMul':
    case 'Einsum': {
      const vectors = node.op === 'Einsum';
      if (vectors && node.attributes.get('equation')?.value !== 'i,j->ij') return null;
      const rank = vectors ? 1 : 2;
      if (a?.dims.length !== rank || b?.dims.length !== rank) return null;
      return vectors || (a.dims[1] === 1 && b.dims[0] === 1) ? outer(a, b) : null;
    }
    default:
      return (
        arithmetic(node.op, inputs, ws.number(node, 'to') ?? null) ??
        movement(node.op, inputs, attributes)
      );
  }
}

/** RMSNormalization over the last axis of a constant: a table that is normalized as a whole. */
function normalized(x: Tensor, scale: Tensor, epsilon: number): Tensor | null {
  const width = x.dims.at(-1) ?? 0;
  const gains = scale.dense().values;
  if (gains.length !== width) return null;
  const from = x.dense().values;
  const values = new Float32Array(from.length);
  for (let row = 0; row < from.length; row += width) {
    let sum = 0;
    for (let k = 0; k < width; k++) sum += from[row + k]! ** 2;
    const factor = 1 / Math.sqrt(sum / width + epsilon);
    for (let k = 0; k < width; k++) values[row + k] = from[row + k]! * factor * gains[k]!;
  }
  return new Tensor(x.type, x.dims, values);
}

/** The target of a Reshape whose batch axis is open: a constant with −1 for that one element. */
function closeShape(ws: Workspace, node: Node): boolean {
  const target = node.inputs[1] ?? '';
  const { shape } = ws.fact(target);
  if (node.op !== 'Reshape' || node.domain !== '' || shape === null) return false;
  const open = shape.filter((dim) => dim === null || dim === -1).length;
  if (ws.constant(target) !== null || open !== 1 || shape.includes(0)) return false;
  const constant = ws.add(ints(shape.map((dim) => dim ?? -1)), 'shape');
  ws.change(node, { inputs: [node.inputs[0]!, constant] });
  return true;
}
