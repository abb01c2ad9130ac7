/**
 * Operators, comparisons, conditions.
 */
import type { PyNode } from '../source/nodes.js';
import { bounding } from './compile-bounds.js';
import type { Compiler, Condition, Expression } from './machine.js';
import { numericValue } from './sums.js';
import { type Truth, truthOf } from './truths.js';
import type { Value } from './values.js';

const COMPARISONS = new Set(['CompareOp', 'in', 'not', 'is']);
const EXACT = Number.MAX_SAFE_INTEGER;

export function compileBinary(c: Compiler, node: PyNode): Expression {
  const [left, operator, ...rest] = node.children;
  const right = rest.at(-1);
  if (left === undefined || operator === undefined || right === undefined) {
    return c.unfollowed(node, 'an expression that is not complete');
  }
  const truth = truthOf(node);
  if (truth !== null) return compileTruth(c, truth);
  if (COMPARISONS.has(operator.type)) return compileComparison(c, node);
  return compileArithmetic(c, node, c.text(operator), c.expression(left), c.expression(right));
}

function compileArithmetic(
  c: Compiler,
  node: PyNode,
  operator: string,
  left: Expression,
  right: Expression,
): Expression {
  const { machine } = c;
  const quick = QUICK.get(operator);
  if (operator === '//') {
    // `rows // 500` of fewer rows is 0, and the distance of the rows that are taken of more.
    const watch = bounding(c, node);
    return (frame) => {
      const [a, b] = [left(frame), right(frame)];
      if (typeof a === 'number' && typeof b === 'number') watch(a, b);
      return machine.binary(operator, a, b);
    };
  }
  if (quick === undefined) return (frame) => machine.binary(operator, left(frame), right(frame));
  return (frame) => {
    const a = left(frame);
    const b = right(frame);
    if (typeof a === 'number' && typeof b === 'number') {
      const result = quick(a, b);
      if (result <= EXACT && result >= -EXACT) return result;
    }
    return machine.binary(operator, a, b);
  };
}

/** What needs no second look at its operands; other results go the long way. */
const QUICK: ReadonlyMap<string, (a: number, b: number) => number> = new Map([
  ['+', (a: number, b: number) => a + b],
  ['-', (a: number, b: number) => a - b],
  ['*', (a: number, b: number) => a * b],
  ['/', (a: number, b: number) => (b === 0 ? Number.NaN : a / b)],
]);

function compileTruth(c: Compiler, truth: Truth): Expression {
  const { machine } = c;
  if (truth.kind === 'value') return c.expression(truth.node);
  if (truth.kind === 'not') {
    const condition = conditionOf(c, truth.of);
    return (frame) => {
      const known = condition(frame);
      return known === null ? machine.doubt() : !known;
    };
  }
  const and = truth.kind === 'and';
  const [first, second] = [compileTruth(c, truth.left), compileTruth(c, truth.right)];
  return (frame) => {
    const value = first(frame);
    const truth = typeof value === 'boolean' ? value : machine.truth(value);
    if (truth === !and) return value;
    const other = second(frame);
    if (truth === and) return other;
    // `unknown and False` is false, whatever the first is.
    if (and && (other === null || machine.truth(other) === false)) return other;
    machine.undecided(value);
    return machine.doubt();
  };
}

interface Link {
  readonly operator: string;
  readonly value: Expression;
}

function compileComparison(c: Compiler, node: PyNode): Expression {
  const { machine } = c;
  const { first, links } = linksOf(c, node);
  if (links.length === 1) {
    const { operator, value } = links[0]!;
    const quick = ORDERED.get(operator);
    if (quick === undefined)
      return (frame) => machine.compare(operator, first(frame), value(frame));
    const watch = /[<>]/.test(operator) ? bounding(c, node) : null;
    return (frame) => {
      const a = first(frame);
      const b = value(frame);
      if (typeof a !== 'number' || typeof b !== 'number') {
        const [x, y] = [numericValue(a), numericValue(b)];
        if (x !== null && y !== null) watch?.(x, y);
        return machine.compare(operator, a, b);
      }
      watch?.(a, b);
      return quick(a, b);
    };
  }
  const watches = links.map(() => bounding(c, node));
  return (frame) => {
    let left = first(frame);
    let result: Value = true;
    let unknown: Value | undefined;
    for (const [i, { operator, value }] of links.entries()) {
      const right = value(frame);
      if (typeof left === 'number' && typeof right === 'number') watches[i]!(left, right);
      result = machine.compare(operator, left, right);
      const truth = machine.truth(result);
      if (truth === false) return result;
      if (truth === null) unknown ??= result;
      left = right;
    }
    return unknown ?? result;
  };
}

