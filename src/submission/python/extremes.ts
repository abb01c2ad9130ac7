/**
 * The least and the greatest of numbers, of which there may be more than a call takes arguments.
 */
export function least(values: Iterable<number>): number {
  let found = Number.POSITIVE_INFINITY;
  for (const value of values) if (value < found || Number.isNaN(value)) found = value;
  return found;
}

export function greatest(values: Iterable<number>): number {
  let found = Number.NEGATIVE_INFINITY;
  for (const value of values) if (value > found || Number.isNaN(value)) found = value;
  return found;
}
