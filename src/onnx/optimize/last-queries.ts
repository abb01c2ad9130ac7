/**
 * Queries of the last attention for scored positions alone, where CausalAttention takes them with their positions.
 *
 * Keys and values are of all positions. What gives the queries alone, their columns of the product and their norm
 * and rotation, is computed for the scored positions too.
 */
import { makeNode, type Node } from '../graph.js';
import { ints, type Tensor } from '../tensor.js';
import { sliced } from './constants.js';
import { pick } from './head.js';
import { isOwn } from './own-operators.js';
import type { Workspace } from './workspace.js';

/** Rewrites attentions of which only the positions that an input names are read; gives how many. */
export function sliceQueries(ws: Workspace, scored: string): number {
  ws.refresh();
  let count = 0;
  for (const node of ws.walk()) {
    if (node.op !== 'Gather' || node.domain !== '' || node.inputs[1] !== scored) continue;
    if ((ws.number(node, 'axis') ?? 0) !== 0) continue;
    const attention = attentionOf(ws, node);
    if (attention === null) continue;
    const [q, k, v] = attention.inputs as [string, string, string];
    const width = ws.dims(attention.outputs[0]!)!.at(-1)!;
    const parts = queriesApart(ws, attention, scored) ?? {
      q: pick(ws, q, scored, attention),
      k,
      v,
    };
    const inputs = [parts.q, parts.k, parts.v, scored];
    const y = ws.insertCopy(attention, inputs);
    const flat = ws.add(ints([-1, width]), 'shape');
    ws.replace(node, ws.insert(node, 'Reshape', [y, flat]));
    count++;
  }
  return count;
}

/** The CausalAttention of which the node alone picks rows; null where there is none. */
function attentionOf(ws: Workspace, gather: Node): Node | null {
  const reshape = ws.madeBy(gather.inputs[0]!, 'Reshape');
  const name = reshape?.inputs[0];
  const node = name === undefined ? undefined : ws.producer(name);
  if (!name || !node || !isOwn(node, 'CausalAttention') || node.inputs[3]) return null;
  const [dims, flat] = [ws.dims(name), ws.dims(gather.inputs[0]!)];
  if (dims?.length !== 3 || flat?.length !== 2 || dims[2] === null || flat[1] !== dims[2])
    return null;
  const once = (value: string, user: Node) => !ws.seenOutside(value, new Set([user]));
  return once(name, reshape!) && once(gather.inputs[0]!, gather) ? node : null;
}

interface Parts {
  readonly q: string;
  readonly k: string;
  readonly v: string;
}

/**
 * Queries of scored positions from a product of their own; null where they do not come from SplitNormRotary behind
 * one by constant weights.
 */
function queriesApart(ws: Workspace, attention: Node, positions: string): Parts | null {
  const [q, k, v] = attention.inputs as [string, string, string];
  const heads = ws.producer(q);
  if (!heads || !isOwn(heads, 'SplitNormRotary') || heads.inputs[5] || heads.outputs[0] !== q)
    return null;
  const own = heads.outputs.filter((name) => name !== '');
  if (own.some((name) => ws.seenOutside(name, new Set([attention])))) return null;
  const number = (name: string) => ws.number(heads, name) ?? 0;
  const size = number('head_size');
  const [columns, rest] = [number('q_heads'), number('k_heads') + number('v_heads')].map(
    (count) => count * size,
  ) as [number, number];
  const product = productOf(ws, heads, columns + rest);
  if (product === null) return null;
  const part = (hidden: string, from: number, to: number) => {
    const weights = ws.add(sliced(product.weights, 1, from, to), 'weights');
    const y = ws.insert(heads, 'MatMul', [hidden, weights]);
    if (product.bias === null) return y;
    return ws.insert(heads, 'Add', [y, ws.add(sliced(product.bias, 0, from, to), 'bias')]);
  };
  const [cos = '', sin = '', qGain = '', kGain = ''] = heads.inputs.slice(1);
  const none = { int: 0 };
  const scored = part(pick(ws, product.x, positions, heads), 0, columns);
  const inputs = [scored, cos, sin, qGain, '', positions];
  const queries = ws.insertCopy(heads, inputs, heads, {
    k_heads: none,
    v_heads: none,
    k_norm: none,
  });
  if (rest > 0) {
    const { attributes } = makeNode(heads.op, [], [], { q_heads: none, q_norm: none });
    ws.swap(heads, {
      ...heads,
      inputs: [part(product.x, columns, columns + rest), cos, sin, '', kGain],
      outputs: heads.outputs.with(0, ''),
      attributes: new Map([...heads.attributes, ...attributes]),
      raw: null,
    });
  }
  return { q: queries, k, v };
}

interface Product {
  readonly x: string;
  readonly weights: Tensor;
  readonly bias: Tensor | null;
}

/** The product whose columns the node alone takes apart, as `split-norm-rotary.ts` writes it. */
function productOf(ws: Workspace, heads: Node, width: number): Product | null {
  const alone = (value: string, user: Node) => !ws.seenOutside(value, new Set([user]));
  const [name] = heads.inputs as [string];
  const add = ws.madeBy(name, 'Add');
  const bias = add ? ws.constant(add.inputs[1]!) : null;
  const product = ws.madeBy(add?.inputs[0] ?? name, 'MatMul');
  const weights = product && ws.constant(product.inputs[1]!);
  if (!product || weights?.dims.length !== 2 || weights.dims[1] !== width) return null;
  if (!alone(name, heads) || (add && !alone(product.outputs[0]!, add))) return null;
  if (add && bias?.dims.join() !== `${width}`) return null;
  return { x: product.inputs[0]!, weights, bias };
}
