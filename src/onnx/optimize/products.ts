/**
 * Products of activations and constant weights → Product, with what stands around them: the RMS norm of what they
 * read, and the bias, the squared rectifier and the residual sum of what they give.
 *
 * None of these is a pass over memory of its own then. A value that anything else reads is stored as before.
 */
import { TYPE } from '../element-types.js';
import type { Node } from '../graph.js';
import { Tensor } from '../tensor.js';
import { channels } from './constants.js';
import { alike, isActivation } from './linear.js';
import { isOwn } from './own-operators.js';
import { MAX_ADDED, type Product, putProduct, readProduct } from './product-node.js';
import { foldNorms, foldSums } from './product-sums.js';
import type { Workspace } from './workspace.js';

/** Largest weights outside these would bring products near the ends of fp32. */
const [SMALLEST, LARGEST] = [2 ** -60, 2 ** 60];

interface Products {
  readonly count: number;
  /** Norms, biases, rectifiers and sums that ride on them. */
  readonly riding: number;
  readonly left: readonly string[];
}

/** For a graph in fp32 whose other rewrites are all made. */
export function fuseProducts(ws: Workspace): Products {
  ws.refresh();
  let [count, extreme] = [0, 0];
  for (const node of ws.walk()) {
    const found = productOf(ws, node);
    if (found === 'extreme') extreme++;
    if (typeof found !== 'object' || found === null) continue;
    putProduct(ws, node, found, node.outputs[0]!);
    ws.remove(node);
    count++;
  }
  const riding = foldBiases(ws) + foldRectifiers(ws) + foldNorms(ws) + foldSums(ws) + foldAdds(ws);
  const range = 'weights that are not finite, or of a size near the ends of fp32';
  return { count, riding, left: extreme === 0 ? [] : [`product: ${extreme} with ${range}`] };
}

function productOf(ws: Workspace, node: Node): Product | 'extreme' | null {
  const [x, weights, c] = node.inputs;
  if (node.domain !== '' || !x || !weights) return null;
  const gemm = node.op === 'Gemm';
  if (!gemm && node.op !== 'MatMul') return null;
  const plain = ['alpha', 'beta'].every((name) => (ws.number(node, name) ?? 1) === 1);
  if (gemm && (!plain || ws.number(node, 'transA'))) return null;
  const transposed = gemm && ws.number(node, 'transB') === 1;
  const matrix = ws.producer(weights) === undefined ? ws.constant(weights) : null;
  const { type, dims } = ws.fact(x);
  if (matrix?.type !== TYPE.float32 || matrix.dims.length !== 2 || type !== TYPE.float32)
    return null;
  const [inner, width] = transposed ? matrix.dims.toReversed() : matrix.dims;
  if (ws.constant(x) !== null || !dims || dims.length < 2 || dims.at(-1) !== inner) return null;
  const bias = c ? biasOf(ws, c, width!) : '';
  if (bias === null) return null;
  if (!isModerate(matrix)) return 'extreme';
  const none = { epsilon: null, gain: '', slope: null, factor: '', added: [] };
  return { x, weights, transposed, bias, ...none };
}

/** A constant of one number for each column; null where it is none. */
function biasOf(ws: Workspace, name: string, width: number): string | null {
  const tensor = ws.constant(name);
  if (tensor?.type !== TYPE.float32) return null;
  if (tensor.dims.length === 1 && tensor.dims[0] === width) return name;
  const values = channels(tensor, width);
  return values && ws.add(new Tensor(TYPE.float32, [width], values), 'bias');
}

function isModerate(tensor: Tensor): boolean {
  let largest = 0;
  for (const value of tensor.values) {
    const size = Math.abs(value);
    if (!(size <= LARGEST)) return false;
    if (size > largest) largest = size;
  }
  return largest === 0 || largest >= SMALLEST;
}

/** The only node that reads a value that is no output of the graph. */
function onlyUser(ws: Workspace, name: string): Node | null {
  const [user, ...more] = ws.consumers(name);
  return user === undefined || more.length > 0 || ws.isOutput(name) ? null : user;
}

/** Puts the product with what follows it where that stood. */
function take(ws: Workspace, node: Node, user: Node, changes: Partial<Product>): void {
  putProduct(ws, user, { ...readProduct(ws, node), ...changes }, user.outputs[0]!);
  ws.remove(user);
  ws.remove(node);
}

function foldBiases(ws: Workspace): number {
  let count = 0;
  for (const node of ws.walk()) {
    if (!isOwn(node, 'Product') || node.inputs[3]) continue;
    const [y] = node.outputs as [string];
    const user = onlyUser(ws, y);
    const constant = user?.inputs.find((name) => name !== y);
    if (user?.op !== 'Add' || user.domain !== '' || !constant) continue;
    const dims = ws.dims(y);
    if (!dims || !ws.sameShape(y, user.outputs[0]!)) continue;
    const bias = biasOf(ws, constant, dims.at(-1)!);
    if (bias === null) continue;
    take(ws, node, user, { bias });
    count++;
  }
  return count;
}

function foldRectifiers(ws: Workspace): number {
  let count = 0;
  for (const node of ws.walk()) {
    if (!isOwn(node, 'Product')) continue;
    const user = onlyUser(ws, node.outputs[0]!);
    if (user === null || !isOwn(user, 'SquaredRelu')) continue;
    take(ws, node, user, { slope: ws.number(user, 'slope')! });
    count++;
  }
  return count;
}

/** Sums that are no SumNorm, as there is no norm or factor in them. */
function foldAdds(ws: Workspace): number {
  let count = 0;
  for (const node of ws.walk()) {
    if (!isOwn(node, 'Product')) continue;
    const [y] = node.outputs as [string];
    const user = onlyUser(ws, y);
    const name = user?.inputs.find((each) => each !== y);
    const { added } = readProduct(ws, node);
    if (user?.op !== 'Add' || user.domain !== '' || !name || added.length >= MAX_ADDED) continue;
    if (!isActivation(ws, name) || !alike(ws, name, y) || !alike(ws, y, user.outputs[0]!)) continue;
    take(ws, node, user, { added: [...added, { name, factor: '' }] });
    count++;
  }
  return count;
}
