/**
 * Bytes that a normalizer adds to a text within its reference form: characters that `nmt_nfkc` makes
 * shorter, marks apart from their letters, longer runs of spaces. What it drops elsewhere, such as
 * the indentation of code, does not pay for them.
 */
import { nmtNfkc } from './reference-form.js';

/** By code point: 1 + the bytes by which `nmt_nfkc` makes the character shorter, and `JOINS`; 0 where not known yet. */
let known: Uint8Array | undefined;
/** Flag of a character that NFC may join to the one before it: a mark, or a letter of a Korean syllable. */
const JOINS = 0x80;

function look(codePoint: number): number {
  known ??= new Uint8Array(0x110000);
  const character = String.fromCodePoint(codePoint);
  const less = Math.max(0, Buffer.byteLength(character) - Buffer.byteLength(nmtNfkc(character)));
  const joins = /[\p{M}\u1100-\u11ff]/u.test(character) ? JOINS : 0;
  known[codePoint] = joins | (1 + less);
  return known[codePoint];
}

/** UTF-8 bytes by which the reference form makes a text shorter, runs of spaces aside. */
function bytesSpare(text: string): number {
  let sum = 0;
  let joins = false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0x20 && unit < 0x7f) continue;
    const codePoint = unit >= 0xd800 && unit <= 0xdfff ? text.codePointAt(i++)! : unit;
    const entry = known?.[codePoint] || look(codePoint);
    if (entry >= JOINS) joins = true;
    sum += (entry & ~JOINS) - 1;
  }
  if (!joins) return sum;
  return sum + Math.max(0, Buffer.byteLength(text) - Buffer.byteLength(text.normalize('NFC')));
}

const SPACE = 0x20;

/** Lengths of the runs of spaces: before the first word (0 where there is none), between words, behind the last one. */
function runs(form: string): number[] {
  const lengths = form.charCodeAt(0) === SPACE ? [] : [0];
  for (let at = form.indexOf(' '), end = 0; at >= 0; at = form.indexOf(' ', end)) {
    end = at + 1;
    while (form.charCodeAt(end) === SPACE) end++;
    lengths.push(end - at);
  }
  if (!form.endsWith(' ')) lengths.push(0);
  return lengths;
}

/** Whether there are more spaces than one between two words. */
function mayGainSpaces(form: string): boolean {
  return (
    form.includes('  ') || /[\t\n\f\r]/.test(form) || form.startsWith(' ') || form.endsWith(' ')
  );
}

/** Spaces of `decoded` beyond those of `published`, run by run; both in `nmt_nfkc` form. */
function spacesGained(published: string, decoded: string): number {
  const [was, is] = [runs(published), runs(decoded)];
  // Words apart otherwise, as where only the transformed texts are equal: the sums are compared.
  if (was.length !== is.length) return Math.max(0, total(is) - total(was));
  return is.reduce((sum, length, k) => sum + Math.max(0, length - was[k]!), 0);
}

const total = (lengths: readonly number[]) => lengths.reduce((sum, length) => sum + length, 0);

/**
 * UTF-8 bytes that `decoded` has and `published`, a text of the same reference form, has not.
 * 0 for what `identity`, `nfkc` and `nmt_nfkc` write, with every setting of spaces.
 */
export function gainedBytes(published: string, decoded: string): number {
  const characters = bytesSpare(decoded);
  const gained = characters === 0 ? 0 : Math.max(0, characters - bytesSpare(published));
  const form = characters === 0 ? decoded : nmtNfkc(decoded);
  return mayGainSpaces(form) ? gained + spacesGained(nmtNfkc(published), nmtNfkc(form)) : gained;
}
