/**
 * Causal attention, spelled out or as ai.onnx Attention, → com.microsoft GroupQueryAttention or
 * MultiHeadAttention: no T × T matrix in memory, no masks, grouped heads not repeated.
 *
 * Only what is exactly causal softmax(q kᵀ · scale) v is rewritten. Anything else between the two
 * products (a softcap, a bias, another mask, a dropped position) leaves it as it is.
 */
import type { Node } from '../graph.js';
import { ELEMENT, ints, Tensor } from '../tensor.js';
import { blocked } from './blocked.js';
import {
  flattened,
  type HeadDims,
  headDims,
  repeated,
  unflattened,
  ungrouped,
  untransposed,
} from './heads.js';
import { isCausalBias, isCausalCondition, isNever } from './mask.js';
import { bind, either, findClosed, maybeCast, op, type Pattern, scalar } from './match.js';
import { normalAxis } from './movement.js';
import { MICROSOFT, type Workspace } from './workspace.js';

/**
 * `gqa`: GroupQueryAttention, which on CUDA exists in fp16 and bf16 only. `mha`:
 * MultiHeadAttention, for fp32 as well; it wants grouped heads repeated, and finds them so.
 */
export type Fused = 'gqa' | 'mha';

export interface Attended {
  readonly count: number;
  /** Attentions that were found and left, with the reason. */
  readonly left: readonly string[];
}

export interface Parts {
  readonly q: string;
  /** `[B, H, T, h]`, not transposed. */
  readonly k: string;
  readonly v: string;
  readonly scale: number;
}

export function fuseAttention(ws: Workspace, fused: Fused): Attended {
  ws.refresh();
  const left: string[] = [];
  let count = 0;
  for (const node of ws.walk()) {
    if (node.domain !== '') continue;
    const read = READERS[node.op];
    const parts = read === undefined ? null : read(ws, node);
    if (parts === null) continue;
    const problem = typeof parts === 'string' ? parts : emit(ws, node, parts, fused);
    if (problem === null) count++;
    else left.push(`attention at ${node.outputs[0]}: ${problem}`);
  }
  return { count, left };
}

/** Parts of an attention; a sentence where it is one that stays; null where it is none. */
type Reader = (ws: Workspace, node: Node) => Parts | string | null;

const READERS: Readonly<Record<string, Reader>> = {
  Attention: standard,
  MatMul: spelled,
  Concat: blocked,
};

/** A scale may stand on the scores, on the queries, on the keys, or in halves on both. */
function scaledBy(pattern: Pattern, name: string): Pattern {
  return either(
    op('Mul', [pattern, scalar(name)]),
    op('Div', [pattern, scalar(`1/${name}`)]),
    pattern,
  );
}

const scores = maybeCast(
  scaledBy(
    maybeCast(op('MatMul', [scaledBy(bind('q'), 'query'), scaledBy(bind('k'), 'key')])),
    'score',
  ),
);

/** Scores with what is added to them or put in their place; which of these are causal is asked later. */
const masked = maybeCast(
  either(
    op('Add', [scores, bind('bias')]),
    op('Where', [bind('keep'), scores, scalar('never')]),
    op('Where', [bind('drop'), scalar('never'), scores]),
    scores,
  ),
);

const softmax = op('Softmax', [masked], (ws, node) => {
  const rank = ws.dims(node.inputs[0]!)?.length ?? 0;
  return rank === 4 && normalAxis(ws.number(node, 'axis') ?? -1, rank) === 3;
});
/** Rows without a single key would be NaN; a causal row has its own. */
const guarded = either(softmax, op('Where', [op('IsNaN', [softmax]), scalar(0), softmax]));
const weighted = op('MatMul', [maybeCast(guarded), bind('v')]);

function spelled(ws: Workspace, node: Node): Parts | string | null {
  const found = findClosed(ws, node.outputs[0]!, weighted);
  if (found === null)
    return comesFromSoftmax(ws, node) ? 'not a plain masked softmax of q kᵀ' : null;
  const { values, numbers } = found;
  const queries = headDims(ws, values.get('q')!);
  if (queries === null) return 'the shape of its queries is not known';
  const { time } = queries;
  const mask = (name: string) => {
    const value = values.get(name);
    return value === undefined ? null : ws.constant(value);
  };
  const [bias, keep, drop] = [mask('bias'), mask('keep'), mask('drop')];
  const causal =
    (bias !== null && isCausalBias(bias, time)) ||
    (isNever(numbers.get('never')) &&
      ((keep !== null && isCausalCondition(keep, time, true)) ||
        (drop !== null && isCausalCondition(drop, time, false))));
  if (!causal) return 'its mask is not the causal one';
  const factor = (name: string) => (numbers.get(name) ?? 1) / (numbers.get(`1/${name}`) ?? 1);
  const k = untransposed(ws, values.get('k')!, node);
  if (k === null) return 'its keys are not transposed in a known way';
  const scale = factor('query') * factor('key') * factor('score');
  return { q: values.get('q')!, k, v: values.get('v')!, scale };
}

