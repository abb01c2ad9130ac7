/**
 * Rotation of the first elements of each head, with the others beside them as they were → one com.microsoft
 * RotaryEmbedding with `rotary_embedding_dim`.
 */
import type { Node } from '../graph.js';
import { normalAxis, sliceRange } from './movement.js';
import { sliceBounds } from './operands.js';
import { MICROSOFT, type Workspace } from './workspace.js';

/** Rewrites all of them; gives how many. */
export function fusePartialRotary(ws: Workspace): number {
  ws.refresh();
  let count = 0;
  for (const node of ws.walk()) {
    if (node.op !== 'Concat' || node.domain !== '') continue;
    const found = partial(ws, node);
    if (found === null) continue;
    const { rotary, x, size } = found;
    const [, heads] = ws.dims(x)!;
    const changes = { rotary_embedding_dim: { int: size }, num_heads: { int: heads! } };
    const inputs = [x, ...rotary.inputs.slice(1)];
    ws.replace(node, ws.insertCopy(rotary, inputs, node, changes));
    count++;
  }
  return count;
}

interface Partial {
  readonly rotary: Node;
  /** `[batch, heads, time, width]`. */
  readonly x: string;
  /** Elements of a head that are turned. */
  readonly size: number;
}

function partial(ws: Workspace, node: Node): Partial | null {
  const [turned, rest] = node.inputs;
  const dims = ws.dims(node.outputs[0]!);
  if (node.inputs.length !== 2 || dims?.length !== 4) return null;
  if (normalAxis(ws.number(node, 'axis') ?? 0, 4) !== 3) return null;
  const rotary = ws.producer(turned!);
  if (rotary?.op !== 'RotaryEmbedding' || rotary.domain !== MICROSOFT) return null;
  if (rotary.outputs.length !== 1 || (ws.number(rotary, 'rotary_embedding_dim') ?? 0) !== 0) {
    return null;
  }
  const [first, second] = [lastPlaces(ws, rotary.inputs[0]!), lastPlaces(ws, rest!)];
  const size = ws.dims(turned!)?.[3];
  if (first === null || second === null || !size || first.of !== second.of) return null;
  const whole = ws.dims(first.of);
  const joined = first.from === 0 && first.to === size && second.from === size;
  if (!joined || second.to !== dims[3] || whole?.join() !== dims.join()) return null;
  return { rotary, x: first.of, size };
}

/** Which places of the last axis of which value this is; null where it is no such part. */
function lastPlaces(
  ws: Workspace,
  name: string,
): { readonly of: string; readonly from: number; readonly to: number } | null {
  const node = ws.madeBy(name, 'Slice') ?? ws.madeBy(name, 'Split');
  const [of] = node?.inputs ?? [];
  const dims = of === undefined ? null : ws.dims(of);
  const width = dims?.at(-1);
  if (node === undefined || of === undefined || dims === null || !width) return null;
  const last = dims.length - 1;
  if (node.op === 'Split') {
    if (normalAxis(ws.number(node, 'axis') ?? 0, dims.length) !== last) return null;
    let from = 0;
    for (const output of node.outputs) {
      const size = ws.dims(output)?.at(-1);
      if (!size) return null;
      if (output === name) return { of, from, to: from + size };
      from += size;
    }
    return null;
  }
  const bounds = sliceBounds(ws, node);
  if (bounds?.axes.length !== 1 || bounds.steps[0] !== 1) return null;
  if (normalAxis(bounds.axes[0]!, dims.length) !== last) return null;
  const { from, length } = sliceRange(width, bounds.starts[0]!, bounds.ends[0]!, 1);
  return { of, from, to: from + length };
}
