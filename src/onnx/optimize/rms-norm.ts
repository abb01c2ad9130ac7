/**
 * RMSNorm as exporters spell it out, `x / sqrt(mean(x²) + ε) · gain` → SimplifiedLayerNormalization,
 * which computes in fp32 whatever its type and reads its input once.
 *
 * Formula: Zhang & Sennrich 2019. The operator stands in ONNX Runtime's own ai.onnx domain.
 */

import { isFloat, TYPE } from '../element-types.js';
import type { Node } from '../graph.js';
import { Tensor } from '../tensor.js';
import {
  bind,
  either,
  findClosed,
  isOnesOfShape,
  type Match,
  maybeCast,
  op,
  type Pattern,
  scalar,
} from './match.js';
import { normalAxis } from './movement.js';
import type { Workspace } from './workspace.js';

/** ReduceMean over the last axis alone, which stays as a 1. */
function overLast(ws: Workspace, node: Node): boolean {
  const rank = ws.dims(node.inputs[0]!)?.length;
  const axes = node.inputs[1] ? ws.constant(node.inputs[1])?.integers() : ws.list(node, 'axes');
  if (rank === undefined || axes?.length !== 1 || ws.number(node, 'keepdims') === 0) return false;
  return normalAxis(axes[0]!, rank) === rank - 1;
}

const x = maybeCast(bind('x'));
const square = either(op('Pow', [x, scalar(2)]), op('Mul', [x, x]));
const mean = op('Add', [op('ReduceMean', [square], overLast), scalar('epsilon')]);
const root = either(op('Sqrt', [mean]), op('Pow', [mean, scalar(0.5)]));
const inverse = either(
  op('Reciprocal', [root]),
  op('Div', [scalar(1), root]),
  op('Pow', [mean, scalar(-0.5)]),
);
const plain = maybeCast(either(op('Mul', [x, inverse]), op('Div', [x, root])));

/** A gain for each place of the last axis, or one for all. */
const row: Pattern = (ws, value, match) => {
  const leading = ws.constant(value)?.dims.slice(0, -1);
  return leading?.every((dim) => dim === 1) ? bind('gain')(ws, value, match) : null;
};
const scaled = maybeCast(op('Mul', [plain, row]));

/** Rewrites all of them; gives how many. */
export function fuseRmsNorms(ws: Workspace): number {
  ws.refresh();
  let count = 0;
  for (const node of ws.walk()) {
    if (
      node.op === 'RMSNormalization' && node.domain === '' ? standard(ws, node) : spelled(ws, node)
    )
      count++;
  }
  return count;
}

function spelled(ws: Workspace, node: Node): boolean {
  const [output] = node.outputs;
  if (output === undefined || !['Mul', 'Div', 'Cast'].includes(node.op)) return false;
  // With its gain if there is one to be had: what follows is looked at before the norm itself.
  const follower = ws.consumers(output);
  if (follower.length === 1 && match(ws, follower[0]!.outputs[0] ?? '')?.nodes.has(node)) {
    return false;
  }
  const found = match(ws, output);
  const input = found?.values.get('x');
  if (found === null || input === undefined) return false;
  // A norm that changes the type on its way is left alone.
  if (ws.fact(input).type !== ws.fact(output).type) return false;
  const gain = gainOf(ws, input, found.values.get('gain'));
  if (gain === null) return false;
  emit(ws, node, input, gain, found.numbers.get('epsilon')!);
  return true;
}

function match(ws: Workspace, value: string): Match | null {
  for (const pattern of [scaled, plain]) {
    const found = findClosed(ws, value, pattern);
    // A gain or an epsilon of a higher rank would add axes.
    const dims = found && ws.dims(found.values.get('x')!);
    if (dims && dims.join() === ws.dims(value)?.join()) return found;
  }
  return null;
}

/** The gain as `[width]` constants; ones where there is none; null where it is another shape. */
function gainOf(ws: Workspace, input: string, gain: string | undefined): Tensor | null {
  const width = ws.dims(input)?.at(-1);
  const { type } = ws.fact(input);
  // Of a type that is not known, or that cannot be written, nothing can be made.
  if (width === null || width === undefined || !isFloat(type)) return null;
  if (gain === undefined) return new Tensor(type, [width], new Float32Array(width).fill(1));
  const tensor = ws.constant(gain)!;
  if (tensor.type !== type || tensor.dims.slice(0, -1).some((dim) => dim !== 1)) return null;
  const last = tensor.dims.at(-1) ?? 1;
  if (last !== 1 && last !== width) return null;
  const values = tensor.dense().values;
  return new Tensor(
    type,
    [width],
    Float32Array.from({ length: width }, (_, k) => values[k % last]!),
  );
}

/** RMSNormalization-23, whose scale exporters may give as ones of the input's whole shape. */
function standard(ws: Workspace, node: Node): boolean {
  const [input, scale] = node.inputs;
  const rank = ws.dims(input!)?.length;
  if (rank === undefined || normalAxis(ws.number(node, 'axis') ?? -1, rank) !== rank - 1) {
    return false;
  }
  const ones = isOnesOfShape(ws, scale!);
  if (!ones && ws.constant(scale!) === null) return false;
  const uniform = ws.constant(scale!)?.uniform();
  const gain = gainOf(ws, input!, ones || uniform === 1 ? undefined : scale);
  if (gain === null || (ws.number(node, 'stash_type') ?? 1) !== TYPE.float32) return false;
  emit(ws, node, input!, gain, ws.number(node, 'epsilon') ?? 1e-5);
  return true;
}

function emit(ws: Workspace, node: Node, input: string, gain: Tensor, epsilon: number): void {
  const output = ws.insert(node, 'SimplifiedLayerNormalization', [input, ws.add(gain, 'gain')], {
    axis: { int: -1 },
    epsilon: { float: epsilon },
    stash_type: { int: TYPE.float32 },
  });
  ws.replace(node, output);
}
