/**
 * Joins the scores of the steps of one task, in their order.
 */
import type { BatchScore } from '../engine/types.js';
import type { ScoredRuns } from './assemble.js';

export interface Step {
  readonly runs: ScoredRuns;
  readonly score: BatchScore;
}

export interface JoinedSteps {
  readonly runs: ScoredRuns;
  readonly totals: BigInt64Array;
  readonly nats: Float32Array;
}

export function joinSteps(steps: readonly Step[]): JoinedSteps {
  const numbers = (of: (step: Step) => Uint32Array) => concatenated(Uint32Array, steps.map(of));
  return {
    runs: {
      document: numbers(({ runs }) => runs.document),
      first: numbers(({ runs }) => runs.first),
      count: numbers(({ runs }) => runs.count),
    },
    totals: concatenated(
      BigInt64Array,
      steps.map(({ score }) => score.totals),
    ),
    nats: concatenated(
      Float32Array,
      steps.map(({ score }) => score.nats),
    ),
  };
}

type Numbers = Uint32Array | Float32Array | BigInt64Array;

function concatenated<A extends Numbers>(Type: new (length: number) => A, parts: readonly A[]): A {
  const whole = new Type(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part as never, at);
    at += part.length;
  }
  return whole;
}
