/**
 * Check for a bpb computed with an assumed number of bytes per token (#875, the MDLM record).
 */

import type { Found } from './check-lut.js';
import { constantOf } from './constants.js';
import { bindingOf, type SourceFacts } from './facts.js';
import { dottedName, enclosing, type PyNode, subtree, textOf } from './nodes.js';
import type { Words } from './report.js';

const BPB = /bpb|bits_per_byte|bitsperbyte/i;
const PER_TOKEN = /(?:bytes?|chars?|characters?)_?per_?tok|^bpt$|avg_?(?:token_?)?bytes/i;
/** Values that a bpb has a right to: bits and nats, and the bits of a byte. */
const CONVERSIONS = [Math.LN2, 1 / Math.LN2, 8, 1, 0, -1, Math.E];
/** Names are followed this far from the bpb, over at most this many nodes. */
const FOLLOW_MAX = 4;
const NODES_MAX = 5_000;
/** After this many the point is made. */
const FOUND_MAX = 50;

export function checkConstants(facts: SourceFacts): Found[] {
  const found = new Map<PyNode, Words>();
  const seen = new Set<PyNode>();
  for (const value of bpbExpressions(facts)) {
    for (const node of reachable(facts, value, seen)) {
      const constant = assumedFactor(facts, node);
      if (constant !== null) found.set(node, words(constant));
    }
    if (found.size >= FOUND_MAX) break;
  }
  const flagged = [...found.keys()];
  // `loss / (ln2 * 3.5)` is a division by a constant as well: the inner product is the finding.
  for (const outer of flagged) {
    const holds = (at: PyNode) => at.index > outer.index && at.index < outer.end;
    if (flagged.some(holds)) found.delete(outer);
  }
  for (const { name, node, value } of facts.assignments) {
    if (name === null || !PER_TOKEN.test(name.split('.').at(-1)!)) continue;
    const constant = constantOf(facts, value);
    // Named in a factor that is flagged already: one finding is enough.
    const last = name.split('.').at(-1)!;
    if (found.size >= FOUND_MAX) break;
    const known = flagged.some((at) => textOf(facts.source, at).includes(last));
    if (constant === null || constant <= 1 || known) continue;
    const used = (facts.names.get(last) ?? 0) > 1;
    found.set(node, { ...words(constant), severity: used ? 'fail' : 'warn' });
  }
  return [...found];
}

function words(constant: number): Words {
  return {
    check: 'bytes-per-token',
    severity: 'fail',
    explanation: `The bytes are assumed to be ${constant} per token instead of counted: the published sets have 2.44 to 4.07, by tokenizer and text.`,
    remedy: 'Sum the bytes of the scored targets and divide by that sum.',
  };
}

/** What is assigned to, or returned as, a bpb. */
function* bpbExpressions(facts: SourceFacts): Generator<PyNode> {
  for (const { name, value } of facts.assignments) {
    if (name !== null && BPB.test(name.split('.').at(-1)!)) yield value;
  }
  for (const node of facts.source.nodes) {
    if (node.type !== 'ReturnStatement' || node.children[1] === undefined) continue;
    const owner = enclosing(node, 'FunctionDefinition');
    const name = owner?.children.find(({ type }) => type === 'VariableName');
    if (name !== undefined && BPB.test(textOf(facts.source, name))) yield node.children[1];
  }
}

/** The nodes of an expression, and of what its names are bound to. */
function* reachable(facts: SourceFacts, start: PyNode, seen: Set<PyNode>): Generator<PyNode> {
  const queue: [PyNode, number][] = [[start, 0]];
  let count = 0;
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [root, depth] = next;
    if (seen.has(root)) continue;
    seen.add(root);
    for (const node of subtree(facts.source, root)) {
      if (++count > NODES_MAX) return;
      yield node;
      if (depth >= FOLLOW_MAX || !/^(?:VariableName|MemberExpression)$/.test(node.type)) continue;
      const name = dottedName(facts.source, node);
      const bound = name === null ? null : bindingOf(facts, name, node);
      // What a call computes is not followed: its arguments are not factors of the bpb.
      if (bound !== null && bound.type !== 'CallExpression') queue.push([bound, depth + 1]);
    }
  }
}

/** The constant in `x * c`, `x / c` that can only stand for bytes per token; null if there is none. */
function assumedFactor(facts: SourceFacts, node: PyNode): number | null {
  const [left, operator, right] = node.children;
  if (node.type !== 'BinaryExpression' || left === undefined || right === undefined) return null;
  if (!/^[*/]$/.test(textOf(facts.source, operator!))) return null;
  const [a, b] = [constantOf(facts, left), constantOf(facts, right)];
  if (a !== null && b !== null) {
    // `math.log(2) * 3.5`
    if (isLn2(a)) return suspicious(b) ? b : null;
    if (isLn2(b)) return suspicious(a) ? a : null;
    return null;
  }
  const constant = a ?? b;
  const other = a === null ? left : right;
  if (constant === null) return null;
  if (Number.isInteger(constant)) {
    // `tokens * 4`, not `2 * x`
    const tokens = /tok/i.test(textOf(facts.source, other));
    return tokens && constant >= 2 && constant <= 6 ? constant : null;
  }
  return suspicious(constant) ? constant : null;
}

function isLn2(value: number): boolean {
  return Math.abs(value - Math.LN2) < 1e-4;
}

function suspicious(value: number): boolean {
  if (CONVERSIONS.some((known) => Math.abs(known - value) < 1e-4)) return false;
  return value > 1.5 && value < 10;
}
