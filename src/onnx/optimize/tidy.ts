/**
 * Removes what does nothing: dead nodes and weights, casts to the same type, transposes and
 * reshapes that undo each other.
 */
import type { Node } from '../graph.js';
import { ints } from '../tensor.js';
import { sliceBounds } from './operands.js';
import type { Workspace } from './workspace.js';

/** Runs until nothing changes. */
export function tidy(ws: Workspace): void {
  for (;;) {
    ws.refresh();
    let changed = false;
    for (const node of ws.walk()) {
      if (node.domain === '' && simplify(ws, node)) changed = true;
    }
    removeDead(ws);
    if (!changed) return;
  }
}

/** Whether the node was replaced by something simpler. */
function simplify(ws: Workspace, node: Node): boolean {
  const [x] = node.inputs;
  const [y] = node.outputs;
  if (x === undefined || y === undefined || node.outputs.length !== 1) return false;
  if (isNothing(ws, node, x, y)) return ws.isOutput(y) ? taken(ws, node) : redirected(ws, node, x);
  if (node.op === 'Transpose') return mergeTransposes(ws, node, x);
  if (node.op === 'Reshape') return mergeReshapes(ws, node, x);
  return false;
}

function redirected(ws: Workspace, node: Node, name: string): boolean {
  if (!ws.redirect(node.outputs[0]!, name)) return false;
  ws.remove(node);
  return true;
}

/** An output of the graph comes straight from what made it, where nobody else reads that. */
function taken(ws: Workspace, node: Node): boolean {
  const [x, y] = [node.inputs[0]!, node.outputs[0]!];
  if (ws.producer(x) === undefined || ws.seenOutside(x, new Set([node]))) return false;
  ws.take(node, x, y);
  return true;
}

function isNothing(ws: Workspace, node: Node, x: string, y: string): boolean {
  const [from, to] = [ws.fact(x), ws.fact(y)];
  switch (node.op) {
    case 'Identity':
      return true;
    case 'Cast':
      return from.type !== 0 && from.type === to.type;
    case 'Transpose':
      return ws.list(node, 'perm')?.every((axis, k) => axis === k) ?? false;
    case 'Slice':
      // Backwards it has the same shape, and is another order.
      return (
        ws.sameShape(x, y) && (sliceBounds(ws, node)?.steps.every((step) => step > 0) ?? false)
      );
    case 'Reshape':
    case 'Expand':
    case 'Unsqueeze':
    case 'Squeeze':
      return ws.sameShape(x, y);
    case 'Mul':
    case 'Div':
      return ws.sameShape(x, y) && ws.constant(node.inputs[1] ?? '')?.uniform() === 1;
    default:
      return false;
  }
}

function mergeTransposes(ws: Workspace, node: Node, x: string): boolean {
  const first = ws.madeBy(x, 'Transpose');
  const [outer, inner] = [ws.list(node, 'perm'), first && ws.list(first, 'perm')];
  if (first === undefined || outer === undefined || inner === undefined) return false;
  const perm = outer.map((axis) => inner[axis]!);
  const made = ws.insert(node, 'Transpose', [first.inputs[0]!], { perm: { ints: perm } });
  ws.replace(node, made);
  return true;
}

/** The last of several reshapes decides, where its target is wholly known or open in one axis. */
function mergeReshapes(ws: Workspace, node: Node, x: string): boolean {
  const inner = ['Reshape', 'Unsqueeze', 'Squeeze'].map((op) => ws.madeBy(x, op)).find(Boolean);
  const dims = ws.dims(node.outputs[0]!);
  if (inner === undefined || dims === null) return false;
  if (dims.filter((dim) => dim === null).length > 1 || dims.includes(0)) return false;
  const shape = ws.add(ints(dims.map((dim) => dim ?? -1)), 'shape');
  ws.replace(node, ws.insert(node, 'Reshape', [inner.inputs[0]!, shape]));
  return true;
}

/** Drops nodes and initializers that nothing reads, and all value infos, which may be stale. */
function removeDead(ws: Workspace): void {
  for (const node of ws.graph.nodes.reverse()) {
    const used = node.outputs.some((name) => ws.isOutput(name) || ws.consumers(name).length > 0);
    if (!used) ws.remove(node);
  }
  const unused = ws.graph.initializers
    .map(({ name }) => name)
    .filter((name) => !ws.isOutput(name) && ws.consumers(name).length === 0);
  ws.dropInitializers(new Set(unused));
  const { items } = ws.graph;
  const kept = items.filter((item) => item.kind !== 'value');
  items.splice(0, items.length, ...kept);
}
