/**
 * What holds a sum: the type of its tensor, and of the partial sums that it was made of.
 */
export interface SumType {
  /** Type of the tensor that holds the sum, such as `float32`; null for a Python number. */
  readonly dtype: string | null;
  /** The narrowest type in which partial sums were added one after another; null where none is narrower than float64. */
  readonly running: string | null;
}

export const PYTHON_NUMBER: SumType = { dtype: null, running: null };

/** From narrow to wide, by the bits of the significand. */
const NARROW = ['bfloat16', 'float16', 'float32'];

export function narrowest(...types: (string | null)[]): string | null {
  return NARROW.find((name) => types.includes(name)) ?? null;
}
