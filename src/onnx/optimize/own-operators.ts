/**
 * Operators of this project's own, which a rewrite writes into a graph in memory.
 *
 * The addon registers them with the session of a rewritten graph; a file that names their domain is refused
 * (`../check-operators.ts`). What each computes is said in native/src/operators/operators.h.
 */
import type { Node } from '../graph.js';

/** Their domain; a rewritten graph imports version 1 of it. */
export const DOMAIN = 'bpb';

export type OwnOperator =
  | 'SumNorm'
  | 'SplitNormRotary'
  | 'SquaredRelu'
  | 'SwiGlu'
  | 'CausalAttention'
  | 'Product';

/**
 * How many of the first inputs are activations, of those operators that take fp16 and bf16. All inputs after
 * them are tables, factors and gains in fp32, or positions. The other operators compute in fp32 alone.
 */
const ACTIVATIONS: Readonly<Partial<Record<string, number>>> = {
  SumNorm: 4,
  SplitNormRotary: 1,
  SquaredRelu: 1,
  SwiGlu: 2,
};

export function isOwn(node: Node, operator: OwnOperator): boolean {
  return node.domain === DOMAIN && node.op === operator;
}

/** Activations among the inputs of an operator that takes them in halves; 0 for one that does not. */
export function halvedInputs({ domain, op }: Node): number {
  return domain === DOMAIN ? (ACTIVATIONS[op] ?? 0) : 0;
}
