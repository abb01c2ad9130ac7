/**
 * The lossless case transform `lossless_caps_caseops_v1`, its inverse, and its byte counts.
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

/** Parts joined at a time: a list of 134 million, as a text of 200 MB would give, ends the process. */
const PARTS = 1 << 14;

/** Builds a long text of many short parts. */
class TextBuilder {
  private readonly chunks: string[] = [];
  private parts: string[] = [];

  push(part: string): void {
    this.parts.push(part);
    if (this.parts.length < PARTS) return;
    this.chunks.push(this.parts.join(''));
    this.parts = [];
  }

  toString(): string {
    return this.chunks.join('') + this.parts.join('');
  }
}

const [ALLCAPS_UNIT, CAPNEXT_UNIT, ESC_UNIT] = [0xe002, 0xe003, 0xe004];
// A place outside the text has the unit NaN, which is none of these.
const isUpperUnit = (unit: number) => unit >= 0x41 && unit <= 0x5a;
const isLetterUnit = (unit: number) => isUpperUnit(unit) || (unit >= 0x61 && unit <= 0x7a);
const isOperatorUnit = (unit: number) => unit >= 0xe001 && unit <= 0xe004;

function transformWord(word: string, out: TextBuilder): void {
  const lower = word.toLowerCase();
  if (word.length >= 2 && word === word.toUpperCase()) {
    out.push(ALLCAPS + lower);
    return;
  }
  if (isUpperUnit(word.charCodeAt(0))) out.push(TITLE);
  let copied = 0;
  for (let i = 1; i < word.length; i++) {
    if (!isUpperUnit(word.charCodeAt(i))) continue;
    out.push(lower.slice(copied, i) + CAPNEXT);
    copied = i;
  }
  out.push(lower.slice(copied));
}

/** The text with its ASCII capitals as operators. */
export function transformCase(text: string): string {
  const out = new TextBuilder();
  let copied = 0;
  for (let i = 0; i < text.length; ) {
    const unit = text.charCodeAt(i);
    if (isOperatorUnit(unit)) {
      out.push(text.slice(copied, i) + ESC);
      copied = i++;
      continue;
    }
    const start = i;
    let capitals = false;
    for (; i < text.length && isLetterUnit(text.charCodeAt(i)); i++) {
      if (isUpperUnit(text.charCodeAt(i))) capitals = true;
    }
    if (i === start) i++;
    if (!capitals) continue;
    out.push(text.slice(copied, start));
    transformWord(text.slice(start, i), out);
    copied = i;
  }
  out.push(text.slice(copied));
  return out.toString();
}

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
  const out = new TextBuilder();
  const letterAt = (i: number) => isLetterUnit(text.charCodeAt(i));
  let copied = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (!isOperatorUnit(unit)) continue;
    out.push(text.slice(copied, i));
    let end = i + 2;
    if (unit === ESC_UNIT) {
      if (!isOperatorUnit(text.charCodeAt(i + 1))) throw refuse('an ESC before no operator', i);
      out.push(text.slice(i + 1, end));
    } else {
      const next = unit === CAPNEXT_UNIT;
      // TITLE and ALLCAPS stand at the start of a word only.
      if (!next && letterAt(i - 1)) throw refuse('an operator inside a word', i);
      if (!letterAt(i + 1)) {
        throw refuse(`${next ? 'a CAPNEXT' : 'an operator'} before no letter`, i);
      }
      if (unit === ALLCAPS_UNIT) while (letterAt(end)) end++;
      out.push(text.slice(i + 1, end).toUpperCase());
    }
    copied = end;
    i = end - 1;
  }
  out.push(text.slice(copied));
  return out.toString();
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
