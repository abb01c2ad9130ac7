/**
 * Fused attention operators: the inputs and attributes that each of them takes.
 */

import { TYPE } from '../element-types.js';
import type { Node } from '../graph.js';
import { ints, Tensor } from '../tensor.js';
import { flattened, type HeadDims, headDims, repeated, unflattened, ungrouped } from './heads.js';
import { DOMAIN } from './own-operators.js';
import { MICROSOFT, type Workspace } from './workspace.js';

/**
 * `standard`: ai.onnx Attention-23, one kernel on CUDA. `gqa`: GroupQueryAttention, for graphs that
 * have to stay below opset 23; on CUDA it exists in fp16 and bf16 only, and writes keys and values
 * once more. `mha`: MultiHeadAttention, which wants grouped heads repeated, and finds them so. `causal`:
 * CausalAttention of our own, on the CPU in fp32.
 */
export type Fused = 'standard' | 'gqa' | 'mha' | 'causal';

export const OPERATOR: Readonly<Record<Fused, string>> = {
  standard: 'Attention',
  gqa: 'GroupQueryAttention',
  mha: 'MultiHeadAttention',
  causal: 'CausalAttention',
};

export interface Parts {
  readonly q: string;
  /** `[B, H, T, h]`, not transposed. */
  readonly k: string;
  readonly v: string;
  readonly scale: number;
}

/** Puts the fused operator in the node's place; a sentence where the parts do not suit it. */
export function emitAttention(
  ws: Workspace,
  node: Node,
  parts: Parts,
  fused: Fused,
): string | null {
  const { q, scale } = parts;
  if (ws.fact(q).type === TYPE.float64) return 'the fused operators do not take float64';
  if (fused === 'causal' && ws.fact(q).type !== TYPE.float32)
    return 'CausalAttention computes in fp32 alone';
  const grouped = fused !== 'mha';
  let [k, v] = grouped ? [ungrouped(ws, parts.k), ungrouped(ws, parts.v)] : [parts.k, parts.v];
  const [queries, keys, values] = [headDims(ws, q), headDims(ws, k), headDims(ws, v)];
  if (queries === null || keys === null || values === null) return 'a shape is not known';
  const { heads, time, width } = queries;
  const alike = keys.heads === values.heads && keys.width === width && values.width === width;
  if (!alike || keys.time !== time || values.time !== time)
    return 'keys and queries differ in shape';
  if (heads % keys.heads !== 0) return `${heads} heads of queries and ${keys.heads} of keys`;
  const rows = [keys, values].every(({ batch }) => batch === queries.batch);
  const perRow = [k, v].every((name) => ws.fact(name).perRow === ws.fact(q).perRow);
  if (!rows || !perRow || !ws.sameShape(q, node.outputs[0]!))
    return 'rows or heads are repeated on its way';
  if (!(scale > 0)) return `its scale is ${scale}, which the fused operators do not take`;
  if (fused === 'gqa' && width % 8 !== 0) return `heads of width ${width}, not a multiple of 8`;
  if (!grouped && keys.heads < heads) {
    [k, v] = [repeated(ws, k, heads / keys.heads, node), repeated(ws, v, heads / keys.heads, node)];
  }
  const flat = [q, k, v].map((name) => flattened(ws, name, node));
  const output = EMITTERS[fused](ws, node, flat, { ...queries, kvHeads: keys.heads, scale });
  ws.replace(node, unflattened(ws, output, queries, node));
  return null;
}

interface Shape extends HeadDims {
  readonly kvHeads: number;
  readonly scale: number;
}

/** Puts the operator before the node; gives its output, `[B, T, H·h]`. */
type Emitter = (ws: Workspace, node: Node, qkv: readonly string[], shape: Shape) => string;

const EMITTERS: Readonly<Record<Fused, Emitter>> = {
  standard: (ws, node, qkv, { heads, kvHeads, scale }) =>
    ws.insert(node, 'Attention', qkv, {
      is_causal: { int: 1 },
      q_num_heads: { int: heads },
      kv_num_heads: { int: kvHeads },
      scale: { float: scale },
    }),

  gqa(ws, node, qkv, shape) {
    const inputs = [...qkv, '', '', lengths(ws, node, shape), total(ws, shape.time)];
    // CUDA's kernel writes the present keys and values whether they are read or not.
    const outputs = ['attention', 'present_key', 'present_value'].map((name) => ws.fresh(name));
    const attributes = {
      num_heads: { int: shape.heads },
      kv_num_heads: { int: shape.kvHeads },
      scale: { float: shape.scale },
    };
    return ws.insert(node, 'GroupQueryAttention', inputs, attributes, MICROSOFT, outputs);
  },

  mha: (ws, node, qkv, { heads, scale }) =>
    ws.insert(
      node,
      'MultiHeadAttention',
      qkv,
      { num_heads: { int: heads }, scale: { float: scale }, unidirectional: { int: 1 } },
      MICROSOFT,
    ),

  causal: (ws, node, qkv, { heads, kvHeads, scale }) =>
    ws.insert(
      node,
      'CausalAttention',
      qkv,
      { q_heads: { int: heads }, kv_heads: { int: kvHeads }, scale: { float: scale } },
      DOMAIN,
    ),
};

/** `seqlens_k`: the last position of each row, int32 `[batch]`. */
function lengths(ws: Workspace, node: Node, { batch, time }: HeadDims): string {
  const last = new Tensor(TYPE.int32, [1], Float64Array.of(time - 1));
  if (batch === null) {
    const [input] = ws.graph.ports('input');
    const axes = ws.insert(node, 'Shape', [input!.name]);
    const rows = ws.insert(node, 'Gather', [axes, ws.add(ints([0]), 'batch')]);
    return ws.insert(node, 'Expand', [ws.add(last, 'last'), rows]);
  }
  const values = new Float64Array(batch).fill(time - 1);
  return ws.add(new Tensor(TYPE.int32, [batch], values), 'last');
}

function total(ws: Workspace, time: number): string {
  return ws.add(new Tensor(TYPE.int32, [1], Float64Array.of(time)), 'total');
}
