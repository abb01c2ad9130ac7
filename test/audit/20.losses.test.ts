/** Where a round trip departs from the text, and what kind of loss it is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findLoss } from '#bpb/audit/examine/loss';
import { traitsOf } from '#bpb/audit/examine/traits';

const loss = (
  original: string,
  decoded: string,
  unknown: string | null = null,
  malformed = false,
) => findLoss(Buffer.from(original), Buffer.from(decoded), unknown, malformed);

it.each([
  ['collapsed spaces', 'a  b', 'a b', 2],
  ['collapsed spaces', ' a', 'a', 0],
  ['collapsed spaces', 'a ', 'a', 1],
  ['newline', 'a\nb', 'a b', 1],
  ['newline', 'a \n\nb', 'a b', 2],
  ['newline', 'a\r\nb', 'a b', 1],
  ['newline', 'a\u2028b', 'a b', 1],
  ['tab', 'a\tb', 'a b', 1],
  ['NBSP', 'a\u00a0b', 'a b', 1],
  ['literal ▁', 'a▁b', 'a b', 1],
  ['no space piece', 'a b', 'a▁b', 1],
  ['NFKC', '½', '1⁄2', 0],
  ['NFKC', 'ﬁ', 'fi', 0],
  ['NFKC', 'aＡ', 'aA', 1],
  ['combining marks', 'cafe\u0301', 'caf\u00e9', 3],
  ['combining marks', 'a\u0323\u0307', 'a\u0307\u0323', 2],
  ['case folding', 'aBc', 'abc', 1],
  ['case folding', 'É', 'é', 1],
  ['invisible characters', 'a\u200bb', 'ab', 1],
  ['invisible characters', '\ufeffa', 'a', 0],
  ['invisible characters', 'a\u0000b', 'ab', 1],
  ['other', 'abc', 'abd', 2],
  ['other', 'abc', 'ab', 2],
  ['other', 'ab', 'abc', 2],
])('%s: %j → %j differ at byte %d', (kind, original, decoded, at) => {
  expect(loss(original, decoded)).toMatchObject({ kind, at });
});

it('an unknown token is reported by its surface, whatever the character was', () => {
  expect(loss('a½b', 'a ⁇ b', ' ⁇ ')).toMatchObject({ kind: 'unknown token', at: 1 });
  expect(loss('a½b', 'a1⁄2b', ' ⁇ ')).toMatchObject({ kind: 'NFKC', at: 1 });
});

it('operators that cannot be undone are named as such', () => {
  expect(loss('Ab', '\ue001\ue001ab', null, true).kind).toBe('case operators');
});

it('the context has at most 16 bytes to either side, and only whole characters', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (a, b) => {
      // The mark of a cut character must not come from the texts themselves.
      fc.pre(a !== b && !`${a}${b}`.includes('\ufffd'));
      const { at, original, decoded } = loss(a, b);
      const bytes = Buffer.from(a);
      expect(bytes.subarray(0, at)).toEqual(Buffer.from(b).subarray(0, at));
      expect(bytes[at] === Buffer.from(b)[at] && at < bytes.length).toBe(false);
      for (const context of [original, decoded]) {
        expect(Buffer.byteLength(context)).toBeLessThanOrEqual(32);
        expect(context).not.toContain('\ufffd');
      }
      expect(a).toContain(original);
      expect(b).toContain(decoded);
    }),
  );
});

describe('what is odd in a text', () => {
  it.each([
    ['', ['empty']],
    ['x', ['one_byte']],
    ['é', []],
    ['\ufeffab', ['byte_order_mark']],
    ['a\r\nb', ['crlf']],
    ['a\0', ['nul']],
    ['a▁', ['literal_marker']],
    ['\ue004x', ['operator']],
    ['\ufffd!', ['replacement_character']],
  ])('%j has %j', (text, traits) => {
    expect(traitsOf(text, Buffer.byteLength(text))).toEqual(traits);
  });
});
