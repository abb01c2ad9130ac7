/**
 * What stands between a product by constant weights and an attention that reads its columns as heads: RMS norm of
 * each head, rotary embedding, factors by channel, as SplitNormRotary computes them.
 */
import type { Node } from '../graph.js';
import { count, Tensor } from '../tensor.js';
import { turnedMatrix } from './constants.js';
import { isActivation } from './linear.js';
import { normalAxis } from './movement.js';
import { MICROSOFT, type Workspace } from './workspace.js';

/** Heads side by side, `[…, time, heads · size]`. */
export interface Heads {
  readonly heads: number;
  readonly size: number;
  readonly time: number;
}

export interface Rotation {
  /** Elements of a head that are turned. */
  readonly size: number;
  readonly interleaved: number;
  /** Names of `[at least time, size / 2]` constants. */
  readonly cos: string;
  readonly sin: string;
}

/** `x · weights + bias`, then norm, gain and rotation, in this order. */
export interface Chain extends Heads {
  readonly x: string;
  /** `[width of x, heads · size]`. */
  readonly weights: Tensor;
  /** `[heads · size]`. */
  readonly bias: Float32Array | null;
  readonly epsilon: number | null;
  readonly gain: Float32Array | null;
  readonly rotation: Rotation | null;
}

/** From the product on, what is done to its result. */
type Step =
  | { readonly kind: 'factor' | 'bias'; readonly values: Float32Array }
  | { readonly kind: 'norm'; readonly epsilon: number; readonly values: Float32Array }
  | { readonly kind: 'rotation'; readonly rotation: Rotation };

/** Longest chain that is followed. */
const MAX_STEPS = 32;

/** The chain that ends in `name`, which `user` alone reads; a sentence where it is no such chain. */
export function chainOf(ws: Workspace, name: string, user: Node, heads: Heads): Chain | string {
  const steps: Step[] = [];
  let [value, reader] = [name, user];
  for (let k = 0; k < MAX_STEPS; k++) {
    const node = ws.producer(value);
    if (node === undefined || ws.seenOutside(value, new Set([reader])))
      return 'a value on their way is read elsewhere too';
    const product = productOf(ws, node, heads);
    if (product !== null) {
      if (product.bias !== null) steps.push({ kind: 'bias', values: product.bias });
      const combined = combine(steps.reverse(), heads);
      if (typeof combined === 'string') return combined;
      return { ...heads, ...combined, x: product.x, weights: product.weights };
    }
    const read = stepOf(ws, node, heads);
    if (read === null) return `${node.op} stands between their product and attention`;
    if (read.step !== null) steps.push(read.step);
    [value, reader] = [read.x, node];
  }
  return 'more stands between their product and attention than is followed';
}

interface Product {
  readonly x: string;
  readonly weights: Tensor;
  readonly bias: Float32Array | null;
}

/** MatMul or a plain Gemm by constant weights with a column for each channel of the heads. */
function productOf(ws: Workspace, node: Node, { heads, size }: Heads): Product | null {
  const gemm = node.op === 'Gemm';
  if (node.domain !== '' || (node.op !== 'MatMul' && !gemm)) return null;
  const given = ws.constant(node.inputs[1]!);
  const turned = gemm && (ws.number(node, 'transB') ?? 0) !== 0;
  const plain = ['alpha', 'beta'].every((name) => (ws.number(node, name) ?? 1) === 1);
  if (given?.dims.length !== 2 || !plain || (ws.number(node, 'transA') ?? 0) !== 0) return null;
  const weights = turned ? turnedMatrix(given) : given;
  const x = unshaped(ws, node.inputs[0]!);
  if (weights.dims[1] !== heads * size || !isActivation(ws, x)) return null;
  if (weights.type !== ws.fact(x).type) return null;
  const addend = node.inputs[2];
  if (!addend) return { x, weights, bias: null };
  const bias = byChannel(ws, addend, [null, heads * size], heads * size);
  return bias && { x, weights, bias };
}

/** The value before reshapes that leave its last axis, so that products of one value know each other. */
function unshaped(ws: Workspace, name: string): string {
  const reshape = ws.madeBy(name, 'Reshape');
  const before = reshape?.inputs[0];
  const [from, to] = [ws.dims(before ?? '')?.at(-1), ws.dims(name)?.at(-1)];
  const rank = ws.dims(before ?? '')?.length ?? 0;
  return before && from && from === to && rank >= 2 ? unshaped(ws, before) : name;
}

/** What the node does, and the value that it does it to; null where it is nothing of the kind. */
function stepOf(ws: Workspace, node: Node, heads: Heads): { x: string; step: Step | null } | null {
  const [output] = node.outputs;
  const dims = output ? ws.dims(output) : null;
  const [x] = node.inputs;
  if (dims === null || node.outputs.length !== 1 || x === undefined) return null;
  if (node.op === 'RotaryEmbedding' && node.domain === MICROSOFT) {
    const rotation = rotationOf(ws, node, heads);
    return rotation && { x, step: { kind: 'rotation', rotation } };
  }
  if (node.domain !== '') return null;
  switch (node.op) {
    // The order of elements stays, so that a row of heads stays one wherever its axes are.
    case 'Reshape':
      return { x, step: null };
    case 'SimplifiedLayerNormalization': {
      const gain = ws.constant(node.inputs[1] ?? '');
      const last = normalAxis(ws.number(node, 'axis') ?? -1, dims.length) === dims.length - 1;
      if (!last || dims.at(-1) !== heads.size || gain?.dims.join() !== `${heads.size}`) return null;
      if (gain.type !== ws.fact(x).type) return null;
      const row = gain.dense().values;
      const values = repeated(row, heads.heads);
      return { x, step: { kind: 'norm', epsilon: ws.number(node, 'epsilon') ?? 1e-5, values } };
    }
    case 'Mul':
    case 'Div':
    case 'Add': {
      const at = node.inputs.findIndex((name) => ws.constant(name) === null);
      const [full, other] = [node.inputs[at], node.inputs[1 - at]];
      if (!full || !other || (node.op === 'Div' && at !== 0)) return null;
      if (ws.dims(full)?.join() !== dims.join()) return null;
      const given = byChannel(ws, other, dims, heads.heads * heads.size);
      if (given === null) return null;
      const values = node.op === 'Div' ? given.map((value) => 1 / value) : given;
      if (!values.every(Number.isFinite)) return null;
      return { x: full, step: { kind: node.op === 'Add' ? 'bias' : 'factor', values } };
    }
    default:
      return null;
  }
}

