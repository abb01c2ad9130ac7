/**
 * Numbers that a script states for a name, in whatever spelling: the world brings them down to its size.
 *
 * `SEQ, BATCH = 1024, 4`, `seq = int(os.environ.get("SEQ_LEN") or 1024)`, `field(default=1024)`, `x = 8 if small else 64`
 */
import type { PyNode } from '../source/nodes.js';
import { isConstantNumber } from './compile-operators.js';
import type { Compiler, Expression, Machine } from './machine.js';
import type { Value } from './values.js';

/** Names that a number is stated for, by the node of the number. */
const NAMES = new WeakMap<PyNode, readonly string[]>();

const CONVERSION =
  /^(?:(?:np|numpy)\.u?int\d+|torch\.tensor|int|float|str|field|dataclasses\.field)$/;
const DIGITS = /^\d[\d_]*$/;

/** Marks the numbers that an assignment states for its targets, before they are compiled. */
export function markAssigned(c: Compiler, groups: readonly (readonly PyNode[])[]): void {
  const values = groups.at(-1)!;
  const targets = groups.slice(0, -1);
  if (values.length === 1 && targets.every((target) => target.length === 1)) {
    const single = targets.map(([target]) => target!);
    mark(
      c,
      values[0]!,
      single.flatMap((target) => nameOf(c, target) ?? []),
    );
    for (const target of single) markParts(c, itemsOf([target]), itemsOf(values));
  } else {
    for (const target of targets) markParts(c, itemsOf(target), itemsOf(values));
  }
}

function markParts(c: Compiler, targets: readonly PyNode[], values: readonly PyNode[]): void {
  if (targets.length < 2 || targets.length !== values.length) return;
  for (const [i, value] of values.entries()) markAssigned(c, [[targets[i]!], [value]]);
}

/** The items of a tuple or list, with or without brackets. */
function itemsOf(nodes: readonly PyNode[]): PyNode[] {
  const [first] = nodes;
  const nested = nodes.length === 1 && /^(?:Tuple|Array)Expression$/.test(first!.type);
  const items = nested ? first!.children : nodes;
  return items.filter(({ type }) => !/^(?:,|[()[\]]|⚠)$/.test(type));
}

/** `name`, `object.name`, `mapping["name"]` */
function nameOf(c: Compiler, target: PyNode): string | null {
  if (target.type === 'VariableName') return c.text(target);
  if (target.type !== 'MemberExpression') return null;
  const last = target.children.findLast(({ type }) => type === 'PropertyName' || type === 'String');
  return last === undefined ? null : c.text(last).replace(/^["']|["']$/g, '');
}

/** Marks the numbers that a value may be. */
export function mark(c: Compiler, node: PyNode, names: readonly string[]): void {
  if (names.length === 0) return;
  const { type, children } = node;
  const only = type === 'ParenthesizedExpression' && children.length === 3 ? children[1] : null;
  if (only) mark(c, only, names);
  else if (
    isConstantNumber(node) ||
    (type === 'String' && DIGITS.test(c.text(node).slice(1, -1)))
  ) {
    NAMES.set(node, names);
  } else if (type === 'ConditionalExpression') {
    const [yes, , test, , no] = children;
    const more = test === undefined ? names : [...names, ...namesIn(c, test)];
    if (yes) mark(c, yes, more);
    if (no) mark(c, no, more);
  } else if (type === 'BinaryExpression' && children[1]?.type === 'or') {
    mark(c, children[2]!, [...names, ...namesIn(c, children[0]!)]);
  } else if (type === 'CallExpression' && CONVERSION.test(c.text(children[0]!))) {
    const given = children[1]!.children.filter((kid) => !/^(?:[(),]|AssignOp|⚠)$/.test(kid.type));
    // Of `field(default=1024)` the names of parameters are among them, and mark nothing.
    for (const each of given) mark(c, each, names);
  } else if (type === 'LambdaExpression') mark(c, children.at(-1)!, names);
}

/** Words in quotes, such as the name of an environment variable. */
function namesIn(c: Compiler, node: PyNode): string[] {
  return [...c.text(node).matchAll(/["'](\w+)["']/g)].map(([, word]) => word!);
}

/** The expression with its number in the size of the world, where it is marked. */
export function stated(machine: Machine, node: PyNode, expression: Expression): Expression {
  const names = NAMES.get(node);
  if (names === undefined) return expression;
  return (frame) => inSize(machine, names, expression(frame));
}

/** The number for the first of the names that the world has another for. */
export function inSize(machine: Machine, names: readonly string[], value: Value): Value {
  if (typeof value === 'string') {
    return DIGITS.test(value) ? String(inSize(machine, names, Number(value))) : value;
  }
  for (const name of names) {
    const own = machine.setting(name, value);
    if (own !== value) return own;
  }
  return value;
}
