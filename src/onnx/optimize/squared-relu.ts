/**
 * The square of a rectifier, relu(x)² or that of a leaky one → SquaredRelu, one pass in the place of two
 * (So et al. 2021, arXiv:2109.08668).
 */
import type { Node } from '../graph.js';
import { alike, isActivation } from './linear.js';
import { DOMAIN } from './own-operators.js';
import type { Workspace } from './workspace.js';

/** max(x, slope · x). */
interface Rectified {
  readonly x: string;
  readonly slope: number;
}

interface Squared {
  readonly count: number;
  readonly left: readonly string[];
}

export function fuseSquaredRelus(ws: Workspace): Squared {
  ws.refresh();
  let [count, steep] = [0, 0];
  for (const node of ws.walk()) {
    const [r, other] = node.inputs;
    const [y] = node.outputs;
    if (node.op !== 'Mul' || node.domain !== '' || !y || !r || r !== other) continue;
    const found = ws.seenOutside(r, new Set([node])) ? null : rectified(ws, r);
    if (found === null || !isActivation(ws, found.x) || !alike(ws, found.x, y)) continue;
    // Beyond these the larger of both is no longer the rectified value.
    if (!(found.slope >= 0 && found.slope < 1)) steep++;
    else {
      const attributes = { slope: { float: found.slope } };
      ws.replace(node, ws.insert(node, 'SquaredRelu', [found.x], attributes, DOMAIN));
      count++;
    }
  }
  const left =
    steep === 0 ? [] : [`squared-relu: ${steep} with a slope that is not from 0 to below 1`];
  return { count, left };
}

function rectified(ws: Workspace, name: string): Rectified | null {
  const node = ws.producer(name);
  const [x, y] = node?.inputs ?? [];
  if (node?.domain !== '' || x === undefined) return null;
  switch (node.op) {
    case 'Relu':
      return { x, slope: 0 };
    case 'LeakyRelu':
      return { x, slope: ws.number(node, 'alpha') ?? 0.01 };
    case 'Clip':
      return isHalfOpen(ws, node) ? { x, slope: 0 } : null;
    case 'Max':
      return node.inputs.length === 2 ? (larger(ws, x, y!) ?? larger(ws, y!, x)) : null;
    default:
      return null;
  }
}

/** Whether a Clip has 0 as its least value and no other bound. */
function isHalfOpen(ws: Workspace, node: Node): boolean {
  const [, least, most] = node.inputs;
  if (most || ws.number(node, 'max') !== undefined) return false;
  return (least ? ws.constant(least)?.uniform() : ws.number(node, 'min')) === 0;
}

/** max(x, 0), or max(x, slope · x) with one number. */
function larger(ws: Workspace, x: string, other: string): Rectified | null {
  if (ws.constant(other)?.uniform() === 0) return { x, slope: 0 };
  const product = ws.madeBy(other, 'Mul');
  const by = product?.inputs.find((name) => name !== x);
  if (product === undefined || by === undefined || !product.inputs.includes(x)) return null;
  if (ws.consumers(other).length > 1 || ws.isOutput(other)) return null;
  const slope = ws.constant(by)?.uniform();
  return slope === undefined ? null : { x, slope };
}
