/**
 * Reads an exporter's rotary arithmetic: which half of which value is multiplied by which table.
 */
import type { Node } from '../graph.js';
import { normalAxis } from './movement.js';
import { sliceBounds } from './operands.js';
import type { Workspace } from './workspace.js';

/** A product of one half of the input with a table, with its sign. */
export interface Term {
  readonly half: Half;
  readonly table: Table;
  readonly sign: number;
}

/** A constant, or the first (0) or second (1) half of its last axis. */
interface Table {
  readonly name: string;
  readonly part: 0 | 1 | null;
}

/** One half of the last axis of a value. */
interface Half {
  readonly of: string;
  readonly second: boolean;
  readonly interleaved: boolean;
}

/** The first and second half of the result, each a sum of two terms. */
interface Sums {
  readonly terms: readonly [readonly Term[], readonly Term[]];
  readonly interleaved: boolean;
}

/** The two sums that the node puts side by side, or null. */
export function twoSums(ws: Workspace, node: Node): Sums | null {
  const [output] = node.outputs;
  if (node.op === 'Concat') {
    const rank = ws.dims(output!)?.length ?? 0;
    const last = normalAxis(ws.number(node, 'axis') ?? 0, rank) === rank - 1;
    const [one, two] = node.inputs;
    if (!last || node.inputs.length !== 2) return null;
    return { terms: [termsOf(ws, one!), termsOf(ws, two!)], interleaved: false };
  }
  if (node.op === 'Reshape') return stacked(ws, node);
  return node.op === 'Add' ? rotateHalf(ws, node) : null;
}

/** Two sums stacked on a new last axis, which a Reshape then merges: neighbours are pairs. */
function stacked(ws: Workspace, node: Node): Sums | null {
  const concat = ws.madeBy(node.inputs[0]!, 'Concat');
  const rank = ws.dims(concat?.outputs[0] ?? '')?.length;
  if (concat === undefined || rank !== 5 || concat.inputs.length !== 2) return null;
  if (normalAxis(ws.number(concat, 'axis') ?? 0, rank) !== 4) return null;
  if (ws.dims(node.outputs[0]!)?.length !== 4) return null;
  const sums: Term[][] = [];
  for (const name of concat.inputs) {
    const unsqueeze = ws.madeBy(name, 'Unsqueeze') ?? ws.madeBy(name, 'Reshape');
    if (unsqueeze === undefined || ws.dims(name)?.at(-1) !== 1) return null;
    if (ws.dims(unsqueeze.inputs[0]!)?.length !== 4) return null;
    sums.push(termsOf(ws, unsqueeze.inputs[0]!));
  }
  return { terms: [sums[0]!, sums[1]!], interleaved: true };
}

/** The terms of `p ± q`, each a half times a table; other than two where it is no such sum. */
function termsOf(ws: Workspace, name: string): Term[] {
  const add = ws.madeBy(name, 'Add');
  const sum = add ?? ws.madeBy(name, 'Sub');
  if (sum === undefined) return [];
  return sum.inputs.flatMap((input, k) => {
    const term = termOf(ws, input, k === 1 && add === undefined ? -1 : 1);
    return term === null ? [] : [term];
  });
}

function termOf(ws: Workspace, name: string, sign: number): Term | null {
  const negated = ws.madeBy(name, 'Neg');
  if (negated !== undefined) return termOf(ws, negated.inputs[0]!, -sign);
  const product = ws.madeBy(name, 'Mul');
  if (product === undefined) return null;
  for (const [x, table] of [product.inputs, [...product.inputs].reverse()]) {
    const inner = ws.madeBy(x!, 'Neg');
    const half = halfOf(ws, inner?.inputs[0] ?? x!);
    if (half !== null && ws.constant(table!) !== null) {
      const found = inner === undefined ? sign : -sign;
      return { half, table: { name: table!, part: null }, sign: found };
    }
  }
  return null;
}

/** Which half of which value this is; null where it is none. */
function halfOf(ws: Workspace, name: string): Half | null {
  const node = ws.producer(name);
  if (node === undefined || node.domain !== '') return null;
  const [of] = node.inputs;
  const dims = ws.dims(of ?? '');
  const width = dims?.at(-1);
  if (of === undefined || !dims || !width || width % 2 !== 0) return null;
  if (ws.dims(name)?.at(-1) !== width / 2) return null;
  const rank = dims.length;
  if (node.op === 'Split') {
    const last = normalAxis(ws.number(node, 'axis') ?? 0, rank) === rank - 1;
    const place = node.outputs.indexOf(name);
    return last && node.outputs.length === 2
      ? { of, second: place === 1, interleaved: false }
      : null;
  }
  if (node.op !== 'Slice') return null;
  const bounds = sliceBounds(ws, node);
  if (bounds?.axes.length !== 1 || normalAxis(bounds.axes[0]!, rank) !== rank - 1) return null;
  const start = normalAxis(bounds.starts[0]!, width);
  const [step] = bounds.steps;
  if (step === 1 && (start === 0 || start === width / 2)) {
    return { of, second: start !== 0, interleaved: false };
  }
  return step === 2 && start < 2 ? { of, second: start === 1, interleaved: true } : null;
}

/** `x·cos + concat(−b, a)·sin` with tables as wide as x: Hugging Face's rotate_half. */
function rotateHalf(ws: Workspace, node: Node): Sums | null {
  for (const [plain, turned] of [node.inputs, [...node.inputs].reverse()]) {
    const [left, right] = [ws.madeBy(plain!, 'Mul'), ws.madeBy(turned!, 'Mul')];
    if (left === undefined || right === undefined) return null;
    for (const [rotated, sin] of [right.inputs, [...right.inputs].reverse()]) {
      const concat = ws.madeBy(rotated!, 'Concat');
      if (concat?.inputs.length !== 2 || ws.constant(sin!) === null) continue;
      const rank = ws.dims(rotated!)?.length ?? 0;
      if (normalAxis(ws.number(concat, 'axis') ?? 0, rank) !== rank - 1) continue;
      const [one, two] = concat.inputs.map((name) => {
        const negated = ws.madeBy(name, 'Neg');
        const half = halfOf(ws, negated?.inputs[0] ?? name);
        return half && { half, sign: negated === undefined ? 1 : -1 };
      });
      if (!one || !two || !one.half.second || two.half.second) continue;
      const { of } = one.half;
      const cos = left.inputs.find((name) => name !== of);
      if (!left.inputs.includes(of) || cos === undefined || ws.constant(cos) === null) continue;
      const part = (second: boolean, name: string, sign: number, at: 0 | 1): Term => ({
        half: { of, second, interleaved: false },
        table: { name, part: at },
        sign,
      });
      return {
        terms: [
          [part(false, cos, 1, 0), part(true, sin!, one.sign, 0)],
          [part(true, cos, 1, 1), part(false, sin!, two.sign, 1)],
        ],
        interleaved: false,
      };
    }
  }
  return null;
}
