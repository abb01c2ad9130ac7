/**
 * Constant factors by channel that need no pass of their own over the activations.
 *
 * A factor behind a norm goes into its gain, also by way of a rotation, a reshape or a transpose
 * where it is one number; consecutive factors become one; a sum of multiples of one value becomes
 * one multiple; a multiple of an embedding becomes a look-up in a table that was multiplied ahead.
 */
import { makeNode, type Node } from '../graph.js';
import { count, Tensor } from '../tensor.js';
import { arithmetic } from './arithmetic.js';
import { channels, inRange } from './constants.js';
import { normalAxis } from './movement.js';
import { MICROSOFT, type Workspace } from './workspace.js';

/**
 * Elements of one multiplied table and of all: 16 and 128 MiB in fp16. A larger vocabulary keeps its
 * products: its tables would crowd the device's cache and memory for a pass over a batch.
 */
const MAX_TABLE = 1 << 23;
const MAX_TABLES = 1 << 26;
/** Elements of a product of two factors, which may be wider than either. */
const MAX_FACTOR = 1 << 20;

interface Multiplied {
  readonly tables: number;
  /** Multiples of embeddings that were left, with the reason. */
  readonly left: readonly string[];
}

/** Merges factors by channel with what is beside them; gives the number of products and sums that are gone. */
export function mergeFactors(ws: Workspace): number {
  let factors = 0;
  for (let changed = true; changed; ) {
    ws.refresh();
    changed = false;
    for (const node of ws.walk()) {
      if (node.domain !== '' || (node.op !== 'Mul' && node.op !== 'Add')) continue;
      const merged = node.op === 'Add' ? sum(ws, node) : product(ws, node);
      if (!merged) continue;
      factors++;
      changed = true;
    }
  }
  return factors;
}

/** Multiples of embeddings → look-ups in tables that were multiplied ahead. */
export function multiplyEmbeddings(ws: Workspace): Multiplied {
  let [tables, size, large] = [0, 0, 0];
  ws.refresh();
  for (const node of ws.walk()) {
    const lookup = multipleOfRows(ws, node);
    if (lookup === null) continue;
    const elements = count(lookup.table.dims);
    if (elements > MAX_TABLE || size + elements > MAX_TABLES) large++;
    else {
      const table = ws.add(lookup.table.multiplied(), 'table');
      ws.replace(node, ws.insertCopy(lookup.gather, [table, lookup.gather.inputs[1]!], node));
      size += elements;
      tables++;
    }
  }
  const left =
    large === 0 ? [] : [`${large} multiples of an embedding too large for a second table`];
  return { tables, left };
}

/** A value and the constant that it is multiplied by, where the product has the value's shape. */
interface Scaled {
  readonly x: string;
  readonly factor: Tensor;
}

function scaled(ws: Workspace, name: string): Scaled | null {
  const node = ws.madeBy(name, 'Mul');
  if (node === undefined) return null;
  for (const [x, other] of [node.inputs, [...node.inputs].reverse()]) {
    const factor = ws.constant(other!);
    if (factor === null || ws.constant(x!) !== null) continue;
    const [from, to] = [ws.dims(x!), ws.dims(name)];
    if (from && from.join() === to?.join() && ws.fact(x!).type === factor.type)
      return { x: x!, factor };
  }
  return null;
}

function product(ws: Workspace, node: Node): boolean {
  const [output] = node.outputs;
  const found = scaled(ws, output!);
  if (found === null || ws.seenOutside(found.x, new Set([node]))) return false;
  if (intoGain(ws, found, node)) {
    ws.replace(node, found.x);
    return true;
  }
  const inner = scaled(ws, found.x);
  if (inner === null || !inRange(inner.factor, found.factor)) return false;
  const both = arithmetic('Mul', [inner.factor, found.factor], null);
  if (both === null || count(both.stored) > MAX_FACTOR) return false;
  ws.replace(node, ws.insert(node, 'Mul', [inner.x, ws.add(both, 'factor')]));
  return true;
}

