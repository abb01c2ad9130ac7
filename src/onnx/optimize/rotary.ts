/**
 * Rotary position embedding as exporters spell it out → com.microsoft RotaryEmbedding.
 *
 * With the sequence length fixed, cos and sin are constants, and what is matched is the arithmetic:
 * two halves `a`, `b` of the last axis (its halves, or its even and odd places) become
 * `a·c1 ± b·s1` and `b·c2 ± a·s2`. It is a rotation exactly when the tables say so, which is looked
 * up in their values: c1 = c2 and the signed s1 = −s2. (Su et al. 2021.)
 */
import { isFloat, TYPE } from '../element-types.js';
import type { Node } from '../graph.js';
import { ints, Tensor } from '../tensor.js';
import { type Term, twoSums } from './rotary-terms.js';
import { MICROSOFT, type Workspace } from './workspace.js';

/** Rewrites all of them; gives how many. */
export function fuseRotary(ws: Workspace): number {
  ws.refresh();
  let count = 0;
  for (const node of ws.walk()) {
    if (node.domain !== '') continue;
    if (node.op === 'RotaryEmbedding') {
      if (standard(ws, node)) count++;
      continue;
    }
    const found = rotation(ws, node);
    if (found === null) continue;
    emit(ws, node, found);
    count++;
  }
  return count;
}

interface Rotation {
  readonly input: string;
  readonly interleaved: boolean;
  /** `[time, half]`. */
  readonly cos: Float32Array;
  readonly sin: Float32Array;
}

function rotation(ws: Workspace, node: Node): Rotation | null {
  const sums = twoSums(ws, node);
  if (sums === null) return null;
  const [first, second] = sums.terms;
  const [a1, b1] = inOrder(first);
  const [a2, b2] = inOrder(second);
  if (a1 === null || b1 === null || a2 === null || b2 === null) return null;
  const input = a1.half.of;
  const same = [a1, b1, a2, b2].every(
    ({ half }) => half.of === input && half.interleaved === sums.interleaved,
  );
  const dims = ws.dims(input);
  if (!same || dims?.length !== 4 || dims.join() !== ws.dims(node.outputs[0]!)?.join()) return null;
  // The tables get the input's type, which is not known behind operators that nothing infers. There is no such
  // operator in float64.
  const { type } = ws.fact(input);
  if (!isFloat(type) || type === TYPE.float64) return null;
  const [, heads, time, width] = dims;
  if (!heads || !time || !width || width % 2 !== 0) return null;
  const table = (term: Term) => rows(ws, term, time, width / 2);
  const [cos, sin, cos2, sin2] = [table(a1), table(b1), table(b2), table(a2)];
  if (cos === null || sin === null || cos2 === null || sin2 === null) return null;
  // The operator turns (a, b) to (a·cos − b·sin, b·cos + a·sin).
  if (!cos.every((value, k) => value === cos2[k] && sin[k] === -sin2[k]!)) return null;
  return { input, interleaved: sums.interleaved, cos, sin: sin2 };
}

/** The term of the first half, then that of the second; null where one is missing. */
function inOrder(terms: readonly Term[]): [Term | null, Term | null] {
  const pick = (second: boolean) => terms.find(({ half }) => half.second === second) ?? null;
  return terms.length === 2 ? [pick(false), pick(true)] : [null, null];
}

/** A term's table as `[time, half]` with its sign; null where it depends on the row or the head. */
function rows(ws: Workspace, term: Term, time: number, half: number): Float32Array | null {
  const { name, part } = term.table;
  const tensor = ws.constant(name);
  const width = part === null ? half : 2 * half;
  if (tensor === null || tensor.dims.at(-1) !== width || tensor.dims.at(-2) !== time) return null;
  if (tensor.values.length !== time * width) return null;
  const offset = part === 1 ? half : 0;
  return Float32Array.from({ length: time * half }, (_, k) => {
    const [row, column] = [Math.floor(k / half), k % half];
    // Zero has no sign here: 0 and −0 are the same table.
    return term.sign * tensor.values[row * width + column + offset]! + 0;
  });
}

function emit(ws: Workspace, node: Node, { input, interleaved, cos, sin }: Rotation): void {
  const [, heads, time] = ws.dims(input)! as number[];
  const { type } = ws.fact(input);
  const dims = [time!, cos.length / time!];
  const tables = [cos, sin].map((values) => ws.add(new Tensor(type, dims, values), 'rotary'));
  // One position, not a list of them: the offset of every row's first token.
  const inputs = [input, ws.add(ints([0]), 'position'), ...tables];
  const attributes = { interleaved: { int: interleaved ? 1 : 0 }, num_heads: { int: heads! } };
  ws.replace(node, ws.insert(node, 'RotaryEmbedding', inputs, attributes, MICROSOFT));
}

/** ai.onnx RotaryEmbedding-23 with tables that are constants: the same operator, other inputs. */
function standard(ws: Workspace, node: Node): boolean {
  const [input, cos, sin, positions] = node.inputs;
  const tables = [ws.constant(cos!), ws.constant(sin!)];
  if (tables.some((table) => table?.dims.length !== 2) || !positions || !input) return false;
  if ((ws.number(node, 'rotary_embedding_dim') ?? 0) !== 0) return false;
  const heads = ws.number(node, 'num_heads') ?? ws.dims(input)?.[1];
  if (!heads) return false;
  const inputs = [
    input,
    ascending(ws, positions) ? ws.add(ints([0]), 'position') : positions,
    cos!,
    sin!,
  ];
  const interleaved = { int: ws.number(node, 'interleaved') ?? 0 };
  const attributes = { interleaved, num_heads: { int: heads } };
  ws.replace(node, ws.insert(node, 'RotaryEmbedding', inputs, attributes, MICROSOFT));
  return true;
}

/** Whether every row counts from 0, be it a constant or one row expanded to an open batch. */
function ascending(ws: Workspace, positions: string): boolean {
  const expanded = ws.madeBy(positions, 'Expand');
  const given = ws.constant(expanded?.inputs[0] ?? positions);
  const time = ws.dims(positions)?.at(-1);
  if (given === null || !time || given.dims.at(-1) !== time) return false;
  return given.dense().values.every((value, k) => value === k % time);
}
