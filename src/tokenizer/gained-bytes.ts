/**
 * Bytes that a normalizer adds to a text within its reference form: characters that `nmt_nfkc` makes
 * shorter, marks apart from their letters, longer runs of spaces. What it drops elsewhere, such as
 * the indentation of code, does not pay for them.
 */
import { nmtNfkc } from './reference-form.js';

/** Nothing that could have been added: one space at a time, none at the ends, plain ASCII. */
const PLAIN = /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/;

/** By code point: 1 + the bytes by which `nmt_nfkc` makes the character shorter; 0 where not computed yet. */
let shorter: Uint8Array | undefined;

function bytesShorter(codePoint: number): number {
  shorter ??= new Uint8Array(0x110000);
  const known = shorter[codePoint]!;
  if (known > 0) return known - 1;
  const character = String.fromCodePoint(codePoint);
  const less = Math.max(0, Buffer.byteLength(character) - Buffer.byteLength(nmtNfkc(character)));
  shorter[codePoint] = 1 + less;
  return less;
}

/** UTF-8 bytes by which the reference form makes a text shorter, runs of spaces aside. */
function bytesSpare(text: string): number {
  let sum = 0;
  let ascii = true;
  for (let i = 0; i < text.length; i++) {
    const codePoint = text.codePointAt(i)!;
    if (codePoint >= 0x80) ascii = false;
    if (codePoint > 0xffff) i++;
    sum += bytesShorter(codePoint);
  }
  if (ascii) return sum;
  const composed = text.normalize('NFC');
  if (composed === text) return sum;
  return sum + Math.max(0, Buffer.byteLength(text) - Buffer.byteLength(composed));
}

/** Lengths of the runs of spaces between words; those before the first and behind the last one come first. */
function runs(form: string): number[] {
  const words = form.replace(/^ +| +$/g, '');
  const before = form.length - form.trimStart().length;
  const between = words.match(/ +/g) ?? [];
  const ends = form.length - words.length;
  return [Math.min(before, ends), ends - Math.min(before, ends), ...between.map((r) => r.length)];
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
  if (PLAIN.test(decoded)) return 0;
  const characters = bytesSpare(decoded);
  return (
    (characters === 0 ? 0 : Math.max(0, characters - bytesSpare(published))) +
    (/^ | $| {2}/.test(nmtNfkc(decoded)) ? spacesGained(nmtNfkc(published), nmtNfkc(decoded)) : 0)
  );
}
