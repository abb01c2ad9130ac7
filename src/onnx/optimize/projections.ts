/**
 * One product whose result is taken apart → a product for each part.
 *
 * Exporters compute queries, keys and values, or a gate beside its values, by one matrix and split
 * what comes out. On a GPU the split copies everything once more and sends its table of addresses
 * to the device in every layer; separate products write each part where it is wanted.
 */

import type { Node } from '../graph.js';
import { ints } from '../tensor.js';
import { axisBefore, cut, type Part, scalarIndex } from './cut.js';
import { normalAxis, sliceRange } from './movement.js';
import { sliceBounds } from './operands.js';
import type { Workspace } from './workspace.js';

interface Separated {
  /** Products that were taken apart. */
  readonly count: number;
  /** Those that were found and left, with the reason. */
  readonly left: readonly string[];
}

/** A part that a node takes of a value, and the name under which it is used. */
interface Piece extends Part {
  readonly output: string;
  /** Set where the node drops the axis as well. */
  readonly dims: readonly number[] | null;
}

export function separateProjections(ws: Workspace): Separated {
  ws.refresh();
  const left: string[] = [];
  const seen = new Set<string>();
  let count = 0;
  for (const node of ws.walk()) {
    const [whole] = node.inputs;
    if (READERS[node.op] === undefined || whole === undefined || seen.has(whole)) continue;
    // Slices of one value are looked at once, at the first of them.
    seen.add(whole);
    const takers = node.op === 'Split' ? [node] : ws.consumers(whole);
    const pieces = piecesOf(ws, whole, takers);
    if (pieces === null) continue;
    const problem = separate(ws, whole, takers, pieces, node);
    if (problem === null) count++;
    else if (problem !== '') left.push(`projection at ${whole}: ${problem}`);
  }
  return { count, left };
}

/** The pieces that the nodes take of the value, two or more, none of which overlap; else null. */
function piecesOf(ws: Workspace, whole: string, takers: readonly Node[]): Piece[] | null {
  const pieces: Piece[] = [];
  for (const node of takers) {
    const taken = READERS[node.op]?.(ws, node, whole);
    if (node.domain !== '' || !taken) return null;
    pieces.push(...taken);
  }
  const [first] = pieces;
  if (first === undefined || pieces.length < 2) return null;
  const ordered = [...pieces].sort((a, b) => a.from - b.from);
  const apart = ordered.every(
    ({ axis, from, to }, k) =>
      axis === first.axis && from < to && from >= (ordered[k - 1]?.to ?? 0),
  );
  return apart ? pieces : null;
}

type Reader = (ws: Workspace, node: Node, whole: string) => Piece[] | null;

const READERS: Readonly<Record<string, Reader>> = { Split: split, Slice: slice, Gather: gather };

function split(ws: Workspace, node: Node): Piece[] | null {
  const dims = ws.dims(node.inputs[0]!);
  if (dims === null) return null;
  const axis = normalAxis(ws.number(node, 'axis') ?? 0, dims.length);
  const pieces: Piece[] = [];
  let from = 0;
  for (const output of node.outputs) {
    const size = output === '' ? null : ws.dims(output)?.[axis];
    if (!size) return null;
    if (ws.consumers(output).length > 0 || ws.isOutput(output)) {
      pieces.push({ axis, from, to: from + size, output, dims: null });
    }
    from += size;
  }
  return from === dims[axis] ? pieces : null;
}

function slice(ws: Workspace, node: Node, whole: string): Piece[] | null {
  const dims = ws.dims(whole);
  const bounds = sliceBounds(ws, node);
  if (dims === null || node.inputs[0] !== whole || bounds?.starts.length !== 1) return null;
  const { starts, ends, axes, steps } = bounds;
  const axis = normalAxis(axes[0]!, dims.length);
  const size = dims[axis];
  if (!size || steps[0] !== 1) return null;
  const { from, length } = sliceRange(size, starts[0]!, ends[0]!, 1);
  return [{ axis, from, to: from + length, output: node.outputs[0]!, dims: null }];
}

/** A single place by a constant scalar: how `unbind` is exported. */
function gather(ws: Workspace, node: Node, whole: string): Piece[] | null {
  const dims = ws.dims(whole);
  if (dims === null || node.inputs[0] !== whole) return null;
  const axis = normalAxis(ws.number(node, 'axis') ?? 0, dims.length);
  const index = scalarIndex(ws.constant(node.inputs[1]!), dims[axis] ?? 0);
  const kept = dims.filter((_, k) => k !== axis).map((dim) => dim ?? -1);
  if (index === null || kept.filter((dim) => dim === -1).length > 1) return null;
  return [{ axis, from: index, to: index + 1, output: node.outputs[0]!, dims: kept }];
}

/** A sentence where it cannot be done, empty where the value is no product by constant weights. */
function separate(
  ws: Workspace,
  whole: string,
  takers: readonly Node[],
  pieces: readonly Piece[],
  before: Node,
): string | null {
  if (!isProjection(ws, whole, pieces[0]!.axis)) return '';
  if (ws.seenOutside(whole, new Set(takers))) return 'it is used as a whole too';
  const fixed = pieces.some(
    ({ output }) =>
      ws.isOutput(output) || ws.consumers(output).some((node) => !node.inputs.includes(output)),
  );
  if (fixed) return 'a part of it is an output of the graph';
  const parts: string[] = [];
  for (const piece of pieces) {
    const part = cut(ws, whole, piece, before);
    if (part === null) return 'its parts are not columns of the weights by themselves';
    parts.push(
      piece.dims === null
        ? part
        : ws.insert(before, 'Reshape', [part, ws.add(ints(piece.dims), 'shape')]),
    );
  }
  for (const [k, { output }] of pieces.entries()) ws.redirect(output, parts[k]!);
  return null;
}

/** Whether the axis is that of the columns of a product by constant weights. */
function isProjection(ws: Workspace, name: string, axis: number): boolean {
  const node = ws.producer(name);
  const rank = ws.dims(name)?.length;
  if (node === undefined || rank === undefined) return false;
  if ((node.op === 'MatMul' || node.op === 'Gemm') && node.domain === '') {
    return axis === rank - 1 && ws.constant(node.inputs[1]!)?.dims.length === 2;
  }
  const next = node.inputs.find((input) => input !== '' && ws.constant(input) === null);
  const from = next === undefined ? null : ws.dims(next);
  if (next === undefined || from === null || !PASSED.has(node.op)) return false;
  const moved =
    node.op === 'Reshape'
      ? axisBefore(from, ws.dims(name)!, axis)
      : node.op === 'Transpose'
        ? ws.list(node, 'perm')?.[axis]
        : axis;
  return typeof moved === 'number' && isProjection(ws, next, moved);
}

const PASSED = new Set(
  'Reshape Transpose Mul Div Add Sub SimplifiedLayerNormalization RotaryEmbedding'.split(' '),
);
