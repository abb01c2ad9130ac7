/**
 * Logits straight from the product that makes them, `[batch, time, vocabulary]`.
 *
 * A Reshape as the last node costs a GPU a copy of the largest tensor of the run, because an output
 * has its own place in memory. Before the product it costs nothing.
 */
import type { Node } from '../graph.js';
import { ints } from '../tensor.js';
import { channels, turnedMatrix } from './constants.js';
import type { Workspace } from './workspace.js';

const UNARY = new Set(['Identity', 'Cast', 'Neg', 'Tanh']);
const BINARY = new Set(['Mul', 'Div', 'Add', 'Sub']);

/** Moves the Reshape at the end before the product; a sentence where it stays, null where none is. */
export function shapeBeforeHead(ws: Workspace, logits: string): 'moved' | string | null {
  ws.refresh();
  const last = ws.madeBy(logits, 'Reshape');
  const dims = ws.dims(logits);
  const flat = last && ws.dims(last.inputs[0]!);
  if (last === undefined || dims?.length !== 3 || flat?.length !== 2) return null;
  if (dims.filter((dim) => dim === null).length > 1 || flat[1] !== dims[2]) {
    return 'the shape of the logits is not known';
  }
  const chain = chainTo(ws, last);
  if (typeof chain === 'string') return chain;
  const [head, ...after] = chain;
  let made = product(
    ws,
    head!,
    [...dims.slice(0, 2)].map((dim) => dim ?? -1),
    last,
  );
  if (made === null) return 'its head is not a plain product with constant weights';
  let old = head!.outputs[0]!;
  for (const node of after) {
    made = ws.insertCopy(
      node,
      node.inputs.map((name) => (name === old ? made! : name)),
      last,
    );
    old = node.outputs[0]!;
  }
  ws.replace(last, made);
  return 'moved';
}

/** The nodes from the product to the Reshape, in order; none of them may depend on rows and columns. */
function chainTo(ws: Workspace, last: Node): Node[] | string {
  const chain: Node[] = [];
  let [name, user] = [last.inputs[0]!, last];
  for (;;) {
    const node = ws.producer(name);
    if (node === undefined || node.domain !== '' || ws.seenOutside(name, new Set([user]))) {
      return 'the logits before their last reshape are used elsewhere';
    }
    chain.unshift(node);
    if (node.op === 'MatMul' || node.op === 'Gemm') return chain;
    const width = ws.dims(name)?.at(-1) ?? 0;
    const values = node.inputs.filter((input) => ws.constant(input) === null);
    const plain = node.inputs.every((input) => {
      const tensor = ws.constant(input);
      return tensor === null || (tensor.dims.length <= 1 && channels(tensor, width) !== null);
    });
    const passed = UNARY.has(node.op) || (BINARY.has(node.op) && plain);
    if (!passed || values.length !== 1 || ws.dims(values[0]!)?.join() !== ws.dims(name)?.join()) {
      return `${node.op} stands between head and logits`;
    }
    [name, user] = [values[0]!, node];
  }
}

/** The head's product of hidden states `[…leading, width]`; null where it is not plain. */
function product(
  ws: Workspace,
  head: Node,
  leading: readonly number[],
  before: Node,
): string | null {
  const [x, weights, bias] = head.inputs;
  const matrix = ws.constant(weights!);
  const width = ws.dims(x!)?.[1];
  if (matrix?.dims.length !== 2 || ws.dims(x!)?.length !== 2 || !width) return null;
  const gemm = head.op === 'Gemm';
  const number = (name: string, fallback: number) => ws.number(head, name) ?? fallback;
  if (gemm && number('transA', 0) !== 0) return null;
  const turned = gemm && number('transB', 0) === 1;
  const alpha = gemm ? number('alpha', 1) : 1;
  const vocabulary = matrix.dims[turned ? 0 : 1]!;
  const addend = bias ? ws.constant(bias) : null;
  if (bias && (!addend || !channels(addend, vocabulary) || number('beta', 1) !== 1)) return null;
  if (bias && addend!.dims.length > 1) return null;
  if (!turned && alpha !== 1) return null;
  const apart = ws.insert(before, 'Reshape', [x!, ws.add(ints([...leading, width]), 'shape')]);
  const own = turned ? ws.add(turnedMatrix(matrix, alpha), 'head') : weights!;
  const made = ws.insert(before, 'MatMul', [apart, own]);
  return bias ? ws.insert(before, 'Add', [made, bias]) : made;
}
