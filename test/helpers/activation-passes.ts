/**
 * Traffic of a rewritten graph outside products and attention, in passes over the hidden states: what each node
 * reads and writes of values that only a run shows, over tokens × width × size of an element.
 */
import { type Node, OnnxGraph } from '#bpb/onnx/graph';
import { Workspace } from '#bpb/onnx/optimize/workspace';

const PRODUCTS = new Set(['MatMul', 'Gemm', 'MatMulNBits', 'Product']);
const ATTENTION = new Set([
  'Attention',
  'GroupQueryAttention',
  'MultiHeadAttention',
  'CausalAttention',
]);
/** They give the same memory another shape. */
const VIEWS = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Identity', 'Flatten']);

/** Passes by operator, of a graph whose batch is fixed. */
export function activationPasses(
  model: Uint8Array,
  { tokens, width }: { tokens: number; width: number },
): Map<string, number> {
  const ws = new Workspace(OnnxGraph.parse(model, 'rewritten.onnx'));
  const passes = new Map<string, number>();
  for (const node of ws.graph.nodes) {
    if (PRODUCTS.has(node.op) || ATTENTION.has(node.op) || VIEWS.has(node.op)) continue;
    const elements = elementsOf(ws, node) / (tokens * width);
    passes.set(node.op, (passes.get(node.op) ?? 0) + elements);
  }
  return passes;
}

export function totalOf(passes: ReadonlyMap<string, number>): number {
  return [...passes.values()].reduce((sum, each) => sum + each, 0);
}

function elementsOf(ws: Workspace, node: Node): number {
  const written = node.outputs.filter((name) => name !== '').map((name) => size(ws, name));
  const read = [...new Set(node.inputs)]
    .filter((name) => name !== '' && ws.constant(name) === null)
    .map((name) => size(ws, name));
  const sum = (sizes: number[]) => sizes.reduce((total, each) => total + each, 0);
  // Of a table only the rows that are looked up are read; indices are nothing beside them.
  return node.op === 'Gather' ? 2 * sum(written) : sum(written) + sum(read);
}

function size(ws: Workspace, name: string): number {
  const dims = ws.dims(name);
  if (dims === null || dims.includes(null)) throw new Error(`shape of ${name} is not known`);
  return dims.reduce<number>((product, dim) => product * dim!, 1);
}
