/**
 * Words that say that a printed number is bits per byte.
 */

const BITS = '(?:bpb|bits?[ _/-](?:per[ _-])?bytes?)';

/** `val_bpb: ` */
const BEFORE = new RegExp(`${BITS}\\w*\\W*$`, 'i');
/** `{value} bpb, `, which belongs to the value before it. */
const OF_VALUE_BEFORE = new RegExp(`[\\df}] ?${BITS} ?[,;)]\\W*$`, 'i');
/** ` bpb`, unless it stands right before the next value, `{` or `%`, whose name it then is. */
const AFTER = new RegExp(`^[^\\w{%]{0,2}${BITS}\\b(?![^\\w,;)]*[{%:=])`, 'i');

/**
 * @param before text before the value; values in it are texts of some kind
 * @param after text after it, where the next value begins with `{` or `%`
 */
export function isScoreLabel(before: string, after: string): boolean {
  return (BEFORE.test(before) && !OF_VALUE_BEFORE.test(before)) || AFTER.test(after);
}
