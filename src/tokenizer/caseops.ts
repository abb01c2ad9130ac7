/**
 * The lossless case transform `lossless_caps_caseops_v1`, its inverse, and the bytes it stands for.
 *
 * Capitals of ASCII words become private-use operators and lower-case letters (openai/
 * parameter-golf pull request 1729): TITLE U+E001 and ALLCAPS U+E002 before a word, CAPNEXT U+E003
 * before a letter, ESC U+E004 before an operator character that the text itself holds.
 */
import { type BpbError, inputError } from '../errors.js';

const TITLE = '\ue001';
const ALLCAPS = '\ue002';
const CAPNEXT = '\ue003';
const ESC = '\ue004';

function transformWord(word: string): string {
  const lower = word.toLowerCase();
  if (word === lower) return word;
  if (word.length >= 2 && word === word.toUpperCase()) return ALLCAPS + lower;
  const first = word[0]! !== lower[0]! ? TITLE : '';
  const rest = word.slice(1).replace(/[A-Z]/g, (letter) => CAPNEXT + letter.toLowerCase());
  return first + lower[0]! + rest;
}

/** The text with its ASCII capitals as operators. */
export function transformCase(text: string): string {
  return text.replace(/[A-Za-z]+|[\ue001-\ue004]/g, (match) =>
    match >= TITLE && match <= ESC ? ESC + match : transformWord(match),
  );
}

const isLetter = (c: string | undefined): c is string => c !== undefined && /^[A-Za-z]$/.test(c);

function refuse(problem: string, at: number): BpbError {
  return inputError('BPB_CASEOPS_TEXT', {
    message: `The text is not one that the case transform writes: ${problem} at character ${at}.`,
    expected: 'operators only before lower-case ASCII words and letters',
    actual: problem,
    hint: 'The ids were not made by this transform, or the normalizer changed the text between.',
  });
}

/**
 * Restores the text of `transformCase`; what no encoder writes is refused: an operator inside a
 * word, doubled, before anything but an ASCII letter, or at the end.
 */
export function restoreCase(text: string): string {
  const out: string[] = [];
  // Whether the character before was a letter: TITLE and ALLCAPS stand at the start of a word only.
  let inWord = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === ESC) {
      const escaped = text[++i];
      if (escaped === undefined || escaped < TITLE || escaped > ESC) {
        throw refuse('an ESC before no operator', i - 1);
      }
      out.push(escaped);
      inWord = false;
    } else if (c === TITLE || c === ALLCAPS) {
      if (inWord) throw refuse('an operator inside a word', i);
      if (!isLetter(text[i + 1])) throw refuse('an operator before no letter', i);
      if (c === TITLE) out.push(text[++i]!.toUpperCase());
      else while (isLetter(text[i + 1])) out.push(text[++i]!.toUpperCase());
      inWord = true;
    } else if (c === CAPNEXT) {
      if (!isLetter(text[i + 1])) throw refuse('a CAPNEXT before no letter', i);
      out.push(text[++i]!.toUpperCase());
      inWord = true;
    } else {
      out.push(c);
      inWord = isLetter(c);
    }
  }
  return out.join('');
}

/**
 * Marks the bytes of a transformed UTF-8 text that stand for original bytes.
 *
 * An operator (EE 80 81 .. EE 80 84) has none, an escaped one its own three, everything else what
 * it has: a letter stays one byte in either case. Defined for every text, even one that
 * `restoreCase` refuses, so that bytes can be counted where the text cannot be restored.
 *
 * @param visit called with each stretch `[from, to)` of bytes that stand for nothing
 * @returns the bytes that remain
 */
export function countRestored(
  utf8: Uint8Array,
  visit: (from: number, to: number) => void = () => {},
): number {
  const operatorAt = (i: number) =>
    utf8[i] === 0xee && utf8[i + 1] === 0x80 && utf8[i + 2]! >= 0x81 && utf8[i + 2]! <= 0x84;
  let removed = 0;
  for (let i = utf8.indexOf(0xee); i !== -1; i = utf8.indexOf(0xee, i)) {
    if (!operatorAt(i)) {
      i++;
      continue;
    }
    const escapes = utf8[i + 2] === 0x84;
    visit(i, i + 3);
    removed += 3;
    i += 3;
    if (escapes && operatorAt(i)) i += 3;
  }
  return utf8.length - removed;
}
