/**
 * The refusal of a graph to be loaded, with its cause where the graph shows it.
 */
import { BpbError } from '../errors.js';
import { TYPE } from '../onnx/element-types.js';
import { type TypedNode, typedNodes, typeName } from '../onnx/value-types.js';
import type { GraphOptions } from './types.js';

const NO_KERNEL = /Could not find an implementation for (\S+)\(\d+\) node with name '([^']*)'/;

/** Types that the CPU provider has kernels of nearly all operators for. */
const COMMON: ReadonlySet<number> = new Set([TYPE.float32, TYPE.int64, TYPE.int32, TYPE.bool, 0]);
const NARROW: ReadonlySet<number> = new Set([TYPE.bfloat16, TYPE.float16]);

/** The same error, or one of the same code that says more. */
export function explainLoad(
  error: BpbError,
  { model, path }: Pick<GraphOptions, 'model' | 'path'>,
): BpbError {
  const [, op, name] = NO_KERNEL.exec(error.actual ?? '') ?? [];
  if (op === undefined) return error;
  const nodes = nodesOf(model, path);
  const found = nodeOf(nodes, op, name!);
  // The runtime expands some operators into others, which the graph does not have.
  const type = found === undefined ? narrowType(nodes) : typeOf(found);
  if (type === 0) return error;
  const short = typeName(type);
  const label =
    found === undefined
      ? 'which the runtime made of another node'
      : `the node ${name === '' ? `giving "${found.node.outputs[0]}"` : `"${name}"`}`;
  return new BpbError({
    kind: error.kind,
    code: error.code,
    message: `ONNX Runtime has no kernel of ${op} for ${short} on the CPU.`,
    path,
    expected: 'operators with a kernel for the types of their inputs',
    actual: `${op} of ${short}, ${label}`,
    hint: NARROW.has(type)
      ? `Run it on a GPU (--device cuda:0), or cast it to fp32: model.float() before torch.onnx.export, or the lines under "bf16 and fp16 on the CPU" in docs/artifact.md.`
      : `Cast the inputs of ${op} to fp32 in the graph, or run it on a GPU (--device cuda:0).`,
    cause: error.cause,
  });
}

function nodesOf(model: Uint8Array, path: string): TypedNode[] {
  try {
    return typedNodes(model, path);
  } catch (error) {
    if (error instanceof BpbError) return [];
    throw error;
  }
}

/** The node of that operator and name; of several without a name one of an uncommon type. */
function nodeOf(nodes: readonly TypedNode[], op: string, name: string): TypedNode | undefined {
  const found = nodes.filter(({ node }) => node.op === op && node.name === name);
  return found.find(({ types }) => types.some((type) => !COMMON.has(type))) ?? found[0];
}

function typeOf({ types }: TypedNode): number {
  return types.find((type) => !COMMON.has(type)) ?? types[0] ?? 0;
}

/** bf16 or fp16 where the graph computes in it, else 0. */
function narrowType(nodes: readonly TypedNode[]): number {
  return [...NARROW].find((type) => nodes.some(({ types }) => types.includes(type))) ?? 0;
}
