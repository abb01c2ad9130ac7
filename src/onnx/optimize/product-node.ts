/**
 * One Product node: a matrix product with constant weights and what is computed with it, read from a graph and
 * written into it (native/src/operators/operators.h).
 */
import type { Node } from '../graph.js';
import { DOMAIN } from './own-operators.js';
import type { Workspace } from './workspace.js';

/** Activations that a product adds, at most. */
export const MAX_ADDED = 2;

/** A value and the constant of its factors by channel, '' for 1. */
export interface Scaled {
  readonly name: string;
  readonly factor: string;
}

/** Names of constants are '' where there is none. */
export interface Product {
  readonly x: string;
  readonly weights: string;
  /** Weights are `[width, inner]`. */
  readonly transposed: boolean;
  /** Of the norm of x; null where there is none. */
  readonly epsilon: number | null;
  readonly gain: string;
  readonly bias: string;
  /** Of the squared rectifier; null where there is none. */
  readonly slope: number | null;
  readonly factor: string;
  readonly added: readonly Scaled[];
}

export function readProduct(ws: Workspace, node: Node): Product {
  const [x, weights, gain, bias, factor, ...rest] = node.inputs;
  const flag = (name: string) => ws.number(node, name) === 1;
  const added = [0, 1].flatMap((k) =>
    rest[k] ? [{ name: rest[k], factor: rest[MAX_ADDED + k] ?? '' }] : [],
  );
  return {
    x: x!,
    weights: weights!,
    transposed: flag('transposed'),
    epsilon: flag('norm') ? ws.number(node, 'epsilon')! : null,
    gain: gain ?? '',
    bias: bias ?? '',
    slope: flag('squared_relu') ? ws.number(node, 'slope')! : null,
    factor: factor ?? '',
    added,
  };
}

/** Puts the product before a node; its value is called `y`. */
export function putProduct(ws: Workspace, before: Node, product: Product, y: string): void {
  const slots = (of: 'name' | 'factor') =>
    Array.from({ length: MAX_ADDED }, (_, k) => product.added[k]?.[of] ?? '');
  const { x, weights, gain, bias, factor, transposed, epsilon, slope } = product;
  const inputs = [x, weights, gain, bias, factor, ...slots('name'), ...slots('factor')];
  const attributes = {
    transposed: { int: Number(transposed) },
    norm: { int: Number(epsilon !== null) },
    epsilon: { float: epsilon ?? 0 },
    squared_relu: { int: Number(slope !== null) },
    slope: { float: slope ?? 0 },
  };
  ws.insert(before, 'Product', inputs, attributes, DOMAIN, [y]);
}
