/**
 * Values that are sums of multiples of others, element by element: what an Add, Sub, Mul, Div or Neg computes
 * where its constants are numbers or one factor for each channel.
 */
import { TYPE } from '../element-types.js';
import { roundToHalves } from '../float16.js';
import type { Node } from '../graph.js';
import { channels } from './constants.js';
import type { Workspace } from './workspace.js';

/** One number for all channels, or one for each place of the last axis. */
export type Factor = number | Float32Array;

export interface Term {
  readonly name: string;
  readonly factor: Factor;
}

/** Types that operators of our own compute with. */
export function isActivation(ws: Workspace, name: string): boolean {
  const { type } = ws.fact(name);
  return (type === TYPE.float32 || type === TYPE.float16) && ws.constant(name) === null;
}

/** Whether the values have one shape and one type, as far as that is known before a run. */
export function alike(ws: Workspace, name: string, other: string): boolean {
  const { type } = ws.fact(name);
  return type !== 0 && type === ws.fact(other).type && ws.sameShape(name, other);
}

/** Factors by the constants that they are: one may be read by thousands of nodes. */
export type FactorCache = Map<string, Factor | null>;

/** What the node sums, each of the shape of its output; null where it is another operation. */
export function linearTerms(
  ws: Workspace,
  node: Node,
  factors: FactorCache,
): readonly Term[] | null {
  const [y] = node.outputs;
  const [a, b] = node.inputs;
  if (node.domain !== '' || node.outputs.length !== 1 || !y || !a || !isActivation(ws, y))
    return null;
  const full = (name: string | undefined) =>
    name !== undefined && isActivation(ws, name) && alike(ws, name, y);
  const multiple = (x: string, by: string, divide: boolean) => {
    if (!full(x)) return null;
    const width = ws.dims(y)?.at(-1) ?? 0;
    const key = `${divide ? '/' : '*'}${width} ${by}`;
    let factor = factors.get(key);
    if (factor === undefined) {
      factor = factorOf(ws, by, width, divide);
      factors.set(key, factor);
    }
    return factor === null ? null : [{ name: x, factor }];
  };
  switch (node.op) {
    case 'Add':
    case 'Sub':
      if (!full(a) || !full(b)) return null;
      return [
        { name: a, factor: 1 },
        { name: b!, factor: node.op === 'Add' ? 1 : -1 },
      ];
    case 'Mul':
      return multiple(a, b!, false) ?? multiple(b!, a, false);
    case 'Div':
      return multiple(a, b!, true);
    case 'Neg':
      return full(a) ? [{ name: a, factor: -1 }] : null;
    default:
      return null;
  }
}

/** The constant as a factor; null where it is none by channel, or one that fp32 or halves do not hold. */
function factorOf(ws: Workspace, name: string, width: number, divide: boolean): Factor | null {
  const tensor = ws.constant(name);
  if (tensor === null || width <= 0) return null;
  const uniform = tensor.uniform();
  const values = uniform === undefined ? channels(tensor, width) : Float32Array.of(uniform);
  if (values === null) return null;
  const factor = divide ? values.map((value) => 1 / value) : values;
  if (!allFinite(factor)) return null;
  if (uniform === undefined) return factor;
  // A number too small for halves is kept in fp32 where it stands (exact.ts).
  return uniform !== 0 && roundToHalves([uniform])[0] === 0 ? null : factor[0]!;
}

/** The product; null where fp32 does not hold it. */
export function multiplied(a: Factor, b: Factor): Factor | null {
  if (a === 1) return b;
  if (b === 1) return a;
  return combined(a, b, (x, y) => x * y, true);
}

/** The sum; null where fp32 does not hold it. */
export function added(a: Factor, b: Factor): Factor | null {
  return combined(a, b, (x, y) => x + y, false);
}

const SMALLEST = 2 ** -126;

function combined(
  a: Factor,
  b: Factor,
  compute: (x: number, y: number) => number,
  product: boolean,
): Factor | null {
  const at = (factor: Factor, k: number) => (typeof factor === 'number' ? factor : factor[k]!);
  const width = typeof a === 'number' ? (typeof b === 'number' ? 1 : b.length) : a.length;
  const values = Float32Array.from({ length: width }, (_, k) => compute(at(a, k), at(b, k)));
  const lost = (value: number, k: number) =>
    product && Math.abs(value) < SMALLEST && at(a, k) !== 0 && at(b, k) !== 0;
  if (!allFinite(values) || values.some(lost)) return null;
  return typeof a === 'number' && typeof b === 'number' ? values[0]! : values;
}

function allFinite(values: Float32Array): boolean {
  return values.every((value) => Number.isFinite(value));
}
