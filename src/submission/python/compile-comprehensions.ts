/**
 * Comprehensions of lists, sets and dictionaries, and generator expressions.
 */
import type { PyNode } from '../source/nodes.js';
import { Undecided } from './failures.js';
import { type Compiler, type Condition, type Expression, Frame, type Store } from './machine.js';
import { PyIterator } from './object-functions.js';
import { PyDict, PySet } from './object-mappings.js';
import { PyList } from './object-sequences.js';
import { loopTargets, Scope } from './scope.js';
import { PyObject, Unknown, type Value } from './values.js';

interface Level {
  readonly source: Expression;
  readonly store: Store;
  readonly conditions: readonly Condition[];
}

interface Plan {
  readonly compiler: Compiler;
  readonly levels: readonly Level[];
  /** The first level's source, which the code around evaluates. */
  readonly outermost: Expression;
  readonly element: readonly PyNode[];
}

/** Null where it is not complete. */
function planOf(c: Compiler, kids: readonly PyNode[]): Plan | null {
  const first = kids.findIndex(({ type }) => type === 'for' || type === 'async');
  const scope = new Scope('comprehension', c.scope);
  const inner = c.inside(scope);
  const clauses: { targets: PyNode[]; source: PyNode; conditions: PyNode[] }[] = [];
  const tail = kids.slice(first).filter(({ type }) => !/^(?:[()[\]{}]|async|⚠)$/.test(type));
  for (let i = 0; i < tail.length; ) {
    const kid = tail[i]!;
    if (kid.type === 'for') {
      const targets = loopTargets(tail, i);
      const at = tail.findIndex(({ type }, j) => j > i && type === 'in');
      const source = tail[at + 1];
      if (at < 0 || source === undefined) return null;
      clauses.push({ targets, source, conditions: [] });
      i = at + 2;
    } else if (kid.type === 'if' && tail[i + 1] !== undefined) {
      clauses.at(-1)?.conditions.push(tail[i + 1]!);
      i += 2;
    } else return null;
  }
  if (clauses.length === 0) return null;
  for (const { targets } of clauses) for (const target of targets) declare(c, scope, target);
  const outermost = c.expression(clauses[0]!.source);
  const levels = clauses.map(({ targets, source, conditions }, i) => ({
    source: i === 0 ? outermost : inner.expression(source),
    store: targetOf(inner, targets),
    conditions: conditions.map((each) => inner.condition(each)),
  }));
  return { compiler: inner, levels, outermost, element: kids.slice(0, first) };
}

function declare(c: Compiler, scope: Scope, target: PyNode): void {
  for (let i = target.index; i < target.end; i++) {
    const node = c.module.source.nodes[i]!;
    if (node.type === 'VariableName') scope.declare(c.text(node));
  }
}

export function targetOf(c: Compiler, targets: readonly PyNode[]): Store {
  if (targets.length === 1) return c.target(targets[0]!);
  return unpackedInto(c, targets);
}

/** `a, *b = …` */
export function unpackedInto(c: Compiler, nodes: readonly PyNode[]): Store {
  const { machine } = c;
  const stores: Store[] = [];
  let star = -1;
  for (const node of nodes) {
    if (/^(?:,|[()[\]]|⚠)$/.test(node.type)) continue;
    if (node.type === '*') star = stores.length;
    else stores.push(c.target(node));
  }
  const count = stores.length;
  return (frame, value) => {
    if (value instanceof Unknown) {
      for (const store of stores) store(frame, new Unknown(value.stop));
      return;
    }
    const given = value instanceof PyObject && star < 0 ? value.unpack(count) : undefined;
    const items: Value[] = [];
    for (const item of given ?? machine.iterate(value)) {
      machine.spend(1);
      items.push(item);
      if (star < 0 && items.length > count) break;
    }
    if (star < 0 ? items.length !== count : items.length < count - 1) {
      machine.raise('ValueError', `not as many values to unpack as expected (expected ${count})`);
    }
    const taken = star < 0 ? 1 : items.length - count + 1;
    for (const [i, store] of stores.entries()) {
      if (star < 0 || i < star) store(frame, items[i]!);
      else if (i > star) store(frame, items[i + taken - 1]!);
      else store(frame, new PyList(items.slice(star, star + taken)));
    }
  };
}

