/**
 * Moves the transpose that brings heads to the front, `[B, T, H, h]` → `[B, H, T, h]`, past what
 * works on single heads, so that it meets the transpose in front of a fused attention and both go.
 *
 * Norms over the last axis, products with constants and rotary embeddings give the same on either
 * side of it.
 */
import type { Node } from '../graph.js';
import { ints, Tensor } from '../tensor.js';
import { normalAxis, transpose } from './movement.js';
import { MICROSOFT, type Workspace } from './workspace.js';

const PERM = '0,2,1,3';
const UNARY = new Set(['Neg', 'Relu', 'Tanh', 'Cast', 'SimplifiedLayerNormalization']);
const BINARY = new Set(['Mul', 'Div', 'Add', 'Sub']);

/** Moves all that can be moved; gives how many steps. */
export function sinkTransposes(ws: Workspace): number {
  ws.refresh();
  let count = 0;
  for (const node of ws.walk()) {
    const [output] = node.outputs;
    if (output === undefined || ws.isOutput(output) || node.outputs.length !== 1) continue;
    const before = transposedInput(ws, node);
    if (before === null) continue;
    const made = apply(ws, node, before);
    if (made === null) continue;
    ws.replace(node, ws.insert(node, 'Transpose', [made], { perm: { ints: [0, 2, 1, 3] } }));
    count++;
  }
  return count;
}

/** What the node's transposed input was made of, where the node is its only user. */
function transposedInput(ws: Workspace, node: Node): string | null {
  for (const name of node.inputs) {
    const turned = ws.madeBy(name, 'Transpose');
    if (turned === undefined || ws.list(turned, 'perm')?.join() !== PERM) continue;
    const once = !ws.seenOutside(name, new Set([node]));
    if (once && ws.dims(turned.inputs[0]!)?.length === 4) return turned.inputs[0]!;
  }
  return null;
}

/** The node's operation on the untransposed value; null where it is not one that commutes. */
function apply(ws: Workspace, node: Node, x: string): string | null {
  const [first, second] = node.inputs;
  const plain = node.domain === '';
  const copy = (inputs: readonly string[]) => ws.insertCopy(node, inputs);
  if (plain && UNARY.has(node.op) && ws.producer(first!)?.op === 'Transpose') {
    if (node.op === 'SimplifiedLayerNormalization' && !overLast(ws, node)) return null;
    return copy([x, ...node.inputs.slice(1)]);
  }
  if (plain && BINARY.has(node.op)) {
    const inputs = [first!, second!].map((name) => {
      if (ws.madeBy(name, 'Transpose')?.inputs[0] === x) return x;
      const tensor = ws.constant(name);
      return tensor === null ? null : turned(ws, name, tensor);
    });
    return inputs.includes(null) ? null : copy(inputs as string[]);
  }
  if (node.domain === MICROSOFT && node.op === 'RotaryEmbedding') {
    const [, , heads, width] = ws.dims(x)!;
    if (!heads || !width) return null;
    // In rank 3 the operator takes heads side by side, as the projection gave them.
    const flat = ws.insert(node, 'Reshape', [x, ws.add(ints([0, 0, heads * width]), 'shape')]);
    const rotated = copy([flat, ...node.inputs.slice(1)]);
    return ws.insert(node, 'Reshape', [rotated, ws.add(ints([0, 0, heads, width]), 'shape')]);
  }
  return null;
}

/** A norm of single heads, with one gain for all of them. */
function overLast(ws: Workspace, node: Node): boolean {
  const last = normalAxis(ws.number(node, 'axis') ?? -1, 4) === 3;
  return last && ws.dims(node.inputs[1]!)?.length === 1;
}

/** A constant operand as it stands to the untransposed value. */
function turned(ws: Workspace, name: string, tensor: Tensor): string | null {
  const rank = tensor.dims.length;
  if (rank > 4) return null;
  if (tensor.dims.slice(0, -1).every((dim) => dim === 1)) return name;
  const dims = [...new Array<number>(4 - rank).fill(1), ...tensor.dims];
  const stored = [...new Array<number>(4 - rank).fill(1), ...tensor.stored];
  const wide = new Tensor(tensor.type, dims, tensor.values, stored);
  return ws.add(transpose(wide, [0, 2, 1, 3]), 'turned');
}
