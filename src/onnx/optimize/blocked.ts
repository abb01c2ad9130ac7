/**
 * Causal attention in blocks of queries, as this project's own exporter writes it for the CPU
 * (models/train/attention.py): block `b` meets the keys up to its own end, exponentials are summed
 * by a column of ones beside the values, and the blocks stand one after the other in the end.
 *
 *     (exp(q kᵀ) · mask) [v 1] = [numerator, denominator],   y = numerator / denominator
 *
 * It is softmax attention exactly when every block's mask is its part of the causal triangle and
 * the blocks cover all rows in order, which is what is asked here.
 */
import type { Node } from '../graph.js';
import { ints } from '../tensor.js';
import type { Parts } from './attention-emit.js';
import { untransposed } from './heads.js';
import { bind, findClosed, isOnesOfShape, op } from './match.js';
import { normalAxis } from './movement.js';
import type { Workspace } from './workspace.js';

/** One block's product before its division, and what it is made of. */
const block = op('Reshape', [
  op('Mul', [
    op('Exp', [op('Reshape', [op('MatMul', [op('Reshape', [bind('q')]), bind('k')])])]),
    bind('mask'),
  ]),
]);

interface Block {
  /** `[B, K, G, T, h]`, cut to the block's rows. */
  readonly queries: string;
  /** `[B, K, h, T]`, cut to the keys before the block's end. */
  readonly keys: string;
  /** `[B, K, T, h + 1]`, cut likewise. */
  readonly values: string;
  readonly mask: string;
}

/** The parts of the attention that ends in this Concat of blocks; null where it is no such thing. */
export function blocked(ws: Workspace, node: Node): Parts | null {
  const dims = ws.dims(node.outputs[0]!);
  if (node.op !== 'Concat' || dims?.length !== 4 || ws.number(node, 'axis') !== 2) return null;
  const blocks = node.inputs.map((name) => blockOf(ws, name));
  const whole = { queries: '', keys: '', values: '' };
  let row = 0;
  for (const [k, each] of blocks.entries()) {
    const rows = ws.dims(node.inputs[k]!)?.[2];
    if (each === null || !rows) return null;
    const end = row + rows;
    if (!isTriangle(ws, each.mask, row, end)) return null;
    const cut = {
      queries: source(ws, each.queries, 3, row, end),
      keys: source(ws, each.keys, 3, 0, end),
      values: source(ws, each.values, 2, 0, end),
    };
    if (
      k > 0 &&
      (['queries', 'keys', 'values'] as const).some((part) => cut[part] !== whole[part])
    ) {
      return null;
    }
    Object.assign(whole, cut);
    row = end;
  }
  const [heads, time, width] = [dims[1]!, dims[2]!, dims[3]!];
  const grouped = ws.dims(whole.queries);
  if (row !== time || grouped?.length !== 5 || grouped[3] !== time || grouped[4] !== width)
    return null;
  if (grouped[1]! * grouped[2]! !== heads) return null;
  const v = valuesBeside(ws, whole.values, width);
  const k = v && untransposed(ws, whole.keys, node);
  if (v === null || k === null) return null;
  return { q: merged(ws, whole.queries, [heads, time, width], node), k, v, scale: 1 };
}

/** `[B, K, G, T, h]` as `[B, H, T, h]`: the heads of a group lie one after the other. */
function merged(
  ws: Workspace,
  name: string,
  [heads, time, width]: readonly [number, number, number],
  before: Node,
): string {
  const reshaped = (from: string, dims: readonly number[]) =>
    ws.insert(before, 'Reshape', [from, ws.add(ints(dims), 'shape')]);
  const turned = ws.madeBy(name, 'Transpose');
  if (turned === undefined || ws.list(turned, 'perm')?.join() !== '0,2,3,1,4') {
    return reshaped(name, [-1, heads, time, width]);
  }
  // In the order that others write, so that it meets its inverse: heads side by side, then to the front.
  const apart = reshaped(turned.inputs[0]!, [-1, time, heads, width]);
  return ws.insert(before, 'Transpose', [apart], { perm: { ints: [0, 2, 1, 3] } });
}

/** Divided by its last column and brought to `[B, H, rows, h]`. */
function blockOf(ws: Workspace, name: string): Block | null {
  const division = ws.madeBy(ws.madeBy(name, 'Reshape')?.inputs[0] ?? '', 'Div');
  const split = division && ws.madeBy(division.inputs[0]!, 'Split');
  const apart =
    split && split.outputs.length === 2 && normalAxis(ws.number(split, 'axis') ?? 0, 4) === 3;
  if (!apart || division.inputs.join() !== split.outputs.join()) return null;
  if (ws.dims(split.outputs[1]!)?.[3] !== 1) return null;
  const product = ws.madeBy(split.inputs[0]!, 'MatMul');
  const weights = product && findClosed(ws, product.inputs[0]!, block);
  if (!weights) return null;
  const [queries, keys, mask] = ['q', 'k', 'mask'].map((part) => weights.values.get(part)!);
  return { queries: queries!, keys: keys!, values: product.inputs[1]!, mask: mask! };
}

/** What this is the slice `from … to` of along an axis: itself where that is all of it. */
function source(
  ws: Workspace,
  name: string,
  axis: number,
  from: number,
  to: number,
): string | null {
  const node = ws.madeBy(name, 'Slice');
  if (node === undefined) return from === 0 && ws.dims(name)?.[axis] === to ? name : null;
  const [starts, ends, axes, steps] = node.inputs
    .slice(1)
    .map((input) => ws.constant(input)?.integers()?.join());
  const whole = from === 0 && ws.dims(node.inputs[0]!)?.[axis] === to;
  const fits = starts === `${from}` && ends === `${to}` && axes === `${axis}`;
  return fits && !whole && (steps ?? '1') === '1' ? node.inputs[0]! : null;
}

/** 1 where row `i` of the block, `from + i` of the whole, may look, else 0. */
function isTriangle(ws: Workspace, name: string, from: number, to: number): boolean {
  const mask = ws.constant(name)?.dense();
  if (mask?.dims.join() !== [to - from, to].join()) return false;
  return mask.values.every((value, k) => value === Number(k % to <= from + Math.floor(k / to)));
}

/** The values beside which a column of ones stands. */
function valuesBeside(ws: Workspace, name: string, width: number): string | null {
  const concat = ws.madeBy(name, 'Concat');
  const [values, ones] = concat?.inputs ?? [];
  if (concat?.inputs.length !== 2 || normalAxis(ws.number(concat, 'axis') ?? 0, 4) !== 3)
    return null;
  if (ws.dims(values!)?.[3] !== width || ws.dims(ones!)?.[3] !== 1) return null;
  return ws.constant(ones!)?.uniform() === 1 || isOnesOfShape(ws, ones!) ? values! : null;
}
