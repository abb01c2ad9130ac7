/**
 * Static inference for the operators of this project's own.
 */
import type { Node } from '../graph.js';
import type { Fact, Lookup } from './facts.js';
import type { Rule } from './infer-moves.js';

/** All outputs are as the first input: sums, norms and what works element by element. */
const same: Rule = (_, node, [x]) => (x ? node.outputs.map(() => x) : null);

/** `[gate, up]`, or both side by side along the last axis. */
const swiGlu: Rule = (_, __, [x, up]) => {
  if (!x || up) return x ? [x] : null;
  const width = x.dims?.at(-1);
  if (!x.dims || !width || width % 2 !== 0) return [{ type: x.type }];
  return [{ ...x, dims: [...x.dims.slice(0, -1), width / 2] }];
};

/** `[…, W]` → `[N / time, time, heads · size]` for each part; `[1, count, heads · size]` at given positions. */
const splitNormRotary: Rule = (lookup, node, [x]) => {
  if (!x?.dims || x.dims.length < 2) return x ? node.outputs.map(() => ({ type: x.type })) : null;
  const leading = leadingAxes(x, node.inputs[5] ? null : (lookup.number(node, 'time') ?? 0));
  if (leading === null) return node.outputs.map(() => ({ type: x.type }));
  const size = lookup.number(node, 'head_size') ?? 0;
  return ['q_heads', 'k_heads', 'v_heads'].map((heads) => ({
    type: x.type,
    dims: [...leading, (lookup.number(node, heads) ?? 0) * size],
    perRow: node.inputs[5] ? x.perRow : 1,
  }));
};

/** Rows of a matrix as rows of the batch, or as one row of `time` null; null where they are none. */
function leadingAxes({ dims, perRow }: Fact, time: number | null): (number | null)[] | null {
  const axes = dims!.slice(0, -1);
  const known = axes.reduce<number>((size, dim) => size * (dim ?? 1), 1);
  const open = axes.filter((dim) => dim === null).length;
  if (open > 1) return null;
  if (time === null) return [1, open === 1 ? null : known];
  if (open === 1) return known * perRow === time ? [null, time] : null;
  return known % time === 0 ? [known / time, time] : null;
}

/** `[…, inner]` times weights `[inner, width]`, or `[width, inner]` transposed → `[…, width]`. */
const product: Rule = (lookup, node, [x, weights]) => {
  const width = weights?.dims?.[lookup.number(node, 'transposed') === 1 ? 0 : 1];
  if (!x?.dims || width === undefined) return x ? [{ type: x.type }] : null;
  return [{ ...x, dims: [...x.dims.slice(0, -1), width], shape: null, constant: null }];
};

const RULES: Readonly<Record<string, Rule>> = {
  SumNorm: same,
  SquaredRelu: same,
  SwiGlu: swiGlu,
  SplitNormRotary: splitNormRotary,
  Product: product,
  // Values are as wide as the keys; with positions, as many queries come out as went in.
  CausalAttention: same,
};

export function ownRule(lookup: Lookup, node: Node, inputs: readonly Fact[]) {
  return RULES[node.op]?.(lookup, node, inputs) ?? null;
}
