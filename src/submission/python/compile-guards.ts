/**
 * The parts of `try` and `with`.
 */
import type { PyNode } from '../source/nodes.js';
import type { Compiler, Expression, Frame, Store } from './machine.js';
import { PyClass, PyInstance } from './object-classes.js';
import { PyFunction } from './object-functions.js';
import { PyTuple } from './object-sequences.js';
import { PyObject, type Value } from './values.js';

/** A manager that holds back exceptions of some types, as `contextlib.suppress` does. */
interface Suppressing extends PyObject {
  readonly suppressed: readonly Value[];
}

function isSuppressing(manager: Value): manager is Suppressing {
  return manager instanceof PyObject && 'suppressed' in manager;
}

/** Whether a manager may hold back an exception of the body. */
export function mayHoldAny(manager: Value): boolean {
  if (isSuppressing(manager)) return true;
  const method = manager instanceof PyInstance ? manager.cls.find('__exit__') : undefined;
  if (!(method instanceof PyFunction)) return false;
  const { node, module } = method.code;
  return /\breturn\s+(?!None\b|False\b)\S/.test(module.source.text.slice(node.from, node.to));
}

export function mayHold(raised: Value, manager: Value): boolean {
  return !isSuppressing(manager) || holdsBack(manager, raised);
}

export function holdsBack(manager: Value, raised: Value): boolean {
  return isSuppressing(manager) && manager.suppressed.some((type) => isOfType(raised, type));
}

/** Whether an exception is one of a type, or of the types of a tuple. */
function isOfType(raised: Value, type: Value): boolean {
  if (type instanceof PyTuple) return type.items.some((each) => isOfType(raised, each));
  return raised instanceof PyInstance && type instanceof PyClass && raised.cls.derives(type);
}

interface WithItem {
  readonly value: Expression;
  readonly store: Store;
}

export function withItems(c: Compiler, node: PyNode): WithItem[] {
  const groups: PyNode[][] = [[]];
  for (const kid of node.children) {
    if (kid.type === 'Body') break;
    if (kid.type === ',') groups.push([]);
    else if (!/^(?:async|with|[()]|⚠)$/.test(kid.type)) groups.at(-1)!.push(kid);
  }
  return groups.flatMap(([value, as, target]): WithItem[] => {
    if (value === undefined) return [];
    const store: Store = as?.type === 'as' && target !== undefined ? c.target(target) : () => {};
    return [{ value: c.expression(unclosed(value)), store }];
  });
}

/** `with (open(a) as f, …)`: the parser reads a parenthesis that is not closed. */
function unclosed(node: PyNode): PyNode {
  const broken =
    node.type === 'ParenthesizedExpression' && node.children.some(({ type }) => type === '⚠');
  return broken ? (node.children.find(({ type }) => !/^[()⚠]$/.test(type)) ?? node) : node;
}

interface Clause {
  readonly type: Expression | null;
  readonly store: Store | null;
  readonly body: PyNode;
}

export interface TryPlan {
  readonly body: PyNode | null;
  readonly otherwise: PyNode | null;
  readonly final: PyNode | null;
  readonly clauses: readonly Clause[];
  /** The clause that takes an exception; -1: none. */
  find(frame: Frame, raised: Value): number;
}

export function tryPlan(c: Compiler, node: PyNode): TryPlan {
  const clauses: Clause[] = [];
  const parts: Record<string, PyNode> = {};
  let group: PyNode[] = [];
  for (const kid of node.children) {
    if (kid.type !== 'Body') {
      group.push(kid);
      continue;
    }
    const [word, ...rest] = group.filter(({ type }) => type !== '*' && type !== '⚠');
    group = [];
    if (word?.type !== 'except') {
      parts[word?.type ?? ''] ??= kid;
      continue;
    }
    const as = rest.findIndex(({ type }) => type === 'as');
    const target = as < 0 ? undefined : rest[as + 1];
    const type = as === 0 ? undefined : rest[0];
    clauses.push({
      type: type === undefined ? null : c.expression(type),
      store: target === undefined ? null : c.target(target),
      body: kid,
    });
  }
  return {
    body: parts['try'] ?? null,
    otherwise: parts['else'] ?? null,
    final: parts['finally'] ?? null,
    clauses,
    find(frame, raised) {
      return clauses.findIndex(({ type }) => type === null || isOfType(raised, type(frame)));
    },
  };
}
