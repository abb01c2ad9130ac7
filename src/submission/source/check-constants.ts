/**
 * Check for a bpb computed with an assumed number of bytes per token (#875, the MDLM record).
 */

import type { Found } from './check-lut.js';
import { constantOf } from './constants.js';
import { bindingOf, type SourceFacts } from './facts.js';
import { callOf, dottedName, enclosing, type PyNode, textOf, unwrapped } from './nodes.js';
import { SUM_BYTES } from './remedies.js';
import type { Words } from './report.js';

const BPB = /bpb|bits_per_byte|bitsperbyte/i;
/** What a score is made of. */
const MEASURED = /loss|nll|nats|bits|entropy|\bce\b|ppl|perplex|xent/i;
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
    if (!isMeasured(facts, value)) continue;
    for (const node of factors(facts, value, seen)) {
      // A product with the name in it comes first, and is the finding already.
      const product = enclosing(node, 'BinaryExpression');
      const known = product !== null && found.has(product);
      const constant = assumedFactor(facts, node) ?? (known ? null : namedFactor(facts, node));
      if (constant !== null) found.set(placeOf(facts, node), words(constant));
    }
    if (found.size >= FOUND_MAX) break;
  }
  // `loss / (ln2 * 3.5)` is a division by a constant as well: the inner product is the finding.
  const flagged = [...found.keys()];
  for (const outer of flagged) {
    const holds = (at: PyNode) => at.index > outer.index && at.index < outer.end;
    if (flagged.some(holds)) found.delete(outer);
  }
  return [...found];
}

/** Where a named constant is set, since there it is to be changed; else the factor itself. */
function placeOf(facts: SourceFacts, node: PyNode): PyNode {
  if (node.type === 'BinaryExpression') return node;
  const name = dottedName(facts.source, node);
  const bound = name === null ? null : bindingOf(facts, name, node);
  const assignment = facts.assignments.find(({ value }) => value === bound);
  return assignment?.node ?? node;
}

function words(constant: number): Words {
  return {
    check: 'bytes-per-token',
    severity: 'fail',
    explanation: `The bytes are assumed to be ${constant} per token instead of counted: the published sets have 2.44 to 4.07, by tokenizer and text.`,
    remedy: SUM_BYTES,
  };
}

/** Figures about scores that are no scores: their spread, their bounds, what they are compared with. */
const ABOUT =
  /std|sem|sigma|_ci|ci_|err|delta|diff|gain|margin|limit|target|thresh|init|best|worst|min|max|lr|weight|coef|baseline|base_|budget/i;

/** What is assigned to, or returned as, a bpb. */
function* bpbExpressions(facts: SourceFacts): Generator<PyNode> {
  const isScore = (name: string) => BPB.test(name) && !ABOUT.test(name);
  for (const { name, value, operator } of facts.assignments) {
    if (operator === '=' && name !== null && isScore(name.split('.').at(-1)!)) yield value;
  }
  for (const node of facts.source.nodes) {
    if (node.type !== 'ReturnStatement' || node.children[1] === undefined) continue;
    const owner = enclosing(node, 'FunctionDefinition');
    const name = owner?.children.find(({ type }) => type === 'VariableName');
    if (name !== undefined && isScore(textOf(facts.source, name))) yield node.children[1];
  }
}

/** Whether a loss goes into the expression, by its names or by those that they are bound to. */
function isMeasured(facts: SourceFacts, value: PyNode): boolean {
  const nodes = [...factors(facts, value, new Set())];
  return nodes.some((node) => MEASURED.test(textOf(facts.source, node, 200)));
}

/**
 * The factors and divisors of an expression, and of what its names are bound to. Summands are none:
 * what is added to a score, or taken from one, is no number of bytes.
 */
function* factors(facts: SourceFacts, start: PyNode, seen: Set<PyNode>): Generator<PyNode> {
  const queue: [PyNode, number][] = [[start, 0]];
  let count = 0;
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [given, depth] = next;
    const node = unwrapped(given);
    if (seen.has(node) || ++count > NODES_MAX) continue;
    seen.add(node);
    yield node;
    switch (node.type) {
      case 'BinaryExpression': {
        const [left, operator, right] = node.children;
        if (left === undefined || right === undefined) break;
        if (/^[*/]$/.test(textOf(facts.source, operator!))) {
          queue.push([left, depth], [right, depth]);
        }
        break;
      }
      case 'TupleExpression':
      case 'ConditionalExpression':
        for (const child of node.children) queue.push([child, depth]);
        break;
      case 'CallExpression': {
        // `float(x)`, `x.item()`; what other calls compute has its arguments for no factors.
        const call = callOf(facts.source, node);
        const argument = call?.args[0];
        if (call === null || call.args.length > 1) break;
        if (argument !== undefined && /^(?:float|abs)$/.test(call.name ?? '')) {
          queue.push([argument, depth]);
        } else if (call.receiver !== null && /^(?:item|double|float|cpu)$/.test(call.method)) {
          queue.push([call.receiver, depth]);
        }
        break;
      }
      case 'VariableName':
      case 'MemberExpression': {
        if (depth >= FOLLOW_MAX) break;
        const name = dottedName(facts.source, node);
        const bound = name === null ? null : bindingOf(facts, name, node);
        if (bound !== null) queue.push([bound, depth + 1]);
      }
    }
  }
}

/** A factor that is named a number of bytes per token and bound to a constant. */
function namedFactor(facts: SourceFacts, node: PyNode): number | null {
  const name = dottedName(facts.source, node);
  if (name === null || !PER_TOKEN.test(name.split('.').at(-1)!)) return null;
  const constant = constantOf(facts, node);
  return constant !== null && constant > 1 ? constant : null;
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
