/**
 * Comparison of two UTF-8 texts in the reference form, without building it where they agree byte by
 * byte but for spaces.
 */
import { around, firstDifference } from '../data/difference.js';
import { nmtNfkc, referenceForm } from './reference-form.js';

/** Kinds of bytes: part of a word, a space of its own, deleted. */
const [PLAIN, SPACE, DELETED] = [0, 1, 2];
const KIND = Uint8Array.from({ length: 256 }, (_, byte) => {
  const form = byte < 0x80 ? nmtNfkc(String.fromCharCode(byte)) : 'part of a character';
  return form === ' ' ? SPACE : form === '' ? DELETED : PLAIN;
});

/**
 * Where characters stand that become a space: Latin to CJK punctuation, and two at the end of the plane.
 * Another one would only be compared the longer way. Every thread computes this when it starts.
 */
const NEAR_SPACES = [...Array.from({ length: 0x3001 - 0x80 }, (_, k) => k + 0x80), 0xfeff, 0xfffd];
/** The characters beyond ASCII whose reference form is a space, as numbers of their UTF-8 bytes. */
const WIDE_SPACES = new Set<number>();
/** 1 for a first byte of one of them. */
const BEGINS_SPACE = new Uint8Array(256);
for (const unit of NEAR_SPACES) {
  const character = String.fromCharCode(unit);
  if (nmtNfkc(character) !== ' ') continue;
  const utf8 = Buffer.from(character);
  BEGINS_SPACE[utf8[0]!] = 1;
  WIDE_SPACES.add(utf8.reduce((number, byte) => 256 * number + byte, 0));
}

/** A place in a text, and where its present word begins. */
class Cursor {
  at = 0;
  word = 0;

  constructor(readonly utf8: Uint8Array) {}

  get ended(): boolean {
    return this.at === this.utf8.length;
  }

  /** Length of the space at `at`, or 0. */
  private spaceAt(at: number): number {
    const { utf8 } = this;
    const byte = utf8[at]!;
    if (byte < 0x80) return KIND[byte] === SPACE ? 1 : 0;
    if (BEGINS_SPACE[byte] === 0) return 0;
    const two = 256 * byte + (utf8[at + 1] ?? 0);
    if (WIDE_SPACES.has(two)) return 2;
    return WIDE_SPACES.has(256 * two + (utf8[at + 2] ?? 0)) ? 3 : 0;
  }

  /** Passes spaces and what is deleted. @returns whether there was a space */
  pass(): boolean {
    const { utf8 } = this;
    let space = false;
    while (this.at < utf8.length) {
      const length = this.spaceAt(this.at);
      if (length > 0) {
        space = true;
        this.at += length;
        this.word = this.at;
      } else if (KIND[utf8[this.at]!] === DELETED) this.at++;
      else break;
    }
    if (space) this.word = this.at;
    return space;
  }

  /** The whole of the present word, which is then passed. */
  takeWord(): string {
    let end = this.at;
    while (end < this.utf8.length && this.spaceAt(end) === 0) end++;
    this.at = end;
    return Buffer.from(this.utf8.subarray(this.word, end)).toString('utf8');
  }
}

/** Passes the bytes that are the same in both texts. @returns how many */
function passEqual(a: Cursor, b: Cursor): number {
  const [x, y] = [a.utf8, b.utf8];
  let [i, j] = [a.at, b.at];
  while (i < x.length && j < y.length && x[i] === y[j]) {
    i++;
    j++;
  }
  const passed = i - a.at;
  // A space that is longer on one side begins with these.
  let back = 0;
  while (back < passed && KIND[x[i - back - 1]!] === SPACE) back++;
  a.at = i - back;
  b.at = j - back;
  return passed - back;
}

/** Finds where the words begin that the last `passed` bytes of both texts end in. */
function findWords(a: Cursor, b: Cursor, passed: number): void {
  let length = 0;
  while (length < passed && KIND[a.utf8[a.at - length - 1]!] !== SPACE) length++;
  if (length === passed) return;
  a.word = a.at - length;
  b.word = b.at - length;
}

/**
 * True only where the texts have the same reference form: all words are the same bytes, or have the
 * same form. A space on both sides of a word keeps marks from reaching into its neighbours.
 */
function sameWords(a: Cursor, b: Cursor): boolean {
  for (let begun = false; ; ) {
    const passed = passEqual(a, b);
    if (passed > 0) begun = true;
    if (a.ended && b.ended) return true;
    findWords(a, b, passed);
    const [spaceA, spaceB] = [a.pass(), b.pass()];
    if (a.ended && b.ended) return true;
    if (begun && spaceA !== spaceB) return false;
    if (!a.ended && !b.ended && a.utf8[a.at] === b.utf8[b.at]) continue;
    const [wordA, wordB] = [a.takeWord(), b.takeWord()];
    if (referenceForm(wordA) !== referenceForm(wordB)) return false;
    begun = true;
  }
}

const formOf = (utf8: Uint8Array) =>
  referenceForm(Buffer.from(utf8.buffer, utf8.byteOffset, utf8.length).toString('utf8'));

/** Whether two texts, as UTF-8, have the same reference form. */
export function sameText(a: Uint8Array, b: Uint8Array): boolean {
  return sameWords(new Cursor(a), new Cursor(b)) || formOf(a) === formOf(b);
}

/** Two texts with different reference forms. */
export interface TextDifference {
  /** The forms around their first difference, up to 16 bytes to either side. */
  readonly published: string;
  readonly decoded: string;
  /** Nothing but case differs. */
  readonly caseOnly: boolean;
}

/** The form of a text in which case makes no difference. */
export const foldCase = (form: string) => form.toLowerCase().toUpperCase().toLowerCase();

export function textDifference(published: Uint8Array, decoded: Uint8Array): TextDifference {
  const [was, is] = [formOf(published), formOf(decoded)];
  const [a, b] = [Buffer.from(was), Buffer.from(is)];
  const at = firstDifference(a, b);
  const caseOnly = foldCase(was) === foldCase(is);
  return { published: around(a, at), decoded: around(b, at), caseOnly };
}
