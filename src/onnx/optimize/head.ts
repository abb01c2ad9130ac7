/**
 * Computes logits only of the positions that are scored: in a sliding window of stride 64 that is
 * one in sixteen, and the head is a tenth of a small model's work.
 *
 * Not only the head is spared: everything after the last attention works on each position by
 * itself, so the positions are picked before all of that.
 *
 * Contract: the graph has a second input, int64 `[count]`, `scored_positions` or another name where the
 * graph has that one: flat positions `row · seqLen + offset` in the order wanted (a batch's `scored`), and its logits are
 * `[1, count, vocabulary]`: row `k` belongs to position `k`. A position may be repeated, so an
 * engine may pad the list to a fixed length.
 */

import { TYPE } from '../element-types.js';
import type { Node } from '../graph.js';
import { ints } from '../tensor.js';
import type { Fact, KnownDim } from './facts.js';
import { normalAxis } from './movement.js';
import { isOwn } from './own-operators.js';
import type { Workspace } from './workspace.js';

/** Name of the input of scored positions, where the graph has no value of that name. */
const SCORED_INPUT = 'scored_positions';

const UNARY = new Set(
  'Identity Cast Neg Abs Relu Tanh Sigmoid Gelu FastGelu QuickGelu Erf Silu Sqrt Exp'.split(' '),
);
const BINARY = new Set(['Add', 'Sub', 'Mul', 'Div', 'Pow']);
const NORMS = new Set(['SimplifiedLayerNormalization', 'LayerNormalization', 'RMSNormalization']);

interface Sliced {
  readonly input: string;
  /** Nodes that now work on scored positions only. */
  readonly sliced: number;
}

/** What was done, or a sentence saying why nothing was. */
export function sliceHead(ws: Workspace, tokens: string, logits: string): Sliced | string {
  ws.refresh();
  const axes = ws.dims(tokens);
  const [batch, time] = axes ?? [];
  if (axes?.length !== 2 || batch === undefined || !time) return 'the batch has no fixed time axis';
  const places: Places = { batch, time };
  const region = positionwise(ws, logits, places);
  if (![...region].some(({ op }) => op === 'MatMul' || op === 'Gemm')) {
    return 'no product gives the logits from hidden states position by position';
  }
  const sliced = region.size;
  const input = addPort(ws);
  const picked = new Map<string, string>();
  for (const node of [...ws.walk()].filter((each) => region.has(each))) {
    const inputs = node.inputs.map((name, k) => {
      if (name === '' || ws.constant(name) !== null || (node.op === 'Reshape' && k > 0))
        return name;
      const maker = ws.producer(name);
      if (maker !== undefined && region.has(maker)) return name;
      const own = picked.get(name) ?? pick(ws, name, input, node);
      picked.set(name, own);
      return own;
    });
    const changed = ws.change(node, { inputs: retarget(ws, node, inputs) });
    region.add(changed);
  }
  openOutput(ws, logits);
  ws.refresh();
  return { input, sliced };
}

interface Places {
  readonly batch: KnownDim;
  readonly time: number;
}

/** Whether the value has its positions in front: `[batch, time, …]` or `[batch · time, …]`. */
function layout({ dims, perRow }: Fact, { batch, time }: Places): 'apart' | 'flat' | null {
  // Of an open axis the length is not known, but how much of it is one row.
  const is = (dim: KnownDim | undefined, times: number) =>
    batch === null ? dim === null && perRow === times : dim === batch * times;
  if (dims?.length === 3 && is(dims[0], 1) && dims[1] === time) return 'apart';
  return dims?.length === 2 && is(dims[0], time) ? 'flat' : null;
}

/** Nodes that work position by position and whose results are used by such nodes alone. */
function positionwise(ws: Workspace, logits: string, places: Places): Set<Node> {
  const region = new Set<Node>();
  for (const node of ws.graph.nodes.reverse()) {
    const [output] = node.outputs;
    if (output === undefined || node.outputs.length !== 1) continue;
    const wanted =
      output === logits ? ws.consumers(output).length === 0 : closed(ws, output, region);
    if (wanted && alone(ws, node, places)) region.add(node);
  }
  return region;
}

