/** Bytes that a normalizer adds within the reference form. */
import { describe, expect, it } from 'vitest';
import { gainedBytes } from '#bpb/tokenizer/gained-bytes';
import { nmtNfkc, referenceForm } from '#bpb/tokenizer/reference-form';

const TEXTS = [
  '½ cup  of\tflour\n\n  1 ㎏ ﬂour',
  'ﷺ قال  الرسول \u200f ﷺ',
  'def f(x):\n    return  x\n',
  'naïve cafe\u0301 \u3000 ｆｕｌｌ，width \u00a0 ¨ ´ x',
  '👩\u200d👩\u200d👧 \ufeffemoji\r\nCRLF\r\n',
  '한국어 \u1112\u1161\u11ab क़ नमस्ते',
  '',
  ' ',
];

describe('nothing is gained', () => {
  it.each(TEXTS)('by the usual normalizers of %j', (text) => {
    const forms = [
      text,
      text.normalize('NFC'),
      text.normalize('NFKC'),
      nmtNfkc(text),
      nmtNfkc(text).replace(/ {2,}/g, ' '),
      referenceForm(text),
      text.replace(/ {2,}/g, ' ').replace(/^ | $/g, ''),
    ];
    for (const form of forms) expect(gainedBytes(text, form)).toBe(0);
  });
});

describe('what is gained', () => {
  it.each([
    ['wider spaces', 'a b  c', 'a\u3000b c', 2],
    ['a ligature', 'fi  x', 'ﬁ x', 1],
    ['characters that become spaces', 'a b    c', 'a\u200b b c', 3],
    ['deleted characters', 'a  b', 'a\u0001 b', 1],
    ['spaces in another place', 'a b    c', 'a   b c', 2],
    ['spaces before the text', 'a    b', '  a b', 2],
    ['spaces behind the text', ' a    b', 'a b  ', 2],
    ['marks apart from their letters', 'é    x', 'e\u0301 x', 1],
    ['a syllable in letters', '한    x', '\u1112\u1161\u11ab x', 6],
  ])('%s', (_, published, decoded, bytes) => {
    expect(referenceForm(decoded)).toBe(referenceForm(published));
    expect(gainedBytes(published, decoded)).toBe(bytes);
  });
});
