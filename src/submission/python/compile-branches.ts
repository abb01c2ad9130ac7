/**
 * `if`: which branch runs, and what becomes of one that is not decided.
 */
import type { PyNode } from '../source/nodes.js';
import type { Compiler, Condition, Frame } from './machine.js';
import type { Value } from './values.js';

interface Branches {
  readonly bodies: readonly PyNode[];
  /**
   * The body to run; `NONE` or, where it is not known which, `UNDECIDED`: what the branches would bind is made
   * unknown.
   */
  choose(frame: Frame): number;
}

export function branchesOf(c: Compiler, node: PyNode): Branches {
  const { machine } = c;
  const tests: (Condition | null)[] = [];
  const bodies: PyNode[] = [];
  const watchers: ((frame: Frame) => void)[] = [];
  let test: PyNode | null = null;
  for (const kid of node.children) {
    if (kid.type === 'Body') {
      tests.push(test === null ? null : c.condition(test));
      watchers.push(watcher(c, test, kid));
      bodies.push(kid);
      test = null;
    } else if (!/^(?:if|elif|else|⚠)$/.test(kid.type)) test = kid;
  }
  const exhaustive = tests.at(-1) === null;
  const failing = bodies.map((body) => alwaysFails(c, body));
  const leaving = bodies.some((body) =>
    /^(?:Break|Return)Statement$/.test(lastOf(body)?.type ?? ''),
  );
  const forgets = bodies.map((body) => {
    let forget: ReturnType<Compiler['forget']> | null = null;
    return (frame: Frame) => {
      forget ??= c.forget(body);
      forget(frame, machine.doubt());
    };
  });
  const leave = whenLeft(c, node, (i) => failing[i]!, bodies);
  const undecided = (frame: Frame, from: number): number => {
    leave(frame, from);
    const open = bodies.map((_, i) => i).filter((i) => i >= from && !failing[i]);
    if (open.length === 1 && exhaustive) return open[0]!;
    if (leaving) machine.skippedExit = true;
    for (const i of open) forgets[i]!(frame);
    return UNDECIDED;
  };
  return {
    bodies,
    choose(frame) {
      for (let i = 0; i < tests.length; i++) {
        const condition = tests[i]!;
        const truth = condition === null ? true : condition(frame);
        if (truth === null) return undecided(frame, i);
        if (truth) return i;
        watchers[i]!(frame);
      }
      return NONE;
    },
  };
}

/** Values of losses, by the words of `Unknown`s that depend on them, and arrays whose truth is not known. */
const OF_LOSSES = /\bloss(?:es)?\b|^a condition that is not known$/;

/**
 * Where losses decide whether the rest of a round is run, so that targets may be left out by their losses, what the
 * loop adds up is not known: `if nll.mean() > 9: continue`, or an error that an `except` around it holds back.
 */
function whenLeft(
  c: Compiler,
  node: PyNode,
  fails: (body: number) => boolean,
  bodies: readonly PyNode[],
): (frame: Frame, from: number) => void {
  const ways = bodies.map((body, i) => {
    if (fails(i)) return afterDoubt(c, node);
    const leaves = /^(?:Break|Continue)Statement$/.test(lastOf(body)?.type ?? '');
    return forgetLosses(c, leaves ? ancestor(node, LOOP) : null);
  });
  return (frame, from) => {
    for (const forget of ways.slice(from)) forget(frame);
  };
}

/** Makes unknown what the node would change, where losses were what was last doubted. */
function forgetLosses(c: Compiler, node: PyNode | null): (frame: Frame) => void {
  let forget: ReturnType<Compiler['forget']> | null = null;
  return (frame) => {
    const doubt = c.machine.doubt();
    if (node === null || !OF_LOSSES.test(doubt.stop.reason)) return;
    forget ??= c.forget(node);
    forget(frame, doubt);
  };
}

const LOOP = /^(?:For|While)Statement$/;

/** What is not known after a condition of losses that an error depends on, such as an assertion's. */
export function afterDoubt(c: Compiler, node: PyNode): (frame: Frame) => void {
  return forgetLosses(c, afterFailure(c, node));
}

/** What an error at the node leaves unfinished where the function goes on after it; null where it does not. */
function afterFailure(c: Compiler, node: PyNode): PyNode | null {
  const guard = ancestor(node, /^TryStatement$/);
  if (guard === null) return null;
  const [body, ...others] = guard.children.filter(({ type }) => type === 'Body');
  const inside = body !== undefined && node.from >= body.from && node.to <= body.to;
  const holds = guard.children.some(({ type }) => type === 'except');
  if (!inside || !holds || others.every((other) => alwaysFails(c, other))) return null;
  return ancestor(guard, LOOP) ?? guard;
}

/** The nearest one of the types around the node, in the same function. */
function ancestor(node: PyNode, types: RegExp): PyNode | null {
  for (let at = node.parent; at !== null; at = at.parent) {
    if (types.test(at.type)) return at;
    if (/^(?:FunctionDefinition|ClassDefinition|LambdaExpression)$/.test(at.type)) return null;
  }
  return null;
}

const NONE = -1;
export const UNDECIDED = -2;

const IDLE = () => {};

/** `if i >= 500: break` that did not end the loop is told to the host. */
function watcher(c: Compiler, test: PyNode | null, body: PyNode): (frame: Frame) => void {
  const { machine } = c;
  if (test?.type !== 'BinaryExpression' || lastOf(body)?.type !== 'BreakStatement') return IDLE;
  const [left, sign, right] = test.children;
  if (left === undefined || right === undefined || sign?.type !== 'CompareOp') return IDLE;
  if (!isPlain(left) || !isPlain(right)) return IDLE;
  const operator = c.text(sign);
  const upwards = operator === '>=' || operator === '>' || operator === '==';
  if (!upwards && operator !== '<=' && operator !== '<') return IDLE;
  const [actual, limit] = [
    c.expression(upwards ? left : right),
    c.expression(upwards ? right : left),
  ];
  return (frame) => {
    const [a, b]: [Value, Value] = [actual(frame), limit(frame)];
    if (typeof a === 'number' && typeof b === 'number' && a < b) {
      machine.host.limited?.(b, a, true, machine);
    }
  };
}

/** Names, attributes, numbers and their arithmetic alone: evaluating it twice changes nothing. */
function isPlain(node: PyNode): boolean {
  const { type, children } = node;
  return (
    /^(?:VariableName|Number|ArithOp|[()])$/.test(type) ||
    (/^(?:Binary|Parenthesized)Expression$/.test(type) && children.every(isPlain)) ||
    (node.type === 'MemberExpression' &&
      node.children[1]?.type === '.' &&
      isPlain(node.children[0]!))
  );
}

function lastOf(body: PyNode): PyNode | undefined {
  return body.children.findLast(({ type }) => type !== '⚠' && type !== ':');
}

/** It ends with an error, whatever else it does. */
function alwaysFails(c: Compiler, body: PyNode): boolean {
  const last = lastOf(body);
  if (last === undefined) return false;
  if (last.type === 'RaiseStatement') return true;
  return /^(?:sys\.|os\._)?exit\(/.test(c.text(last).slice(0, 20));
}
