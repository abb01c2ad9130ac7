/**
 * The last result of a run: where it was made, and of how many targets.
 */
import { Ratio, Sum } from '../python/sums.js';
import type { Trial } from './types.js';

/** Targets of the last result; null where there is none. */
export function targetsOf({ scores }: Trial): number | null {
  const last = scores.findLast(({ final }) => final);
  const losses = last?.value instanceof Ratio ? last.value.numerator : last?.value;
  return losses instanceof Sum ? losses.terms.size : null;
}

/** Where the last result was made. */
export function lastPlace({ scores }: Trial): string | undefined {
  const last = scores.findLast(({ final }) => final);
  return last && [last.at.path, last.at.layer, last.at.line, ...last.functions].join('\0');
}
