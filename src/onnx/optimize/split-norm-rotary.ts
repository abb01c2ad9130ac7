/**
 * Queries, keys and values of an attention → one product and SplitNormRotary, which norms, multiplies and
 * rotates each head as it writes it.
 *
 * The columns of the products are put side by side, also where the model has them apart: each column of a
 * product is computed by itself, and the activations are read once.
 */
import { TYPE } from '../element-types.js';
import type { Node } from '../graph.js';
import { count, emptyLike, Tensor } from '../tensor.js';
import { type Chain, chainOf, type Heads, type Rotation } from './head-chain.js';
import { DOMAIN } from './own-operators.js';
import type { Workspace } from './workspace.js';

interface Fused {
  /** SplitNormRotary nodes that were made. */
  readonly count: number;
  /** Attentions whose heads were left, with the reason. */
  readonly left: readonly string[];
}

/** Attributes that give the heads of queries and of keys and values, by operator. */
const HEADS: Readonly<Record<string, readonly [string, string]>> = {
  Attention: ['q_num_heads', 'kv_num_heads'],
  CausalAttention: ['q_heads', 'kv_heads'],
  GroupQueryAttention: ['num_heads', 'kv_num_heads'],
  MultiHeadAttention: ['num_heads', 'num_heads'],
};

/** Rewrites the heads of every fused attention. */
export function fuseSplitNormRotary(ws: Workspace): Fused {
  ws.refresh();
  const tables = new Tables(ws);
  const reasons = new Map<string, number>();
  let made = 0;
  for (const node of ws.walk()) {
    const shapes = headsOf(ws, node);
    if (shapes === null) continue;
    const chains = shapes.map((heads, k) => chainOf(ws, node.inputs[k]!, node, heads));
    for (const part of [0, 1]) {
      const chain = chains[part];
      if (typeof chain === 'string') reasons.set(chain, (reasons.get(chain) ?? 0) + 1);
    }
    const read = chains.map((chain) => (typeof chain === 'string' ? null : chain));
    made += fuse(ws, node, read, tables);
  }
  const left = [...reasons].map(([reason, times]) => `heads: ${times} left, for ${reason}`);
  return { count: made, left };
}

/** Queries, keys and values that the node reads side by side, as the fused operators do; else null. */
function headsOf(ws: Workspace, node: Node): Heads[] | null {
  const names = HEADS[node.op];
  if (names === undefined || node.inputs.length < 3) return null;
  const shapes: Heads[] = [];
  for (const [k, name] of [names[0], names[1], names[1]].entries()) {
    const dims = ws.dims(node.inputs[k]!);
    const heads = ws.number(node, name);
    const [, time, width] = dims ?? [];
    if (dims?.length !== 3 || !time || !width || !heads || width % heads !== 0) return null;
    shapes.push({ heads, time, size: width / heads });
  }
  const [q, k, v] = shapes as [Heads, Heads, Heads];
  const alike = [k, v].every(({ size, time }) => size === q.size && time === q.time);
  return alike ? shapes : null;
}

/** Gives how many operators stand before the attention now. */
function fuse(
  ws: Workspace,
  node: Node,
  [q, k, v]: readonly (Chain | null | undefined)[],
  tables: Tables,
): number {
  const worth = (chain: Chain | null | undefined) =>
    chain !== null &&
    chain !== undefined &&
    (chain.epsilon ?? chain.gain ?? chain.rotation) !== null;
  const together = q && k && (worth(q) || worth(k)) && q.x === k.x && agree(tables, q, k);
  // Values are copied where that moves no more than another product that reads all of x.
  const cheap = v && 2 * v.heads * v.size <= v.weights.dims[0]!;
  const plain = cheap && !worth(v) ? v : null;
  const groups: Group[] = [];
  if (together) groups.push({ q, k, v: plain?.x === q.x ? plain : null });
  else {
    if (q && worth(q)) groups.push({ q, k: null, v: null });
    if (k && worth(k)) groups.push({ q: null, k, v: plain?.x === k.x ? plain : null });
  }
  const inputs = [...node.inputs];
  for (const group of groups) {
    for (const [part, name] of emit(ws, node, group, tables).entries()) {
      if (name !== '') inputs[part] = name;
    }
  }
  if (groups.length > 0) ws.change(node, { inputs });
  return groups.length;
}

/** The heads that one operator gives. */
interface Group {
  readonly q: Chain | null;
  readonly k: Chain | null;
  readonly v: Chain | null;
}