/** Runs the loops; gives the unknown value where something in them is not known. */
function loops(c: Compiler, levels: readonly Level[], element: (frame: Frame) => void) {
  const { machine } = c;
  const cost = 1 + levels.length;
  const run = (frame: Frame, at: number, given: Value | null): Unknown | null => {
    const { source, store, conditions } = levels[at]!;
    const values = given ?? source(frame);
    if (values instanceof Unknown) return values;
    for (const value of machine.iterate(values)) {
      machine.left -= cost;
      if (machine.left < 0) machine.exhausted();
      store(frame, value);
      let kept = true;
      for (const condition of conditions) {
        const truth = condition(frame);
        if (truth === null) return machine.doubt();
        if (!truth) {
          kept = false;
          break;
        }
      }
      if (!kept) continue;
      if (at + 1 === levels.length) element(frame);
      else {
        const unknown = run(frame, at + 1, null);
        if (unknown !== null) return unknown;
      }
    }
    return null;
  };
  return run;
}

function frameFor(scope: Scope, frame: Frame): Frame {
  return new Frame(new Array(scope.slots.size).fill(undefined), frame, frame.module, null);
}

export function compileComprehension(c: Compiler, node: PyNode): Expression {
  const { machine } = c;
  const plan = planOf(c, node.children);
  if (plan === null) return c.unfollowed(node, 'a comprehension that is not complete');
  const { compiler, levels, outermost } = plan;
  const result = compiler.scope.hidden();
  const element = plan.element.filter(({ type }) => !/^(?:[()[\]{}:]|⚠)$/.test(type));
  const add = addition(compiler, node.type, element, result);
  const run = loops(c, levels, add);
  const make = EMPTY.get(node.type)!;
  return (frame) => {
    const given = outermost(frame);
    if (given instanceof Unknown) return new Unknown(given.stop);
    const inner = frameFor(compiler.scope, frame);
    machine.allocate(24);
    const made = make();
    inner.slots[result] = made;
    const unknown = run(inner, 0, given);
    return unknown === null ? made : new Unknown(unknown.stop);
  };
}

const EMPTY: ReadonlyMap<string, () => Value> = new Map<string, () => Value>([
  ['ArrayComprehensionExpression', () => new PyList([])],
  ['SetComprehensionExpression', () => new PySet()],
  ['DictionaryComprehensionExpression', () => new PyDict()],
]);

/** Adds one element to what is made. */
function addition(
  c: Compiler,
  type: string,
  element: readonly PyNode[],
  slot: number,
): (frame: Frame) => void {
  const { machine } = c;
  if (element[0]?.type === '**' || element.length === 0) {
    const value = c.unfollowed(element[0] ?? c.module.source.root, 'a comprehension that spreads');
    return (frame) => {
      const made = frame.slots[slot];
      if (made instanceof PyDict) made.blurred = value(frame) as Unknown;
    };
  }
  const first = c.expression(element[0]!);
  if (type === 'DictionaryComprehensionExpression') {
    const second = element[1] === undefined ? first : c.expression(element[1]);
    return (frame) => {
      const key = first(frame);
      (frame.slots[slot] as PyDict).set(key, second(frame), machine);
    };
  }
  if (type === 'SetComprehensionExpression') {
    return (frame) => (frame.slots[slot] as PySet).add(first(frame), machine);
  }
  return (frame) => {
    machine.allocate(2);
    (frame.slots[slot] as PyList).items.push(first(frame));
  };
}

/** `(x for x in y)`; its elements are computed as they are asked for. */
export function compileGenerator(c: Compiler, kids: readonly PyNode[], node: PyNode): Expression {
  const { machine } = c;
  const plan = planOf(c, kids);
  const part = plan?.element.find(({ type }) => !/^(?:[()*]|⚠)$/.test(type));
  if (plan == null || part === undefined) {
    return c.unfollowed(node, 'a comprehension that is not complete');
  }
  const { compiler, levels, outermost } = plan;
  const element = compiler.expression(part);
  function* run(frame: Frame, at: number, given: Value | null): Generator<Value> {
    const { source, store, conditions } = levels[at]!;
    const values = given ?? source(frame);
    if (values instanceof Unknown) {
      throw new Undecided(new Unknown(values.stop));
    }
    next: for (const value of machine.iterate(values)) {
      machine.spend(1 + levels.length);
      store(frame, value);
      for (const condition of conditions) {
        const truth = condition(frame);
        if (truth === false) continue next;
        if (truth === null) throw new Undecided(machine.doubt());
      }
      if (at + 1 === levels.length) yield element(frame);
      else yield* run(frame, at + 1, null);
    }
  }
  return (frame) => {
    const given = outermost(frame);
    if (given instanceof Unknown) return new Unknown(given.stop);
    machine.allocate(64);
    return new PyIterator(run(frameFor(compiler.scope, frame), 0, given), 'generator');
  };
}
