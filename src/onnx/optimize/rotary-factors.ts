/**
 * A factor for each head beside a rotary embedding → into its tables.
 *
 * The operator multiplies with cos and sin anyway, by tables that have a row for each position. With
 * every head taken for a position of its own, `[B, T, H·h]` read as `[B, T·H, h]`, a table has a row
 * for each position and head, and the factor of the head is in it.
 */
import type { Node } from '../graph.js';
import { ints, Tensor } from '../tensor.js';
import { MICROSOFT, type Workspace } from './workspace.js';

/** Elements of one table at most: 4 MiB in fp16, which stay in a device's cache. */
const MAX_TABLE = 1 << 21;
/** Of the tables of all layers: 64 MiB in fp16. */
const MAX_TABLES = 1 << 25;

/** `[T, H, h]` of a rotation over heads side by side. */
interface Turn {
  readonly node: Node;
  readonly time: number;
  readonly heads: number;
  readonly width: number;
  readonly cos: Tensor;
  readonly sin: Tensor;
}

/** Rewrites all of them; gives how many. */
export function multiplyTables(ws: Workspace): number {
  ws.refresh();
  let [count, size] = [0, 0];
  for (const node of ws.walk()) {
    if (node.op !== 'Mul' || node.domain !== '' || size > MAX_TABLES) continue;
    if (!before(ws, node) && !after(ws, node)) continue;
    const [, time, heads, width] = ws.dims(node.outputs[0]!)! as number[];
    size += time! * heads! * width!;
    count++;
  }
  return count;
}

/** The factor first: Mul `[B, T, H, h]` → Reshape → RotaryEmbedding. */
function before(ws: Workspace, node: Node): boolean {
  const [output] = node.outputs;
  const next = sole(ws, output!);
  const turned = next?.op === 'Reshape' ? sole(ws, next.outputs[0]!) : undefined;
  const turn = turned && turnOf(ws, turned);
  const factors = turn && factorsOf(ws, node, turn);
  if (!turn || !factors || turned.inputs[0] !== next!.outputs[0]) return false;
  if (next!.inputs[0] !== output) return false;
  ws.replace(turned, rotated(ws, turn, factors.x, factors.values));
  return true;
}

/** The factor last: RotaryEmbedding → Reshape → Mul `[B, T, H, h]`. */
function after(ws: Workspace, node: Node): boolean {
  const at = node.inputs.findIndex((name) => ws.constant(name) === null);
  const reshape = ws.madeBy(node.inputs[at] ?? '', 'Reshape');
  const turned = reshape && ws.producer(reshape.inputs[0]!);
  const turn = turned && turnOf(ws, turned);
  const factors = turn && factorsOf(ws, node, turn);
  if (!turn || !factors) return false;
  const alone = sole(ws, factors.x) === node && sole(ws, turned.outputs[0]!) === reshape;
  if (!alone) return false;
  const flat = rotated(ws, turn, turned.inputs[0]!, factors.values);
  ws.replace(node, ws.insert(node, 'Reshape', [flat, reshape.inputs[1]!]));
  return true;
}

/** The only user of a value that nothing else sees. */
function sole(ws: Workspace, name: string): Node | undefined {
  const [user, ...others] = ws.consumers(name);
  return others.length === 0 && !ws.isOutput(name) ? user : undefined;
}

/** A rotation that starts at the first position, with tables that are constants. */
function turnOf(ws: Workspace, node: Node): Turn | null {
  if (node.op !== 'RotaryEmbedding' || node.domain !== MICROSOFT) return null;
  const dims = ws.dims(node.outputs[0]!);
  const heads = ws.number(node, 'num_heads');
  const [cos, sin] = node.inputs.slice(2).map((name) => ws.constant(name));
  const start = ws.constant(node.inputs[1]!);
  const [, time, all] = dims ?? [];
  if (dims?.length !== 3 || !time || !all || !heads || !cos || !sin) return null;
  const width = all / heads;
  const whole = [cos, sin].every(
    (table) => table.dims.length === 2 && table.dims[0]! >= time && table.dims[1] === width / 2,
  );
  // One offset for all rows, and no scale or partial rotation of its own.
  const plain = start?.dims.length === 1 && start.dims[0] === 1 && start.values[0] === 0;
  const known = [...node.attributes.keys()].every((key) => KNOWN.has(key));
  return whole && plain && known ? { node, time, heads, width, cos, sin } : null;
}

const KNOWN = new Set(['interleaved', 'num_heads']);

/** The other side of a product with a factor for each head, all heads at once, or null. */
function factorsOf(
  ws: Workspace,
  node: Node,
  { time, heads, width, cos }: Turn,
): { x: string; values: readonly number[] } | null {
  const at = node.inputs.findIndex((name) => ws.constant(name) !== null);
  const [x, tensor] = [node.inputs[1 - at], ws.constant(node.inputs[at] ?? '')];
  const dims = ws.dims(node.outputs[0]!);
  if (x === undefined || tensor === null || tensor.type !== cos.type) return null;
  const shape = dims?.slice(1).join() === [time, heads, width].join();
  if (dims?.length !== 4 || !shape || ws.dims(x)?.join() !== dims.join()) return null;
  if (tensor.dims.length < 2 || tensor.dims.at(-1) !== 1 || tensor.dims.at(-2) !== heads)
    return null;
  if (tensor.dims.slice(0, -2).some((dim) => dim !== 1)) return null;
  if (time * heads * (width / 2) > MAX_TABLE) return null;
  return { x, values: Array.from(tensor.dense().values) };
}

/** The rotation of `x`, `[B, T, H·h]` or `[B, T, H, h]`, with the factors; `[B, T, H·h]` again. */
function rotated(ws: Workspace, turn: Turn, x: string, factors: readonly number[]): string {
  const { node, time, heads, width } = turn;
  const half = width / 2;
  const tables = [turn.cos, turn.sin].map((table) => {
    const from = table.dense().values;
    const values = new Float32Array(time * heads * half);
    for (let k = 0; k < values.length; k++) {
      const [row, column] = [Math.floor(k / half), k % half];
      values[k] = from[Math.floor(row / heads) * half + column]! * factors[row % heads]!;
    }
    return ws.add(new Tensor(table.type, [time * heads, half], values), 'rotary');
  });
  const reshaped = (name: string, dims: readonly number[]) =>
    ws.insert(node, 'Reshape', [name, ws.add(ints(dims), 'shape')]);
  const inputs = [reshaped(x, [-1, time * heads, width]), node.inputs[1]!, ...tables];
  const turned = ws.insertCopy(node, inputs, node, { num_heads: { int: 1 } });
  return reshaped(turned, [-1, time, heads * width]);
}