/** Whether one rotation and one epsilon do for both. */
function agree(tables: Tables, q: Chain, k: Chain): boolean {
  if (q.epsilon !== null && k.epsilon !== null && q.epsilon !== k.epsilon) return false;
  const [a, b] = [q.rotation, k.rotation];
  if (a === null || b === null) return a === b;
  const same = (['cos', 'sin'] as const).every(
    (name) => tables.of(q, a, name) === tables.of(k, b, name),
  );
  return same && a.size === b.size && a.interleaved === b.interleaved;
}

/** Tables of rotations in fp32, `[time, size / 2]`, of which all layers read the same. */
class Tables {
  private readonly made: { name: string; columns: number; values: Float32Array }[] = [];

  constructor(private readonly ws: Workspace) {}

  /** The name of a table that holds the rows in use. */
  of({ time }: Heads, rotation: Rotation, which: 'cos' | 'sin'): string {
    const columns = rotation.size / 2;
    const given = this.ws.constant(rotation[which])!.dense().values;
    const values = Float32Array.from(given.subarray(0, time * columns));
    const known = this.made.find(
      (table) =>
        table.columns === columns &&
        table.values.length === values.length &&
        table.values.every((value, k) => value === values[k]),
    );
    if (known !== undefined) return known.name;
    const name = this.ws.add(new Tensor(TYPE.float32, [time, columns], values), 'rotary');
    this.made.push({ name, columns, values });
    return name;
  }
}

/** Puts the product and the operator before the node; gives the names of queries, keys and values, or ''. */
function emit(ws: Workspace, node: Node, group: Group, tables: Tables): string[] {
  const parts = [group.q, group.k, group.v];
  const chains = parts.filter((chain) => chain !== null);
  const [first] = chains as [Chain];
  let x = ws.insert(node, 'MatMul', [first.x, ws.add(columns(chains), 'weights')]);
  const bias = joined(chains, (chain) => chain.bias, 0);
  if (bias !== null) {
    const tensor = new Tensor(first.weights.type, [bias.length], bias);
    x = ws.insert(node, 'Add', [x, ws.add(tensor, 'bias')]);
  }
  const { rotation } = (group.q ?? group.k)!;
  const table = (which: 'cos' | 'sin') =>
    rotation === null ? '' : tables.of(first, rotation, which);
  const gain = (chain: Chain | null) =>
    chain?.gain ? ws.add(new Tensor(TYPE.float32, [chain.gain.length], chain.gain), 'gain') : '';
  const inputs = [x, table('cos'), table('sin'), gain(group.q), gain(group.k)];
  const outputs = parts.map((chain, k) => (chain === null ? '' : ws.fresh('qkv'[k]!)));
  const int = (value: number | undefined) => ({ int: value ?? 0 });
  const attributes = {
    time: int(first.time),
    q_heads: int(group.q?.heads),
    k_heads: int(group.k?.heads),
    v_heads: int(group.v?.heads),
    head_size: int(first.size),
    rotary_size: int(rotation?.size),
    interleaved: int(rotation?.interleaved),
    q_norm: int(group.q?.epsilon == null ? 0 : 1),
    k_norm: int(group.k?.epsilon == null ? 0 : 1),
    epsilon: { float: group.q?.epsilon ?? group.k?.epsilon ?? 0 },
  };
  ws.insert(node, 'SplitNormRotary', trimmed(inputs), attributes, DOMAIN, outputs);
  return outputs;
}

/** Without the inputs at the end that are left out. */
function trimmed(inputs: readonly string[]): string[] {
  return inputs.slice(0, inputs.findLastIndex((name) => name !== '') + 1);
}

/** The weights of all, column beside column. */
function columns(chains: readonly Chain[]): Tensor {
  const matrices = chains.map(({ weights }) => weights.dense());
  const [first] = matrices as [Tensor];
  const [height, width] = [first.dims[0]!, matrices.reduce((sum, { dims }) => sum + dims[1]!, 0)];
  const values = emptyLike(first.values, count([height, width]));
  let from = 0;
  for (const { dims, values: part } of matrices) {
    const own = dims[1]!;
    for (let row = 0; row < height; row++)
      values.set(part.subarray(row * own, (row + 1) * own), row * width + from);
    from += own;
  }
  return new Tensor(first.type, [height, width], values);
}

/** What the chains have for each channel, one after the other; null where none has any. */
function joined(
  chains: readonly Chain[],
  of: (chain: Chain) => Float32Array | null,
  missing: number,
): Float32Array | null {
  if (chains.every((chain) => of(chain) === null)) return null;
  return Float32Array.from(
    chains.flatMap((chain) => {
      return Array.from(of(chain) ?? new Float32Array(chain.heads * chain.size).fill(missing));
    }),
  );
}
