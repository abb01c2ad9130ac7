/**
 * A small matcher: a pattern is a function from a value to what it bound, or null.
 *
 *     const square = either(op('Pow', [bind('x'), scalar(2)]), op('Mul', [bind('x'), bind('x')]))
 *
 * A name that is bound twice must be the same value both times. Bindings are never changed in
 * place, so alternatives leave no traces.
 */

import { isFloat } from '../element-types.js';
import type { Node } from '../graph.js';
import type { Workspace } from './workspace.js';

export interface Match {
  /** Values by the names that the pattern gave them. */
  readonly values: ReadonlyMap<string, string>;
  readonly numbers: ReadonlyMap<string, number>;
  /** Nodes that the pattern went through. */
  readonly nodes: ReadonlySet<Node>;
}

export type Pattern = (ws: Workspace, value: string, match: Match) => Match | null;

const EMPTY: Match = { values: new Map(), numbers: new Map(), nodes: new Set() };

/** What `pattern` binds at this value. */
function find(ws: Workspace, value: string, pattern: Pattern): Match | null {
  return pattern(ws, value, EMPTY);
}

/**
 * As `find`, but null where anything outside the matched nodes sees a value inside: what is
 * replaced would have to be computed all the same.
 */
export function findClosed(ws: Workspace, value: string, pattern: Pattern): Match | null {
  const match = find(ws, value, pattern);
  if (match === null) return null;
  for (const node of match.nodes) {
    for (const name of node.outputs) {
      if (name !== value && ws.seenOutside(name, match.nodes)) return null;
    }
  }
  return match;
}

/** Any value, bound to a name. */
export function bind(name: string): Pattern {
  return (_, value, match) => {
    const bound = match.values.get(name);
    if (bound !== undefined) return bound === value ? match : null;
    return { ...match, values: new Map(match.values).set(name, value) };
  };
}

/** A constant whose elements are all one number: that number, or one to be bound to a name. */
export function scalar(expected: number | string): Pattern {
  return (ws, value, match) => {
    const found = ws.constant(value)?.uniform();
    if (found === undefined) return null;
    if (typeof expected === 'number') return found === expected ? match : null;
    return { ...match, numbers: new Map(match.numbers).set(expected, found) };
  };
}

const COMMUTATIVE = new Set(['Add', 'Mul']);

/** The output of an operator of ai.onnx; `check` has the last word on its attributes. */
export function op(
  type: string,
  inputs: readonly Pattern[],
  check: (ws: Workspace, node: Node) => boolean = () => true,
): Pattern {
  return (ws, value, match) => {
    const node = ws.madeBy(value, type);
    if (node === undefined || node.inputs.length < inputs.length || !check(ws, node)) return null;
    const inside = { ...match, nodes: new Set(match.nodes).add(node) };
    const apply = (order: readonly string[]): Match | null =>
      inputs.reduce<Match | null>(
        (soFar, pattern, k) => soFar && pattern(ws, order[k]!, soFar),
        inside,
      );
    const found = apply(node.inputs);
    if (found !== null || !COMMUTATIVE.has(type)) return found;
    return apply([...node.inputs].reverse());
  };
}

export function either(...patterns: readonly Pattern[]): Pattern {
  return (ws, value, match) => {
    for (const pattern of patterns) {
      const found = pattern(ws, value, match);
      if (found !== null) return found;
    }
    return null;
  };
}

/** The pattern itself, or a Cast of it between floats: exporters compute norms and softmax in fp32. */
export function maybeCast(pattern: Pattern): Pattern {
  return either(
    pattern,
    op('Cast', [pattern], (ws, node) => isFloat(ws.number(node, 'to') ?? 0)),
  );
}

/** Ones of a shape that only a run shows: a batch axis left open. */
export function isOnesOfShape(ws: Workspace, name: string): boolean {
  const value = ws.madeBy(name, 'ConstantOfShape')?.attributes.get('value')?.value;
  const tensor = typeof value === 'object' && value !== null && 'decode' in value && value.decode();
  return tensor ? tensor.uniform() === 1 : false;
}
