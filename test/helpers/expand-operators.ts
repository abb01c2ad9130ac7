/**
 * The operators of our own written out in ONNX's, in float64: what they mean, as native/src/operators/operators.h
 * says it, for a runtime that does not know them.
 */
import { TYPE } from '#bpb/onnx/element-types';
import { type Node, OnnxGraph } from '#bpb/onnx/graph';
import { Workspace } from '#bpb/onnx/optimize/workspace';
import { ints, Tensor } from '#bpb/onnx/tensor';
import type { AttributeValue } from '#bpb/onnx/writer';

/** The model without them; the same bytes where there are none. */
export function expanded(model: Uint8Array): Uint8Array {
  const graph = OnnxGraph.parse(model, 'rewritten.onnx');
  const ws = new Workspace(graph);
  const own = graph.nodes.filter(({ domain }) => domain === 'bpb');
  if (own.length === 0) return model;
  for (const node of own) {
    const expand = EXPANSIONS[node.op];
    if (expand === undefined) throw new Error(`no expansion of ${node.op}`);
    const results = expand(new Expansion(ws, node));
    const type = ws.fact(node.inputs[0]!).type;
    // The values keep their names: the casts stand before the node that gave them and goes.
    node.outputs.forEach((name, k) => {
      if (name !== '') ws.insert(node, 'Cast', [results[k]!], { to: { int: type } }, '', [name]);
    });
    ws.remove(node);
  }
  return graph.serialize();
}

class Expansion {
  constructor(
    private readonly ws: Workspace,
    readonly node: Node,
  ) {}

  op(op: string, inputs: string[], attributes: Record<string, AttributeValue> = {}): string {
    return this.ws.insert(this.node, op, inputs, attributes);
  }

  number(name: string): number {
    const value = this.ws.number(this.node, name);
    if (value === undefined) throw new Error(`${this.node.op} without ${name}`);
    return value;
  }

  /** An input in float64; null where it is left out. */
  input(k: number): string | null {
    const name = this.node.inputs[k];
    return name ? this.op('Cast', [name], { to: { int: TYPE.float64 } }) : null;
  }

  double(value: number): string {
    return this.ws.add(new Tensor(TYPE.float64, [], Float64Array.of(value)));
  }

  ints(...values: number[]): string {
    return this.ws.add(ints(values));
  }

  /** An integer without axes. */
  integer(value: number): string {
    return this.ws.add(ints([value], []));
  }

  times(x: string, factor: string | null): string {
    return factor === null ? x : this.op('Mul', [x, factor]);
  }

  /** Elements `from` up to `to` of an axis. */
  slice(x: string, axis: number, from: number, to: number): string {
    return this.op('Slice', [x, ...[from, to, axis].map((k) => this.ints(k))]);
  }

  /** x / sqrt(mean(x²) + epsilon) over the last axis. */
  norm(x: string): string {
    const square = this.op('Mul', [x, x]);
    const mean =
      this.ws.opset < 18
        ? this.op('ReduceMean', [square], { axes: { ints: [-1] } })
        : this.op('ReduceMean', [square, this.ints(-1)]);
    return this.op('Div', [
      x,
      this.op('Sqrt', [this.op('Add', [mean, this.double(this.number('epsilon'))])]),
    ]);
  }
}

type Expand = (e: Expansion) => (string | null)[];

const EXPANSIONS: Readonly<Record<string, Expand>> = {
  SumNorm: sumNorm,
  SquaredRelu: squaredRelu,
  SwiGlu: swiGlu,
  SplitNormRotary: splitNormRotary,
  CausalAttention: causalAttention,
  Product: product,
};

function sumNorm(e: Expansion): (string | null)[] {
  const terms: string[] = [];
  for (let k = 0; k < 4; k++) {
    const x = e.input(k);
    if (x === null) break;
    terms.push(e.times(x, e.input(4 + k)));
  }
  const sumOf = (values: string[]) => values.reduce((a, b) => e.op('Add', [a, b]));
  const head = terms.slice(0, e.number('first_terms'));
  const first = head.length === 0 ? null : sumOf(head);
  const rest = terms.slice(head.length);
  const sum = sumOf(first === null ? rest : [e.times(first, e.input(8)), ...rest]);
  const norm = e.node.outputs[2] ? e.times(e.norm(sum), e.input(9)) : null;
  return [first, sum, norm];
}

function product(e: Expansion): string[] {
  const normed = e.number('norm') === 1 ? e.times(e.norm(e.input(0)!), e.input(2)) : e.input(0)!;
  const weights = e.input(1)!;
  const matrix =
    e.number('transposed') === 1
      ? e.op('Transpose', [weights], { perm: { ints: [1, 0] } })
      : weights;
  let y = e.op('MatMul', [normed, matrix]);
  const bias = e.input(3);
  if (bias !== null) y = e.op('Add', [y, bias]);
  if (e.number('squared_relu') === 1) {
    const leaky = e.op('Max', [y, e.op('Mul', [y, e.double(e.number('slope'))])]);
    y = e.op('Mul', [leaky, leaky]);
  }
  y = e.times(y, e.input(4));
  for (const k of [5, 6]) {
    const term = e.input(k);
    if (term !== null) y = e.op('Add', [y, e.times(term, e.input(k + 2))]);
  }
  return [y];
}

function squaredRelu(e: Expansion): string[] {
  const x = e.input(0)!;
  const y = e.op('Max', [x, e.op('Mul', [x, e.double(e.number('slope'))])]);
  return [e.op('Mul', [y, y])];
}

