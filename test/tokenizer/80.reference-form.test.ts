/** The reference form: another text stays another text; what SentencePiece does to one does not. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nfkcBytes, nmtNfkc, referenceForm } from '#bpb/tokenizer/reference-form';
import { sameText, textDifference } from '#bpb/tokenizer/same-text';

const same = (a: string, b: string) => sameText(Buffer.from(a), Buffer.from(b));
const bytesOf = (text: string) => nfkcBytes(text, Buffer.byteLength(text));

describe('another text', () => {
  it.each([
    ['case folded', 'The Cat', 'the cat'],
    ['case folded beyond ASCII', 'Straße', 'strasse'],
    ['an accent dropped', 'café', 'cafe'],
    ['an accent of its own dropped', 'cafe\u0301', 'cafe'],
    ['vowels folded', 'the cat sat', 'thx cxt sxt'],
    ['a character dropped', 'a, b', 'a b'],
    ['a character added', 'a b', 'a, b'],
    ['a character repeated', 'be', 'beeeeeeee'],
    ['digits replaced', 'in 1984', 'in 0000'],
    ['a homoglyph', 'paypal', 'p\u0430ypal'],
    ['a curly quote made straight', '“a”', '"a"'],
    ['a word removed', 'not a cat', 'a cat'],
    ['words joined', 'ice cream', 'icecream'],
    ['a word split', 'icecream', 'ice cream'],
    ['emoji replaced', 'ok 🙂', 'ok 🙃'],
    ['replaced by U+FFFD', 'a½b', 'a\ufffdb'],
    ['the unknown token', 'a 中 b', 'a  ⁇  b'],
    ['a soft hyphen dropped', 'co\u00adop', 'coop'],
    ['all of it dropped', 'a', ''],
    ['marks that NFKC keeps apart, in another order', 'a\u0301\u0300', 'a\u0300\u0301'],
    ['Arabic vowels dropped', 'كِتَاب', 'كتاب'],
    ['traditional made simplified', '漢字', '汉字'],
  ])('%s', (_, text, other) => {
    expect(same(text, other)).toBe(false);
    expect(same(other, text)).toBe(false);
    expect(referenceForm(text)).not.toBe(referenceForm(other));
    const shown = textDifference(Buffer.from(text), Buffer.from(other));
    expect(shown.published).not.toBe(shown.decoded);
  });
});

describe('the same text', () => {
  it.each([
    ['spaces collapsed and trimmed', '  two  spaces ', 'two spaces'],
    ['whitespace and line ends', 'a\r\n\tb\n', 'a b'],
    ['other spaces', 'a\u00a0b\u3000c\u2009d\u2028e\u202ff', 'a b c d e f'],
    ['a literal space mark', 'a▁b', 'a b'],
    ['zero width', 'a\u200bb\u200cc\ufeffd\u200ee', 'a b c d e'],
    ['a joiner kept, and made a space until 0.1.95', '👩\u200d👧', '👩 👧'],
    ['U+FFFD', 'a\ufffdb', 'a b'],
    ['control characters deleted', '\u0001a\u0007b\u007f\u009f', 'ab'],
    ['a control character between letter and mark', 'e\u0001\u0301', 'é'],
    ['fractions, ligatures, units', '½ ﬁ ㎏ ﷺ', '1⁄2 fi kg صلى الله عليه وسلم'],
    ['a diaeresis of its own, with the space that it has in NFKC', 'a¨b', 'a \u0308b'],
    ['the wide tilde, which one rule keeps', '5～6', '5~6'],
    ['marks in an unusual order', 'a\u0301\u0323', 'a\u0323\u0301'],
    ['jamo', '\u1112\u1161\u11ab', '한'],
    ['decomposed', 'Ångström', 'A\u030angstro\u0308m'],
    ['a character of Unicode 16.0', '\u{1ccd6}\u{1ccf9}', 'A9'],
    ['a character of Unicode 17.0', '\ua7f1', 'S'],
    ['a letter of Unicode 16.0 and its parts', '\u{105c9}', '\u{105d2}\u0307'],
  ])('%s', (_, text, other) => {
    expect(same(text, other)).toBe(true);
    expect(same(other, text)).toBe(true);
    expect(referenceForm(text)).toBe(referenceForm(other));
  });

  it('NUL, and controls that no rule names, stay', () => {
    for (const c of ['\0', '\u0080', '\u0085', '\u00ad', '\u2060']) {
      expect(referenceForm(`a${c}b`)).toBe(`a${c}b`);
    }
  });
});

it('every character between letters: a fixpoint, the same as its NFKC', () => {
  const BLOCK = 1 << 11;
  for (let first = 0; first < 0x110000; first += BLOCK) {
    if (first === 0xd800) continue;
    const characters = Array.from({ length: BLOCK }, (_, k) => String.fromCodePoint(first + k));
    const text = characters.map((c) => `x${c}y `).join('');
    const form = referenceForm(text);
    expect(referenceForm(form)).toBe(form);
    expect(nmtNfkc(nmtNfkc(text))).toBe(nmtNfkc(text));
    expect(same(text, text.normalize('NFKC'))).toBe(true);
    const longer = characters.map((c) =>
      Math.max(...[c, c.normalize('NFKC')].map((s) => Buffer.byteLength(s))),
    );
    expect(bytesOf(text)).toBe(longer.reduce((sum, n) => sum + n, 3 * BLOCK));
  }
});

const PARTS = fc.constantFrom(
  ...' \n\t\0\u0001\u007f\u008f\u00a0\u200b\u200d\u2028\u3000▁\ufeff\ufffd',
  ...'abeKk~éﬁ½¨ﷺ가각\u1100\u1161\u11a8\u0301\u0308\u0323\u0345\u3099か～“–\u212a',
  '1⁄2',
  'fi',
  '👨',
  '\u{1d15e}',
  '\u{105d2}\u0307',
  '\u{105c9}',
);
const TEXT = fc.array(PARTS, { maxLength: 12 }).map((parts) => parts.join(''));
const CHANGES: readonly ((text: string) => string)[] = [
  (text) => text,
  referenceForm,
  nmtNfkc,
  (text) => text.normalize('NFD'),
  (text) => text.normalize('NFKD'),
  (text) => text.replace(/ /g, '  '),
  (text) => text.replace(/[ab]/, ''),
  (text) => text.replace('\u0301', '\u0308'),
  (text) => `${text} \n`,
];

it('the quick comparison says what the forms say, on pairs that are close', () => {
  const pair = fc
    .record({ a: TEXT, middle: TEXT, b: TEXT, of: fc.constantFrom(...CHANGES) })
    .map(({ a, middle, b, of }) => [a + middle + b, a + of(middle) + of(b)] as const);
  fc.assert(
    fc.property(pair, ([a, b]) => same(a, b) === (referenceForm(a) === referenceForm(b))),
    { numRuns: 10_000, seed: 12 },
  );
});

it('a fixpoint on sequences, whose NFKC and NFKD are the same text', () => {
  fc.assert(
    fc.property(TEXT, (text) => {
      const form = referenceForm(text);
      expect(referenceForm(form)).toBe(form);
      expect(referenceForm(text.normalize('NFKD'))).toBe(form);
    }),
    { numRuns: 3_000, seed: 12 },
  );
});

it('the most bytes: of a text, of its NFKC, of both where it has both kinds', () => {
  expect(bytesOf('plain')).toBe(5);
  expect(bytesOf('½')).toBe(5);
  expect(bytesOf('ﷺ')).toBe(33);
  expect(bytesOf('e\u0301')).toBe(3);
  expect(bytesOf('½\u00a0e\u0301')).toBe(10);
  expect(bytesOf('\u{1d15e}')).toBe(8);
});

it('a difference is shown with its surroundings, whole characters only', () => {
  const before = 'x'.repeat(100);
  const shown = textDifference(Buffer.from(`${before}é Cat`), Buffer.from(`${before}é cat`));
  expect(shown).toEqual({
    published: `${'x'.repeat(13)}é Cat`,
    decoded: `${'x'.repeat(13)}é cat`,
    caseOnly: true,
  });
  expect(textDifference(Buffer.from('the Cat'), Buffer.from('tho cat')).caseOnly).toBe(false);
});
