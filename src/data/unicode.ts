/**
 * Whether a JavaScript string is Unicode at all, that is: has a UTF-8 form.
 */

/** False where the text holds half of a surrogate pair. */
export function isWellFormed(text: string): boolean {
  // With the `u` flag a whole pair is one code point, so only halves match.
  return !/\p{Surrogate}/u.test(text);
}