const ORDERED: ReadonlyMap<string, (a: number, b: number) => boolean> = new Map([
  ['<', (a: number, b: number) => a < b],
  ['<=', (a: number, b: number) => a <= b],
  ['>', (a: number, b: number) => a > b],
  ['>=', (a: number, b: number) => a >= b],
  ['==', (a: number, b: number) => a === b],
  ['!=', (a: number, b: number) => a !== b],
]);

/** `a < b < c`, which the grammar nests to the left. */
function linksOf(c: Compiler, node: PyNode): { first: Expression; links: Link[] } {
  const links: Link[] = [];
  let at = node;
  for (;;) {
    const kids = at.children;
    const operator = kids
      .slice(1, -1)
      .map((kid) => c.text(kid))
      .join(' ');
    links.unshift({ operator, value: c.expression(kids.at(-1)!) });
    const left = kids[0]!;
    if (left.type !== 'BinaryExpression' || !COMPARISONS.has(left.children[1]?.type ?? '')) {
      return { first: c.expression(left), links };
    }
    at = left;
  }
}

export function compileUnary(c: Compiler, node: PyNode): Expression {
  const { machine } = c;
  const [operator, operand] = node.children;
  if (operator === undefined || operand === undefined) {
    return c.unfollowed(node, 'an expression that is not complete');
  }
  const truth = truthOf(node);
  if (truth !== null) return compileTruth(c, truth);
  const [sign, value] = [c.text(operator), c.expression(operand)];
  return (frame) => machine.unary(sign, value(frame));
}

export function compileConditional(c: Compiler, node: PyNode): Expression {
  const { machine } = c;
  const [yes, , test, , no] = node.children;
  if (yes === undefined || test === undefined || no === undefined) {
    return c.unfollowed(node, 'an expression that is not complete');
  }
  const condition = c.condition(test);
  const [first, second] = [c.expression(yes), c.expression(no)];
  return (frame) => {
    const truth = condition(frame);
    if (truth === null) return machine.doubt();
    return truth ? first(frame) : second(frame);
  };
}

/** The truth of an expression; of `and`, `or` and `not` also where a part is not known. */
export function compileCondition(c: Compiler, node: PyNode): Condition {
  const operator = node.children[1];
  if (node.type === 'ParenthesizedExpression' && operator !== undefined) {
    if (node.children.length === 3) return c.condition(operator);
  }
  const truth = truthOf(node);
  return truth === null ? conditionOfValue(c, node) : conditionOf(c, truth);
}

function conditionOf(c: Compiler, truth: Truth): Condition {
  if (truth.kind === 'value') return c.condition(truth.node);
  if (truth.kind === 'not') {
    const condition = conditionOf(c, truth.of);
    return (frame) => {
      const known = condition(frame);
      return known === null ? null : !known;
    };
  }
  const and = truth.kind === 'and';
  const [first, second] = [conditionOf(c, truth.left), conditionOf(c, truth.right)];
  return (frame) => {
    const one = first(frame);
    if (one === !and) return one;
    const two = second(frame);
    return one === null && two === and ? null : two;
  };
}

function conditionOfValue(c: Compiler, node: PyNode): Condition {
  const { machine } = c;
  const value = c.expression(node);
  return (frame) => {
    const result = value(frame);
    if (typeof result === 'boolean') return result;
    return machine.truth(result) ?? machine.undecided(result);
  };
}

/** Whether it is made of numbers alone, as `4 * 1024` is. */
export function isConstantNumber(node: PyNode | undefined): boolean {
  if (node === undefined) return false;
  const queue = [node];
  let numbers = 0;
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (numbers > 8) return false;
    if (next.type === 'Number') numbers++;
    else if (/^(?:Binary|Unary|Parenthesized)Expression$/.test(next.type)) {
      queue.push(...next.children);
    } else if (!/^(?:ArithOp|BitOp|[()])$/.test(next.type)) return false;
  }
  return numbers > 0;
}