function repeated(row: ArrayLike<number>, times: number): Float32Array {
  return Float32Array.from({ length: row.length * times }, (_, k) => row[k % row.length]!);
}

/** A constant beside a value of these axes, for each of `width` channels: its last axes; null where it is more. */
function byChannel(
  ws: Workspace,
  name: string,
  dims: readonly (number | null)[],
  width: number,
): Float32Array | null {
  const tensor = ws.constant(name);
  if (tensor === null || tensor.dims.length > dims.length) return null;
  const uniform = tensor.uniform();
  if (uniform !== undefined) return new Float32Array(width).fill(uniform);
  let first = dims.length;
  for (let size = 1; size < width && first > 0; ) size *= dims[--first] ?? Number.NaN;
  const axes = dims.slice(first) as number[];
  if (count(axes) !== width) return null;
  const skipped = dims.length - tensor.dims.length;
  if (tensor.dims.slice(0, Math.max(0, first - skipped)).some((dim) => dim !== 1)) return null;
  const own = tensor.dims.slice(Math.max(0, first - skipped));
  const stored = [...new Array<number>(axes.length - own.length).fill(1), ...own];
  return Float32Array.from(
    new Tensor(tensor.type, axes, tensor.dense().values, stored).dense().values,
  );
}

const KNOWN = new Set(['interleaved', 'num_heads', 'rotary_embedding_dim', 'scale']);

/** A rotation of heads side by side that starts at the first position, by constant tables. */
function rotationOf(ws: Workspace, node: Node, { heads, size, time }: Heads): Rotation | null {
  const dims = ws.dims(node.outputs[0]!);
  if (dims?.length !== 3 || dims[1] !== time || dims[2] !== heads * size) return null;
  const known = [...node.attributes.keys()].every((key) => KNOWN.has(key));
  if (!known || ws.number(node, 'num_heads') !== heads) return null;
  if ((ws.number(node, 'scale') ?? 1) !== 1) return null;
  const turned = ws.number(node, 'rotary_embedding_dim') || size;
  const start = ws.constant(node.inputs[1] ?? '');
  if (start?.dims.length !== 1 || start.dims[0] !== 1 || start.values[0] !== 0) return null;
  const [cos, sin] = [node.inputs[2] ?? '', node.inputs[3] ?? ''];
  const suits = [cos, sin].every((name) => {
    const table = ws.constant(name);
    return table?.dims.length === 2 && table.dims[0]! >= time && table.dims[1] === turned / 2;
  });
  if (!suits || turned > size || turned % 2 !== 0) return null;
  return { size: turned, interleaved: ws.number(node, 'interleaved') ?? 0, cos, sin };
}

type Combined = Pick<Chain, 'bias' | 'epsilon' | 'gain' | 'rotation'>;

/**
 * The steps as a bias, a norm, a gain and a rotation. A rotation leaves the length of a head, so that the norm
 * may stand on either side; a gain may where both elements of each pair have the same.
 */
function combine(steps: readonly Step[], { heads, size }: Heads): Combined | string {
  let bias: Float32Array | null = null;
  let epsilon: number | null = null;
  let rotation: Rotation | null = null;
  let gain: Float32Array | null = null;
  for (const [k, step] of steps.entries()) {
    if (step.kind === 'bias') {
      if (k > 0) return 'something is added behind their product';
      bias = step.values;
      continue;
    }
    if (step.kind === 'rotation') {
      if (rotation !== null) return 'they are rotated twice';
      rotation = step.rotation;
      continue;
    }
    if (step.kind === 'norm') {
      if (epsilon !== null) return 'they have two norms';
      if (gain !== null) return 'a factor stands before their norm';
      epsilon = step.epsilon;
    }
    if (rotation !== null && !evenOverPairs(step.values, rotation, size))
      return 'a gain by channel stands behind their rotation';
    const before: Float32Array | null = gain;
    gain = step.values.map((value, c) => value * (before?.[c] ?? 1));
  }
  if (gain?.length !== heads * size || gain.every((value) => value === 1)) gain = null;
  if (gain?.every(Number.isFinite) === false) return 'fp32 does not hold their gains';
  return { bias, epsilon, rotation, gain };
}

function evenOverPairs(values: Float32Array, { size, interleaved }: Rotation, head: number) {
  return values.every((value, k) => {
    const j = k % head;
    if (j >= size) return true;
    const partner = interleaved ? j ^ 1 : (j + size / 2) % size;
    return value === values[k - j + partner];
  });
}