function comesFromSoftmax(ws: Workspace, node: Node): boolean {
  const weights = ws.producer(node.inputs[0] ?? '');
  return weights?.op === 'Softmax' && ws.dims(node.inputs[0]!)?.length === 4;
}

/** ai.onnx Attention-23 on `[B, H, T, h]`. */
function standard(ws: Workspace, node: Node): Parts | string {
  const [q, k, v, mask, ...past] = node.inputs as [string, string, string, ...string[]];
  const dims = headDims(ws, q);
  if (dims === null) return 'its inputs are not [batch, heads, time, width]';
  if (past.some((name) => name !== '')) return 'it has a past';
  if (node.outputs.slice(1).some((name) => name !== '')) return 'it gives more than its result';
  if ((ws.number(node, 'softcap') ?? 0) !== 0) return 'its scores have a softcap';
  const bias = mask ? ws.constant(mask) : null;
  const causal = ws.number(node, 'is_causal') === 1;
  if (mask) {
    if (bias === null) return 'its mask is not a constant';
    const boolean = bias.type === ELEMENT.bool;
    const fits = boolean ? isCausalCondition(bias, dims.time, true) : isCausalBias(bias, dims.time);
    if (!fits) return 'its mask is not the causal one';
  } else if (!causal) return 'it is not causal';
  const scale = ws.number(node, 'scale') ?? 1 / Math.sqrt(dims.width);
  return { q, k, v, scale };
}

/** Puts the fused operator in the node's place; a sentence where the parts do not suit it. */
function emit(ws: Workspace, node: Node, parts: Parts, fused: Fused): string | null {
  const { q, scale } = parts;
  const grouped = fused === 'gqa';
  let [k, v] = grouped ? [ungrouped(ws, parts.k), ungrouped(ws, parts.v)] : [parts.k, parts.v];
  const [queries, keys, values] = [headDims(ws, q), headDims(ws, k), headDims(ws, v)];
  if (queries === null || keys === null || values === null) return 'a shape is not known';
  const { heads, time, width } = queries;
  const alike = keys.heads === values.heads && keys.width === width && values.width === width;
  if (!alike || keys.time !== time || values.time !== time)
    return 'keys and queries differ in shape';
  if (heads % keys.heads !== 0) return `${heads} heads of queries and ${keys.heads} of keys`;
  if (scale === 0) return 'its scale is 0, which the fused operators take for their default';
  if (grouped && width % 8 !== 0) return `heads of width ${width}, not a multiple of 8`;
  if (!grouped && keys.heads < heads) {
    [k, v] = [repeated(ws, k, heads / keys.heads, node), repeated(ws, v, heads / keys.heads, node)];
  }
  const flat = [q, k, v].map((name) => flattened(ws, name, node));
  const scaled = { num_heads: { int: heads }, scale: { float: scale } };
  let output: string;
  if (grouped) {
    const inputs = [...flat, '', '', lengths(ws, node, queries), total(ws, time)];
    // CUDA's kernel writes the present keys and values whether they are read or not.
    const outputs = ['attention', 'present_key', 'present_value'].map((name) => ws.fresh(name));
    const attributes = { ...scaled, kv_num_heads: { int: keys.heads } };
    output = ws.insert(node, 'GroupQueryAttention', inputs, attributes, MICROSOFT, outputs);
  } else {
    const attributes = { ...scaled, unidirectional: { int: 1 } };
    output = ws.insert(node, 'MultiHeadAttention', flat, attributes, MICROSOFT);
  }
  ws.replace(node, unflattened(ws, output, queries, node));
  return null;
}

/** `seqlens_k`: the last position of each row, int32 `[batch]`. */
function lengths(ws: Workspace, node: Node, { batch, time }: HeadDims): string {
  const last = new Tensor(ELEMENT.int32, [1], Float64Array.of(time - 1));
  if (batch === null) {
    const [input] = ws.graph.ports('input');
    const axes = ws.insert(node, 'Shape', [input!.name]);
    const rows = ws.insert(node, 'Gather', [axes, ws.add(ints([0]), 'batch')]);
    return ws.insert(node, 'Expand', [ws.add(last, 'last'), rows]);
  }
  const values = new Float64Array(batch).fill(time - 1);
  return ws.add(new Tensor(ELEMENT.int32, [batch], values), 'last');
}

function total(ws: Workspace, time: number): string {
  return ws.add(new Tensor(ELEMENT.int32, [1], Float64Array.of(time)), 'total');
}
