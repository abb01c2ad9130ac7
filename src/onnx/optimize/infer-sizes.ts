/**
 * Static inference of the elements of shapes: the arithmetic on them that exporters write.
 */
import { TYPE } from '../element-types.js';
import type { Fact, KnownDim } from './facts.js';

type Elements = readonly KnownDim[];
type Combine = (a: KnownDim, b: KnownDim) => KnownDim | undefined;

/** Of two numbers; an open size is kept where `neutral` stands beside it. Undefined where it may be anything. */
function binary(compute: (a: number, b: number) => number, neutral: number, either: boolean) {
  return (a: KnownDim, b: KnownDim): KnownDim | undefined => {
    if (a !== null && b !== null) {
      const value = compute(a, b);
      return Number.isSafeInteger(value) ? value : undefined;
    }
    return b === neutral || (either && a === neutral) ? null : undefined;
  };
}

const COMBINE: Readonly<Record<string, Combine>> = {
  Add: binary((a, b) => a + b, 0, true),
  Sub: binary((a, b) => a - b, 0, false),
  Mul: binary((a, b) => a * b, 1, true),
  Div: binary((a, b) => Math.trunc(a / b), 1, false),
  // No size is negative, so that an open one differs from every number below 0.
  Equal: (a, b) => {
    if (a !== null && b !== null) return Number(a === b);
    return (a ?? b ?? 0) < 0 ? 0 : undefined;
  },
};

const isSize = ({ type, shape }: Fact) => shape !== null && type === TYPE.int64;

/** What an operator makes of two shapes element by element; null where that is not known. */
export function combinedSizes(op: string, [a, b, ...rest]: readonly Fact[]): Elements | null {
  const combine = COMBINE[op];
  if (!combine || !a || !b || rest.length > 0 || !isSize(a) || !isSize(b)) return null;
  return zipped([a.shape!, b.shape!], ([x, y]) => combine(x!, y!));
}

/** The elements that a Where takes from either shape; null where the condition is not known. */
export function chosenSizes([condition, a, b]: readonly Fact[]): Elements | null {
  if (!condition?.shape || !a || !b || !isSize(a) || !isSize(b)) return null;
  const take = ([which, x, y]: Elements) => (which === null ? undefined : which ? x : y);
  return zipped([condition.shape, a.shape!, b.shape!], take);
}

/** Applies a function to vectors of one length, or of a single element. */
function zipped(
  vectors: readonly Elements[],
  compute: (elements: Elements) => KnownDim | undefined,
): Elements | null {
  const length = Math.max(...vectors.map((vector) => vector.length));
  if (vectors.some((vector) => vector.length !== length && vector.length !== 1)) return null;
  const result: KnownDim[] = [];
  for (let k = 0; k < length; k++) {
    const value = compute(vectors.map((vector) => vector[vector.length === 1 ? 0 : k]!));
    if (value === undefined) return null;
    result.push(value);
  }
  return result;
}