function closed(ws: Workspace, name: string, region: ReadonlySet<Node>): boolean {
  return ws.consumers(name).length > 0 && !ws.seenOutside(name, region);
}

function alone(ws: Workspace, node: Node, places: Places): boolean {
  const to = layout(ws.fact(node.outputs[0]!), places);
  const [x, ...others] = node.inputs;
  if (to === null || x === undefined) return false;
  if (isOwn(node, 'SquaredRelu') || isOwn(node, 'SwiGlu')) {
    return node.inputs.every((name) => layout(ws.fact(name), places) === to);
  }
  if (BINARY.has(node.op)) return node.inputs.every((name) => suits(ws, name, to, places));
  // A constant for each position stays as long as it is.
  if (ws.constant(x) !== null) return false;
  const from = layout(ws.fact(x), places);
  const constants = others.every((name) => name === '' || ws.constant(name) !== null);
  if (node.op === 'Reshape' && node.domain === '') {
    return from !== null && constants && ws.dims(x)!.at(-1) === ws.dims(node.outputs[0]!)!.at(-1);
  }
  if (UNARY.has(node.op)) return from === to;
  if (NORMS.has(node.op)) {
    const rank = ws.dims(x)!.length;
    const last = normalAxis(ws.number(node, 'axis') ?? -1, rank) === rank - 1;
    const gains = others.every((name) => name === '' || suits(ws, name, to, places));
    return from === to && constants && last && gains;
  }
  if (node.op === 'MatMul') return from === to && ws.constant(others[0]!)?.dims.length === 2;
  if (node.op === 'Gemm') {
    const straight = (ws.number(node, 'transA') ?? 0) === 0 && ws.constant(others[0]!) !== null;
    const addend = others[1];
    return from === 'flat' && straight && (addend === undefined || suits(ws, addend, to, places));
  }
  return false;
}

/** An operand that is sliced along, or a constant that is the same for all positions. */
function suits(ws: Workspace, name: string, to: 'apart' | 'flat', places: Places): boolean {
  const tensor = ws.constant(name);
  if (tensor === null) return layout(ws.fact(name), places) === to;
  const { dims } = tensor;
  const rank = to === 'apart' ? 3 : 2;
  return dims.length <= rank && dims.slice(0, -1).every((dim) => dim === 1);
}

/** The positions of a value that an input names, in the value's own layout. */
export function pick(ws: Workspace, name: string, scored: string, before: Node): string {
  const dims = ws.dims(name)!;
  const width = dims.at(-1)!;
  const gather = (from: string) =>
    ws.insert(before, 'Gather', [from, scored], { axis: { int: 0 } });
  if (dims.length === 2) return gather(name);
  const flat = ws.insert(before, 'Reshape', [name, ws.add(ints([-1, width]), 'shape')]);
  return ws.insert(before, 'Reshape', [gather(flat), ws.add(ints([1, -1, width]), 'shape')]);
}

/** A reshape between the layouts goes to the sliced ones. */
function retarget(ws: Workspace, node: Node, inputs: string[]): string[] {
  if (node.op !== 'Reshape') return inputs;
  const dims = ws.dims(node.outputs[0]!)!;
  const width = dims.at(-1)!;
  const target = dims.length === 2 ? [-1, width] : [1, -1, width];
  return [inputs[0]!, ws.add(ints(target), 'shape')];
}

/** The new input; gives its name. */
function addPort(ws: Workspace): string {
  const { items } = ws.graph;
  const name = ws.unused(SCORED_INPUT);
  const last = items.findLastIndex((item) => item.kind === 'input');
  const port = { kind: 'input', name, elementType: TYPE.int64, dims: ['?'] } as const;
  items.splice(last + 1, 0, { ...port, raw: null });
  ws.readPorts();
  return name;
}

function openOutput(ws: Workspace, logits: string): void {
  ws.graph.items.forEach((item, k) => {
    if (item.kind !== 'output' || item.name !== logits || item.dims?.length !== 3) return;
    ws.graph.items[k] = { ...item, dims: [1, '?', item.dims[2]!], raw: null };
  });
}
