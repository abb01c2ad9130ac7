/**
 * Causal attention, spelled out or as ai.onnx Attention, → one fused operator (attention-emit.ts):
 * no T × T matrix in memory, no masks, grouped heads not repeated.
 *
 * Only what is exactly causal softmax(q kᵀ · scale) v is rewritten. Anything else between the two
 * products (a softcap, a bias, another mask, a dropped position) leaves it as it is.
 */

import { TYPE } from '../element-types.js';
import type { Node } from '../graph.js';
import { emitAttention, type Fused, OPERATOR, type Parts } from './attention-emit.js';
import { blocked } from './blocked.js';
import { headDims, untransposed } from './heads.js';
import { isCausalBias, isCausalCondition, isNever } from './mask.js';
import { bind, either, findClosed, maybeCast, op, type Pattern, scalar } from './match.js';
import { normalAxis } from './movement.js';
import { raiseForAttention } from './opset.js';
import type { Workspace } from './workspace.js';

interface Attended {
  readonly count: number;
  /** What they became: another than asked for where the graph has to stay below its opset. */
  readonly fused: Fused;
  /** Attentions that were found and left, with the reason. */
  readonly left: readonly string[];
}

export function fuseAttention(ws: Workspace, wanted: Fused, instead: Fused): Attended {
  ws.refresh();
  const left: string[] = [];
  // Outputs of those that stay, by reason: layers are alike.
  const staying = new Map<string, string[]>();
  let fused = wanted;
  let count = 0;
  for (const node of ws.walk()) {
    if (node.domain !== '') continue;
    const read = READERS[node.op];
    const parts = read === undefined ? null : read(ws, node);
    if (parts === null) continue;
    if (typeof parts !== 'string' && fused === 'standard') {
      const older = raiseForAttention(ws);
      if (older !== null) {
        left.push(`attention: ${OPERATOR[instead]} in place of ai.onnx Attention, for ${older}`);
        fused = instead;
      }
    }
    const problem = typeof parts === 'string' ? parts : emitAttention(ws, node, parts, fused);
    if (problem === null) count++;
    else staying.set(problem, [...(staying.get(problem) ?? []), node.outputs[0]!]);
  }
  for (const [problem, [first, ...others]] of staying) {
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    left.push(`attention at ${first}${more}: ${problem}`);
  }
  return { count, fused, left };
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
  // Without an axis it is the last one since opset 13, and all from the second on before.
  const axis = ws.number(node, 'axis') ?? (ws.opset < 13 ? 1 : -1);
  return rank === 4 && normalAxis(axis, rank) === 3;
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
    const boolean = bias.type === TYPE.bool;
    const fits = boolean ? isCausalCondition(bias, dims.time, true) : isCausalBias(bias, dims.time);
    if (!fits) return 'its mask is not the causal one';
  } else if (!causal) return 'it is not causal';
  const scale = ws.number(node, 'scale') ?? 1 / Math.sqrt(dims.width);
  return { q, k, v, scale };
}
