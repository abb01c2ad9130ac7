/**
 * Nodes that keep fp32 because of the numbers that they compute with, whatever their operator is.
 *
 * Numbers made of token ids count up to the vocabulary, and halves only to 2,048; what an integer is
 * made of decides which one; and a small number that guards a division is 0 in halves.
 */

import { isFloat, TYPE } from '../element-types.js';
import { countBeyond, roundToHalves } from '../float16.js';
import type { Node } from '../graph.js';
import { isOwn } from './own-operators.js';
import type { Workspace } from './workspace.js';

/** They give numbers of the size of their inputs, or move them. */
const ELEMENTWISE = new Set(
  [
    'Add Sub Sum Mean Mul Div Neg Abs Min Max Identity Cast Sqrt Reciprocal Pow Floor Ceil Round Mod Clip Sign',
    'Reshape Transpose Squeeze Unsqueeze Slice Concat Split Gather Expand Where',
  ]
    .join(' ')
    .split(' '),
);
/** Whose constant may be a guard against zero. */
const GUARDED = new Set(['Add', 'Sub', 'Sum', 'Max', 'Min', 'Mul', 'Div']);

/** The nodes whose floats stay fp32. */
export function exactNodes(ws: Workspace): ReadonlySet<Node> {
  const kept = new Set<Node>();
  const exact = new Set<string>();
  for (const node of ws.walk()) {
    if (node.op === 'Cast' && toInteger(ws, node)) keepMakers(ws, node, kept);
    const whole = isCount(ws, node) || (isElementwise(node) && isGuard(ws, node));
    const reads = isElementwise(node) && node.inputs.some((name) => exact.has(name));
    if (!whole && (!reads || isMask(ws, node))) continue;
    kept.add(node);
    const values = node.inputs.filter((name) => isValue(ws, name));
    if (!whole && !values.every((name) => exact.has(name))) continue;
    for (const name of node.outputs) exact.add(name);
  }
  return kept;
}

function isElementwise(node: Node): boolean {
  if (isOwn(node, 'SumNorm') || isOwn(node, 'SquaredRelu')) return true;
  return node.domain === '' && ELEMENTWISE.has(node.op);
}

/** A float that only a run shows. */
function isValue(ws: Workspace, name: string): boolean {
  return isFloat(ws.fact(name).type) && ws.constant(name) === null;
}

function toInteger(ws: Workspace, node: Node): boolean {
  const to = ws.number(node, 'to') ?? 0;
  return !isFloat(to) && to !== TYPE.bool && isFloat(ws.fact(node.inputs[0]!).type);
}

/** A Cast to an integer and all that it is made of, back to the products and norms. */
function keepMakers(ws: Workspace, cast: Node, kept: Set<Node>): void {
  const nodes = [cast];
  for (let node = nodes.pop(); node !== undefined; node = nodes.pop()) {
    if (kept.has(node) || !isElementwise(node)) continue;
    kept.add(node);
    const floats = node.inputs.filter((name) => isValue(ws, name));
    nodes.push(...floats.flatMap((name) => ws.producer(name) ?? []));
  }
}

/** Integers as floats; booleans are 0 and 1 in halves too. */
function isCount(ws: Workspace, node: Node): boolean {
  const { type } = ws.fact(node.inputs[0] ?? '');
  return node.op === 'Cast' && node.domain === '' && !isFloat(type) && type !== TYPE.bool;
}

/** A sum, product or bound with one number that is 0 in halves. */
function isGuard(ws: Workspace, node: Node): boolean {
  if (!GUARDED.has(node.op)) return false;
  return node.inputs.some((name) => {
    const number = isFloat(ws.fact(name).type) ? ws.constant(name)?.uniform() : undefined;
    return number !== undefined && number !== 0 && roundToHalves([number])[0] === 0;
  });
}

/** A product with a number that halves do not reach, which is made less for a mask: see half.ts. */
function isMask(ws: Workspace, node: Node): boolean {
  if (node.op === 'Div') return false;
  return node.inputs.some((name) => {
    const number = isFloat(ws.fact(name).type) ? ws.constant(name)?.uniform() : undefined;
    return number !== undefined && countBeyond([number]) > 0;
  });
}
