/**
 * Sums of residuals: apart from the products before them, and together with the norms behind them.
 *
 * CUDA's Gemm copies a full third matrix into its result before it adds to it. And a sum and a norm
 * of it are one pass in com.microsoft SkipSimplifiedLayerNormalization, which gives both.
 */
import { makeNode, type Node } from '../graph.js';
import { alike, isActivation } from './linear.js';
import { normalAxis } from './movement.js';
import { MICROSOFT, type Workspace } from './workspace.js';

/** Gemm with a full, computed C → the product and a sum; gives how many. */
export function separateAddends(ws: Workspace): number {
  ws.refresh();
  let count = 0;
  for (const node of ws.walk()) {
    const [x, weights, addend] = node.inputs;
    if (node.op !== 'Gemm' || node.domain !== '' || !addend) continue;
    if (ws.constant(addend) !== null || !alike(ws, addend, node.outputs[0]!)) continue;
    if ((ws.number(node, 'beta') ?? 1) !== 1) continue;
    const product = ws.insertCopy(node, [x!, weights!]);
    ws.swap(node, makeNode('Add', [product, addend], node.outputs));
    count++;
  }
  return count;
}

/** Add → SimplifiedLayerNormalization, in one; gives how many. There is none in float64. */
export function fuseResidualNorms(ws: Workspace): number {
  ws.refresh();
  let count = 0;
  for (const node of ws.walk()) {
    const [a, b] = node.inputs;
    const [sum] = node.outputs;
    if (node.op !== 'Add' || node.domain !== '' || !sum || !isActivation(ws, sum)) continue;
    const rank = ws.dims(sum)?.length;
    if ((rank !== 2 && rank !== 3) || !alike(ws, a!, sum) || !alike(ws, b!, sum)) continue;
    const norm = ws.consumers(sum).find((user) => isNorm(ws, user, sum, rank));
    if (norm === undefined) continue;
    const epsilon = { float: ws.number(norm, 'epsilon') ?? 1e-5 };
    const [gain, output] = [norm.inputs[1]!, norm.outputs[0]!];
    ws.remove(norm);
    const wanted = ws.isOutput(sum) || ws.consumers(sum).length > 0;
    const outputs = wanted ? [output, '', '', sum] : [output];
    const inputs = [a!, b!, gain];
    ws.swap(
      node,
      makeNode('SkipSimplifiedLayerNormalization', inputs, outputs, { epsilon }, MICROSOFT),
    );
    count++;
  }
  return count;
}

/** A norm over the last axis with a constant gain for each of its places. */
function isNorm(ws: Workspace, node: Node, of: string, rank: number): boolean {
  if (node.op !== 'SimplifiedLayerNormalization' || node.domain !== '') return false;
  const gain = ws.constant(node.inputs[1]!);
  if (gain?.type !== ws.fact(of).type) return false;
  const last = normalAxis(ws.number(node, 'axis') ?? -1, rank) === rank - 1;
  const one = node.outputs.length === 1 && node.inputs[0] === of;
  return one && last && gain.dims.length === 1 && gain.dims[0] === ws.dims(of)?.at(-1);
}
