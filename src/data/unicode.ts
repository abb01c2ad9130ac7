/**
 * Test for strings with a UTF-8 form: no lone surrogate.
 */

/** False where the text holds half of a surrogate pair. */
export function isWellFormed(text: string): boolean {
  // With the `u` flag a whole pair is one code point, so only halves match.
  return !/\p{Surrogate}/u.test(text);
}