/** Multiplies the gain of the norm that makes the value; false where none does by itself. */
function intoGain(ws: Workspace, { x, factor }: Scaled, user: Node): boolean {
  const norm = normBehind(ws, x, factor.uniform() !== undefined, user);
  const gain = norm && ws.constant(norm.inputs[1]!);
  if (!norm || !gain) return false;
  const width = gain.dims.at(-1)!;
  const by = channels(factor, width);
  if (by === null || gain.dims.length !== 1 || !inRange(gain, factor)) return false;
  const values = Float32Array.from(gain.dense().values, (value, k) => value * by[k]!);
  ws.change(norm, {
    inputs: [norm.inputs[0]!, ws.add(new Tensor(gain.type, gain.dims, values), 'gain')],
  });
  return true;
}

/** The norm itself, or for a single number also one behind what is linear and moves places only. */
function normBehind(ws: Workspace, name: string, uniform: boolean, user: Node): Node | null {
  const node = ws.producer(name);
  if (node === undefined || ws.seenOutside(name, new Set([user]))) return null;
  if (node.op === 'SimplifiedLayerNormalization' && node.domain === '') {
    const rank = ws.dims(name)?.length ?? 0;
    const last = normalAxis(ws.number(node, 'axis') ?? -1, rank) === rank - 1;
    return last && node.outputs.length === 1 ? node : null;
  }
  const moves = node.domain === '' && (node.op === 'Reshape' || node.op === 'Transpose');
  const turns = node.domain === MICROSOFT && node.op === 'RotaryEmbedding';
  return uniform && (moves || turns) ? normBehind(ws, node.inputs[0]!, true, node) : null;
}

/** `x · a + x · b`, where either may be 1, → `x · (a + b)`. */
function sum(ws: Workspace, node: Node): boolean {
  const [first, second] = node.inputs as [string, string];
  const dims = ws.dims(node.outputs[0]!);
  if (first === second || dims === null) return false;
  const [a, b] = [scaled(ws, first), scaled(ws, second)];
  const one = (like: Tensor) => new Tensor(like.type, [], Float32Array.of(1));
  let x: string;
  let parts: [Tensor, Tensor];
  if (a !== null && a.x === b?.x) [x, parts] = [a.x, [a.factor, b.factor]];
  else if (a?.x === second) [x, parts] = [second, [a.factor, one(a.factor)]];
  else if (b?.x === first) [x, parts] = [first, [one(b.factor), b.factor]];
  else return false;
  if (ws.dims(x)?.join() !== dims.join()) return false;
  const both = arithmetic('Add', parts, null);
  if (both === null || count(both.stored) > MAX_FACTOR) return false;
  // Multiples that others read would be computed all the same.
  const own = [first, second].filter((name) => name !== x);
  if (own.some((name) => ws.seenOutside(name, new Set([node])))) return false;
  ws.swap(node, makeNode('Mul', [x, ws.add(both, 'factor')], node.outputs));
  return true;
}

interface Lookup {
  readonly gather: Node;
  readonly table: { readonly dims: readonly number[]; multiplied(): Tensor };
}

/** A multiple by channel of rows that are looked up in a constant table. */
function multipleOfRows(ws: Workspace, node: Node): Lookup | null {
  const found = node.op === 'Mul' && node.domain === '' ? scaled(ws, node.outputs[0]!) : null;
  const gather = found && ws.madeBy(found.x, 'Gather');
  const table = gather && ws.constant(gather.inputs[0]!);
  if (!found || !gather || table?.dims.length !== 2) return null;
  const [, width] = table.dims as [number, number];
  const by = channels(found.factor, width);
  if (by === null || normalAxis(ws.number(gather, 'axis') ?? 0, 2) !== 0) return null;
  const multiplied = () => {
    const values = Float32Array.from(table.dense().values);
    for (let k = 0; k < values.length; k++) values[k]! *= by[k % width]!;
    return new Tensor(table.type, table.dims, values);
  };
  return { gather, table: { dims: table.dims, multiplied } };
}
