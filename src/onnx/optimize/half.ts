/**
 * Conversion of weights and activations from fp32 to fp16.
 *
 * Operators that are known to be sound in halves take them; all others keep fp32 behind casts, so
 * that sums of squares, exponentials and positions lose nothing. The logits come out in fp16 where
 * their operator is one of the first.
 */

import { plural } from '../../words.js';
import { TYPE } from '../element-types.js';
import { countBeyond } from '../float16.js';
import { makeNode, type Node } from '../graph.js';
import { Tensor } from '../tensor.js';
import { exactNodes } from './exact.js';
import { DOMAIN, halvedInputs } from './own-operators.js';
import type { Workspace } from './workspace.js';

const SOUND = new Set(
  [
    'MatMul Gemm MatMulNBits Add Sub Sum Mean Mul Div Neg Abs Min Max Relu LeakyRelu PRelu Tanh Sigmoid',
    'Silu Gelu FastGelu QuickGelu Erf Identity Reshape Transpose Squeeze Unsqueeze Slice Concat Split Gather',
    'Expand Where Softmax SimplifiedLayerNormalization LayerNormalization RotaryEmbedding',
    'SkipSimplifiedLayerNormalization RMSNormalization',
    'GroupQueryAttention MultiHeadAttention Attention Cast',
  ]
    .join(' ')
    .split(' '),
);

interface Halved {
  /** Initializers that became fp16; where none did, casts to fp32 that went. */
  readonly weights: number;
  readonly left: readonly string[];
}

/** @param recurrent nodes that keep fp32 whatever they compute */
export function toHalf(
  ws: Workspace,
  logits: string | null,
  recurrent: ReadonlySet<Node> = new Set(),
): Halved {
  ws.refresh();
  const { nodes } = ws.graph;
  const controls = nodes.some((node) =>
    [...node.attributes.values()].some(({ captures }) => captures.length > 0),
  );
  if (controls) return { weights: 0, left: ['fp16: the model has control flow'] };
  const unknown = nodes.find((node) => node.outputs.some((name) => name && !ws.fact(name).type));
  if (unknown !== undefined) {
    return { weights: 0, left: [`fp16: the type that ${unknown.op} gives is not known`] };
  }
  const norms = inHalves(ws) ? nodes.filter((node) => isMeanSquare(ws, node)).length : 0;
  if (norms > 0) {
    return {
      weights: 0,
      left: [`fp16: in halves itself, norms for the runtime to fuse: ${norms}`],
    };
  }
  const halver = new Halver(ws, new Set([...exactNodes(ws), ...recurrent]));
  for (const node of ws.walk()) halver.node(node);
  halver.outputs(logits);
  return { weights: halver.weights || halver.casts, left: halver.left() };
}

const PRODUCTS = new Set(['MatMul', 'Gemm', 'MatMulNBits']);

/**
 * Whether the graph was exported in halves: it says itself what keeps fp32. Weights that are only stored in them do
 * not make it so.
 */
function inHalves(ws: Workspace): boolean {
  const isHalf = (name: string | undefined) => ws.fact(name ?? '').type === TYPE.float16;
  return ws.graph.nodes.some(({ op, outputs }) => PRODUCTS.has(op) && isHalf(outputs[0]));
}

/** The middle of a norm in fp32 behind casts. The runtime fuses it as it is, and not with casts inside. */
function isMeanSquare(ws: Workspace, node: Node): boolean {
  const square = node.op === 'ReduceMean' ? ws.producer(node.inputs[0]!) : undefined;
  return square?.op === 'Pow' || (square?.op === 'Mul' && square.inputs[0] === square.inputs[1]);
}

class Halver {
  weights = 0;
  /** To fp32, which are to fp16 now. */
  casts = 0;
  private clamped = 0;
  /** A value in the other type, by its name and that type. */
  private readonly twins = new Map<string, string>();
  private readonly kept = new Map<string, number>();

  constructor(
    private readonly ws: Workspace,
    private readonly exact: ReadonlySet<Node>,
  ) {}

  node(node: Node): void {
    const { ws } = this;
    const floats = node.inputs.filter((name) => name !== '' && this.isReal(name));
    const produces = node.outputs.some((name) => name !== '' && this.isReal(name));
    if (floats.length === 0 && !produces) return;
    const sound = this.isSound(node) && !this.exact.has(node);
    if (!sound) this.kept.set(node.op, (this.kept.get(node.op) ?? 0) + 1);
    const type = sound ? TYPE.float16 : TYPE.float32;
    // Tables, factors and gains of the operators of our own stay as they are.
    const halved = node.domain === DOMAIN ? halvedInputs(node) : node.inputs.length;
    const inputs = node.inputs.map((name, k) =>
      name !== '' && this.isReal(name)
        ? this.as(name, k < halved ? type : TYPE.float32, node)
        : name,
    );
    // A cast to fp32 was for the sake of precision that is given up here.
    const toFloat = sound && node.op === 'Cast' && ws.number(node, 'to') === TYPE.float32;
    if (toFloat) {
      this.casts++;
      ws.swap(node, makeNode('Cast', inputs, node.outputs, { to: { int: type } }));
    } else ws.change(node, { inputs });
  }

  private isReal(name: string): boolean {
    const { type } = this.ws.fact(name);
    return type === TYPE.float32 || type === TYPE.float16;
  }

  private isSound(node: Node): boolean {
    if (node.domain === DOMAIN) return halvedInputs(node) > 0;
    if (!SOUND.has(node.op) || (node.domain !== '' && node.domain !== 'com.microsoft'))
      return false;
    // A cast of integers may be of positions, which halves cannot count beyond 2048.
    return node.op !== 'Cast' || this.isReal(node.inputs[0]!);
  }

  /** The value in that type: itself, another initializer, or a cast of it. */
  private as(name: string, type: number, before: Node): string {
    const { ws } = this;
    if (ws.fact(name).type === type) return name;
    const key = `${type}:${name}`;
    const twin = this.twins.get(key);
    if (twin !== undefined) return twin;
    const tensor = ws.constant(name);
    let made: string;
    if (tensor === null) made = ws.insert(before, 'Cast', [name], { to: { int: type } });
    else {
      made = ws.add(new Tensor(type, tensor.dims, tensor.values, tensor.stored), 'half');
      if (type === TYPE.float16) {
        this.weights++;
        this.clamped += countBeyond(tensor.values);
      }
    }
    this.twins.set(key, made);
    return made;
  }

  /** Logits stay in halves, and say so; other outputs are given in the type that they declare. */
  outputs(logits: string | null): void {
    const { ws } = this;
    for (const port of ws.graph.ports('output')) {
      const { type } = ws.fact(port.name);
      if (type === port.elementType || type === 0) continue;
      const at = ws.graph.items.indexOf(port);
      if (port.name === logits) ws.graph.items[at] = { ...port, elementType: type, raw: null };
      else this.restore(port.name, port.elementType);
    }
  }

  private restore(name: string, type: number): void {
    const { ws } = this;
    const node = ws.producer(name);
    if (node === undefined) return;
    const inner = ws.detach(node, name);
    // Who reads it in the graph goes on with halves.
    for (const user of ws.consumers(name)) {
      ws.change(user, { inputs: user.inputs.map((input) => (input === name ? inner : input)) });
    }
    ws.append('Cast', [inner], [name], { to: { int: type } });
  }

  left(): string[] {
    const kept = [...this.kept].map(([op, count]) => `fp16: left in fp32: ${count} ${op}`);
    if (this.clamped > 0) kept.push(`fp16: cut to 65504: ${plural(this.clamped, 'constant')}`);
    return kept;
  }
}