function swiGlu(e: Expansion): string[] {
  const [gate, up] = [e.input(0)!, e.input(1)];
  const halves = up === null ? halvesOf(e, gate) : [gate, up];
  const below = e.op('Add', [e.op('Exp', [e.op('Neg', [halves[0]!])]), e.double(1)]);
  return [e.op('Mul', [e.op('Div', [halves[0]!, below]), halves[1]!])];
}

function halvesOf(e: Expansion, both: string): string[] {
  const shape = e.op('Shape', [both]);
  const width = e.slice(shape, 0, -1, 2 ** 31);
  const half = e.op('Div', [width, e.ints(2)]);
  const axis = e.ints(-1);
  return [e.op('Slice', [both, e.ints(0), half, axis]), e.op('Slice', [both, half, width, axis])];
}

function splitNormRotary(e: Expansion): (string | null)[] {
  const size = e.number('head_size');
  const time = e.number('time');
  const heads = ['q_heads', 'k_heads', 'v_heads'].map((name) => e.number(name));
  const at = e.node.inputs[5];
  const all = heads.reduce((sum, count) => sum + count, 0);
  const leading = at ? [1, -1] : [-1, time];
  const x = e.op('Reshape', [e.input(0)!, e.ints(...leading, all, size)]);
  const index = at ? e.op('Mod', [at, e.ints(time)]) : null;
  const table = (k: number) => {
    const input = e.input(k)!;
    const rows = index === null ? e.slice(input, 0, 0, time) : e.op('Gather', [input, index]);
    return e.op('Reshape', [rows, e.ints(1, -1, 1, e.number('rotary_size') / 2)]);
  };
  let from = 0;
  return heads.map((count, part) => {
    if (count === 0) return null;
    let z = e.slice(x, 2, from, from + count);
    from += count;
    if (part < 2) {
      if (e.number(part === 0 ? 'q_norm' : 'k_norm') === 1) z = e.norm(z);
      const gain = e.input(3 + part);
      z = e.times(z, gain && e.op('Reshape', [gain, e.ints(1, 1, count, size)]));
      if (e.number('rotary_size') > 0) z = rotated(e, z, table(1), table(2));
    }
    return e.op('Reshape', [z, e.ints(...(at ? [1, -1] : [-1, time]), count * size)]);
  });
}

/** Pairs of the first `rotary_size` elements turned by their angles. */
function rotated(e: Expansion, z: string, cos: string, sin: string): string {
  const [size, rotary] = [e.number('head_size'), e.number('rotary_size')];
  const pairs = Array.from({ length: rotary / 2 }, (_, j) => j);
  const interleaved = e.number('interleaved') === 1;
  const places = [0, 1].map((side) =>
    pairs.map((j) => (interleaved ? 2 * j + side : j + (side * rotary) / 2)),
  );
  const [a, b] = places.map((each) =>
    e.op('Gather', [z, e.ints(...each)], { axis: { int: 3 } }),
  ) as [string, string];
  const turned = [
    e.op('Sub', [e.op('Mul', [a, cos]), e.op('Mul', [b, sin])]),
    e.op('Add', [e.op('Mul', [a, sin]), e.op('Mul', [b, cos])]),
  ];
  const rest = e.slice(z, 3, rotary, size);
  const joined = e.op('Concat', [...turned, rest], { axis: { int: 3 } });
  const order = [...places.flat(), ...Array.from({ length: size - rotary }, (_, j) => rotary + j)];
  const inverse = order.map((_, place) => order.indexOf(place));
  return e.op('Gather', [joined, e.ints(...inverse)], { axis: { int: 3 } });
}

/** softmax(scale · q kᵀ + causal mask) v, where query `i` of a row sees the keys up to its own position. */
function causalAttention(e: Expansion): string[] {
  const [heads, shared] = [e.number('q_heads'), e.number('kv_heads')];
  const at = e.node.inputs[3];
  const group = heads / shared;
  const apart = (k: number, count: number, perm: number[]) =>
    e.op('Transpose', [e.op('Reshape', [e.input(k)!, e.ints(0, 0, count, -1)])], {
      perm: { ints: perm },
    });
  const wide = (x: string) =>
    e.op('Gather', [x, e.ints(...Array.from({ length: heads }, (_, j) => Math.floor(j / group)))], {
      axis: { int: 1 },
    });
  let [k, v] = [wide(apart(1, shared, [0, 2, 3, 1])), wide(apart(2, shared, [0, 2, 1, 3]))];
  const one = (axis: number) =>
    e.op('Squeeze', [e.slice(e.op('Shape', [e.node.inputs[1]!]), 0, axis, axis + 1)]);
  const columns = e.op('Range', [e.integer(0), one(1), e.integer(1)]);
  let [q, offset] = [apart(0, heads, [0, 2, 1, 3]), columns];
  if (at) {
    // Each query by itself, with the keys of its row: [count, heads, 1, size].
    const row = e.op('Div', [at, one(1)]);
    [k, v] = [k, v].map((x) => e.op('Gather', [x, row])) as [string, string];
    q = e.op('Transpose', [q], { perm: { ints: [2, 1, 0, 3] } });
    offset = e.op('Reshape', [e.op('Mod', [at, one(1)]), e.ints(-1, 1, 1)]);
  }
  const scores = e.op('Mul', [e.op('MatMul', [q, k]), e.double(e.number('scale'))]);
  const rows = e.op('Unsqueeze', [offset, e.ints(-1)]);
  const masked = e.op('Where', [e.op('LessOrEqual', [columns, rows]), scores, e.double(-1e300)]);
  const y = e.op('MatMul', [e.op('Softmax', [masked], { axis: { int: -1 } }), v]);
  const order = at ? [2, 0, 1, 3] : [0, 2, 1, 3];
  return [e.op('Reshape', [e.op('Transpose', [y], { perm: { ints: order } }), e.ints(0, 0, -1)])];
}
