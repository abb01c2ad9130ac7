/**
 * Pow(x, 2) → Mul(x, x): the same number to the last bit, without a general power function.
 */
import { makeNode } from '../graph.js';
import type { Workspace } from './workspace.js';

/** Rewrites all but those that a mean is taken of, which are norms and stay in fp32. */
export function squarePowers(ws: Workspace): number {
  let count = 0;
  for (const node of ws.walk()) {
    const [x, exponent] = node.inputs;
    if (node.op !== 'Pow' || node.domain !== '' || ws.constant(exponent!)?.uniform() !== 2)
      continue;
    const averaged = ws.consumers(node.outputs[0]!).some(({ op }) => op.startsWith('Reduce'));
    const shaped = ws.dims(node.outputs[0]!)?.join() === ws.dims(x!)?.join();
    if (averaged || !shaped) continue;
    ws.swap(node, makeNode('Mul', [x!, x!], node.outputs));
    count++;
  }
  return count;
}
