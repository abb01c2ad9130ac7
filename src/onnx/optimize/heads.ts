/**
 * Layouts around attention: keys transposed for the product, heads repeated for groups of queries.
 */
import type { Node } from '../graph.js';
import { ints } from '../tensor.js';
import type { Workspace } from './workspace.js';

/** `[B, H, T, h]`, all but the batch known. */
export interface HeadDims {
  readonly batch: number | null;
  readonly heads: number;
  readonly time: number;
  readonly width: number;
}

export function headDims(ws: Workspace, name: string): HeadDims | null {
  const dims = ws.dims(name);
  const [batch = null, heads, time, width] = dims ?? [];
  if (dims?.length !== 4 || !heads || !time || !width) return null;
  return { batch, heads, time, width };
}

/** The keys `[B, H, T, h]` of which this is the transpose `[B, H, h, T]`, or null. */
export function untransposed(ws: Workspace, name: string, before: Node): string | null {
  const plain = ws.madeBy(name, 'Transpose');
  const perm = plain && ws.list(plain, 'perm')?.join();
  if (plain !== undefined && perm === '0,1,3,2') return plain.inputs[0]!;
  if (plain !== undefined && perm === '0,2,3,1') {
    // From [B, T, H, h] in one go: the usual transpose in its place.
    return ws.insert(before, 'Transpose', [plain.inputs[0]!], { perm: { ints: [0, 2, 1, 3] } });
  }
  // As one matrix a head: [B, H, T, h], in whatever axes, → [B·H, T, h] → [B·H, h, T] → [B, H, h, T].
  const apart = ws.madeBy(name, 'Reshape');
  const turned = apart && ws.madeBy(apart.inputs[0]!, 'Transpose');
  if (turned === undefined || ws.list(turned, 'perm')?.join() !== '0,2,1') return null;
  const together = ws.madeBy(turned.inputs[0]!, 'Reshape');
  const [flat, to] = [ws.dims(turned.inputs[0]!), headDims(ws, name)];
  if (together === undefined || flat?.length !== 3 || to === null) return null;
  if (to.time !== flat[2] || to.width !== flat[1]) return null;
  const shape = ws.add(ints([-1, to.heads, to.width, to.time]), 'shape');
  return ws.insert(before, 'Reshape', [together.inputs[0]!, shape]);
}

/** `[B, K, T, h]` with each head repeated in place. */
export function repeated(ws: Workspace, name: string, times: number, before: Node): string {
  const { heads, time, width } = headDims(ws, name)!;
  const reshape = (from: string, dims: readonly number[]) =>
    ws.insert(before, 'Reshape', [from, ws.add(ints(dims), 'shape')]);
  const apart = reshape(name, [-1, heads, 1, time, width]);
  const wide = ws.insert(before, 'Expand', [apart, ws.add(ints([1, 1, times, 1, 1]), 'shape')]);
  return reshape(wide, [-1, heads * times, time, width]);
}

/** The keys or values `[B, K, T, h]` of which each head is repeated in place, `K` dividing `H`. */
export function ungrouped(ws: Workspace, name: string): string {
  const own = headDims(ws, name);
  const merged = ws.madeBy(name, 'Reshape');
  const wider =
    merged && (ws.madeBy(merged.inputs[0]!, 'Expand') ?? ws.madeBy(merged.inputs[0]!, 'Tile'));
  const apart =
    wider && (ws.madeBy(wider.inputs[0]!, 'Unsqueeze') ?? ws.madeBy(wider.inputs[0]!, 'Reshape'));
  const source = apart?.inputs[0];
  if (own === null || source === undefined || wider === undefined) return name;
  const dims = headDims(ws, source);
  const [wide, narrow] = [ws.dims(wider.outputs[0]!), ws.dims(wider.inputs[0]!)];
  if (dims === null || wide?.length !== 5 || narrow?.length !== 5) return name;
  const group = own.heads / dims.heads;
  const { heads, time, width } = dims;
  const inPlace = (axes: readonly (number | null)[], times: number) =>
    axes[1] === heads && axes[2] === times && axes[3] === time && axes[4] === width;
  return inPlace(narrow, 1) && inPlace(wide, group) && own.time === time ? source : name;
}

/** `[B, H, T, h]` as the `[B, T, H·h]` that the fused operators take. */
export function flattened(ws: Workspace, name: string, before: Node): string {
  const { heads, width } = headDims(ws, name)!;
  const turned = ws.insert(before, 'Transpose', [name], { perm: { ints: [0, 2, 1, 3] } });
  const shape = ws.add(ints([0, 0, heads * width]), 'shape');
  return ws.insert(before, 'Reshape', [turned, shape]);
}

/** The way back. */
export function unflattened(ws: Workspace, name: string, dims: HeadDims, before: Node): string {
  const shape = ws.add(ints([0, 0, dims.heads, dims.width]), 'shape');
  const apart = ws.insert(before, 'Reshape', [name, shape]);
  return ws.insert(before, 'Transpose', [apart], { perm: { ints: [0, 2, 1, 3] } });
}
