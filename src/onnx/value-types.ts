/**
 * Element types of a graph's values, as far as they can be read without a runtime.
 *
 * For messages: types are taken from constants, ports and casts and passed on by operators, of which
 * most give the type of their first input.
 */

import { TYPE } from './element-types.js';
import type { Initializer, Node } from './graph.js';
import { OnnxGraph } from './graph.js';
import { GIVES_BOOL, GIVES_INT64 } from './not-float.js';

/** Operators of which the second input has the type of the output. */
const BY_SECOND = new Set(['Where', 'DequantizeLinear']);

const SHORT: Readonly<Record<number, string>> = {
  [TYPE.float32]: 'fp32',
  [TYPE.float16]: 'fp16',
  [TYPE.bfloat16]: 'bf16',
  [TYPE.float64]: 'fp64',
};

/** `bf16`, `int8`, … of an ONNX element type. */
export function typeName(type: number): string {
  const long = Object.entries(TYPE).find(([, number]) => number === type)?.[0];
  return SHORT[type] ?? long ?? `ONNX type ${type}`;
}

/** A node of the graph, with what is known of its inputs. */
export interface TypedNode {
  readonly node: Node;
  /** Of each input, 0 where it is not known. */
  readonly types: readonly number[];
  /** Of each input, the constant that it is. */
  readonly constants: readonly (Initializer | undefined)[];
}

/** The nodes of a model's own graph, in order. @throws BPB_MODEL_NOT_ONNX */
export function typedNodes(model: Uint8Array, path: string): TypedNode[] {
  const graph = OnnxGraph.parse(model, path);
  const types = new Map<string, number>();
  const constants = new Map(graph.initializers.map((each) => [each.name, each]));
  for (const { name, type } of graph.initializers) types.set(name, type);
  for (const kind of ['input', 'output', 'value'] as const) {
    for (const { name, elementType } of graph.ports(kind)) types.set(name, elementType);
  }
  return graph.nodes.map((node) => {
    const inputs = node.inputs.map((name) => types.get(name) ?? 0);
    for (const name of node.outputs) {
      if (!types.has(name)) types.set(name, outputType(node, inputs));
    }
    return { node, types: inputs, constants: node.inputs.map((name) => constants.get(name)) };
  });
}

function outputType({ op, attributes }: Node, inputs: readonly number[]): number {
  const to = attributes.get('to')?.value;
  if (op === 'Cast' && typeof to === 'number') return to;
  const value = attributes.get('value')?.value;
  if (typeof value === 'object' && value !== null && 'type' in value) return value.type;
  if (op === 'ConstantOfShape') return TYPE.float32;
  if (GIVES_INT64.has(op)) return TYPE.int64;
  if (GIVES_BOOL.has(op)) return TYPE.bool;
  if (BY_SECOND.has(op)) return inputs[1] ?? 0;
  return inputs.find((type) => type !== 0) ?? 0;
}
