/**
 * gate · sigmoid(gate) · up, as exporters spell it → SwiGlu, one pass in the place of three (Shazeer 2020,
 * arXiv:2002.05202).
 */
import type { Node } from '../graph.js';
import { alike, isActivation } from './linear.js';
import { bind, either, findClosed, op, type Pattern, scalar } from './match.js';
import { normalAxis } from './movement.js';
import { sliceBounds } from './operands.js';
import { DOMAIN } from './own-operators.js';
import { MICROSOFT, type Workspace } from './workspace.js';

const gate = bind('gate');
const up = bind('up');
const sigmoid = op('Sigmoid', [gate]);
const below = op('Add', [op('Exp', [op('Neg', [gate])]), scalar(1)]);
const silu = either(
  op('Mul', [gate, sigmoid]),
  op('Div', [gate, below]),
  op('Swish', [gate], (ws, node) => (ws.number(node, 'alpha') ?? 1) === 1),
  fused('Silu', () => true),
  // Its default is 1.702.
  fused('QuickGelu', (ws, node) => ws.number(node, 'alpha') === 1),
);
const product = either(
  op('Mul', [silu, up]),
  op('Mul', [gate, op('Mul', [sigmoid, up])]),
  op('Mul', [sigmoid, op('Mul', [gate, up])]),
);

/** An operator of the runtime's own that is x · sigmoid(x), where `check` says so. */
function fused(type: string, check: (ws: Workspace, node: Node) => boolean): Pattern {
  return (ws, value, match) => {
    const node = ws.producer(value);
    if (node?.op !== type || (node.domain !== '' && node.domain !== MICROSOFT)) return null;
    if (!check(ws, node)) return null;
    const inside = { ...match, nodes: new Set(match.nodes).add(node) };
    return gate(ws, node.inputs[0]!, inside);
  };
}

/** Rewrites all of them; gives how many. */
export function fuseSwiGlus(ws: Workspace): number {
  ws.refresh();
  let count = 0;
  for (const node of ws.walk()) {
    const [y] = node.outputs;
    if (node.op !== 'Mul' || node.domain !== '' || !y || !isActivation(ws, y)) continue;
    const found = findClosed(ws, y, product);
    const [a, b] = [found?.values.get('gate'), found?.values.get('up')];
    if (!a || !b || !isActivation(ws, b) || !alike(ws, a, y) || !alike(ws, b, y)) continue;
    const both = halved(ws, a, b, found!.nodes);
    ws.replace(node, ws.insert(node, 'SwiGlu', both === null ? [a, b] : [both], {}, DOMAIN));
    count++;
  }
  return count;
}

/** The value whose last axis holds the gates and then the others, where nothing else takes a part of it. */
function halved(
  ws: Workspace,
  first: string,
  second: string,
  users: ReadonlySet<Node>,
): string | null {
  if ([first, second].some((name) => ws.seenOutside(name, users))) return null;
  const [a, b] = [ws.producer(first), ws.producer(second)];
  const whole = a?.inputs[0];
  const [wide, half] = [ws.dims(whole ?? '')?.at(-1), ws.dims(first)?.at(-1)];
  if (!a || !b || whole !== b.inputs[0] || a.domain !== '' || !half || wide !== 2 * half)
    return null;
  if (a.op === 'Split' && a === b) {
    const last = isLast(ws, whole!, ws.number(a, 'axis') ?? 0);
    return last && a.outputs.join('\0') === [first, second].join('\0') ? whole! : null;
  }
  return isHalf(ws, a, whole!, 0, half) && isHalf(ws, b, whole!, half, half) ? whole! : null;
}

function isLast(ws: Workspace, name: string, axis: number): boolean {
  const rank = ws.dims(name)!.length;
  return normalAxis(axis, rank) === rank - 1;
}

/** Whether the node is a Slice of `size` places of the last axis, in their order. */
function isHalf(ws: Workspace, node: Node, whole: string, from: number, size: number): boolean {
  const bounds = node.op === 'Slice' && node.domain === '' ? sliceBounds(ws, node) : null;
  if (bounds?.starts.length !== 1 || bounds.steps[0] !== 1) return false;
  const [start, axis] = [bounds.starts[0]!, bounds.axes[0]!];
  const begin = start < 0 ? start + 2 * size : start;
  // The shapes agree, so that the end is where it must be.
  return isLast(ws, whole, axis) && begin === from;
}
