/** The challenge's byte table: its rule piece by piece, and its published figures. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildLut, lutBytes, sumLut } from '#bpb/bytes/lut';
import { createEncoder } from '#bpb/tokenizer/encoder';
import { loadTokenizer } from '#bpb/tokenizer/load';
import { modelFile, PIECE_TYPE, SPECIALS } from '../helpers/sentencepiece.js';
import { CASEOPS, SP8192 } from '../helpers/shared-data.js';

const BOS = 1;

describe('the rule, piece by piece', () => {
  const pieces = [
    ...SPECIALS,
    ['▁the'],
    ['▁'],
    ['▁▁'],
    ['a▁b'],
    ['é'],
    ['<0xC3>', PIECE_TYPE.byte],
    ['\ue001', PIECE_TYPE.user],
    ['gone', PIECE_TYPE.unused],
    ['▁user', PIECE_TYPE.user],
    ['<0x41>', PIECE_TYPE.normal],
  ] as const;
  const lut = () => {
    // Loading would refuse one case operator alone; the table itself has no such rule.
    const tokenizer = loadTokenizer(modelFile({ pieces: pieces.filter(([t]) => t !== '\ue001') }));
    const loaded = [...tokenizer.pieces];
    loaded.splice(10, 0, { text: '\ue001', type: 'user_defined' });
    return buildLut({ ...tokenizer, pieces: loaded }, 20);
  };
  const row = (id: number) => {
    const { base, leading, boundary } = lut();
    return [base[id], leading[id], boundary[id]];
  };

  it.each([
    ['pad', 0, [0, 0, 1]],
    ['BOS', 1, [0, 0, 1]],
    ['unknown', 3, [0, 0, 1]],
    ['a word with its space', 4, [3, 1, 0]],
    ['a space alone', 5, [0, 1, 0]],
    ['two spaces: one is stripped, the other counts as U+2581', 6, [3, 1, 0]],
    ['a space inside', 7, [5, 0, 0]],
    ['two UTF-8 bytes', 8, [2, 0, 0]],
    ['a byte piece, never the three bytes of U+FFFD', 9, [1, 0, 0]],
    ['a private-use symbol', 10, [3, 0, 0]],
    ['an unused piece', 11, [0, 0, 1]],
    ['a user symbol with its space', 12, [4, 1, 0]],
    ['a normal piece that looks like a byte', 13, [6, 0, 0]],
    ['an id that only the logits have', 14, [0, 0, 1]],
    ['the last of those', 19, [0, 0, 1]],
  ] as const)('%s', (_, id, expected) => {
    expect(row(id)).toEqual(expected);
  });

  it('the space counts except after a boundary', () => {
    const table = lut();
    expect(lutBytes(table, 4, 4)).toBe(4);
    for (const boundary of [0, 1, 2, 3, 11, 19]) expect(lutBytes(table, boundary, 4)).toBe(3);
    expect(lutBytes(table, 9, 5)).toBe(1);
  });

  it('a space is counted once, not in the table and again after it', () => {
    // Pull request 1698's lineage kept U+2581 in the table and added one: 16.7 % too many bytes.
    const table = lut();
    expect(sumLut(table, [BOS, 4, 4, 4], 1, 4)).toBe('the the the'.length);
  });
});

it('a byte vocabulary counts 1 for ids from 4 on, else 0', () => {
  const lut = buildLut(loadTokenizer('byte260'));
  for (let id = 0; id < 260; id++) {
    expect(lutBytes(lut, BOS, id)).toBe(id >= 4 ? 1 : 0);
    expect(lutBytes(lut, 70, id)).toBe(id >= 4 ? 1 : 0);
  }
});

it('sums of ranges add up to the sum of the targets', () => {
  const tokenizer = loadTokenizer(modelFile());
  const lut = buildLut(tokenizer);
  const size = tokenizer.pieces.length;
  const streams = fc.array(fc.integer({ min: 0, max: size - 1 }), { minLength: 2, maxLength: 60 });
  fc.assert(
    fc.property(streams, fc.nat(), (ids, cut) => {
      const middle = 1 + (cut % (ids.length - 1));
      let sum = 0;
      for (let i = 1; i < ids.length; i++) sum += lutBytes(lut, ids[i - 1]!, ids[i]!);
      expect(sumLut(lut, ids, 1, middle) + sumLut(lut, ids, middle, ids.length)).toBe(sum);
    }),
  );
});

it('an id beyond the table makes no sum', () => {
  const lut = buildLut(loadTokenizer('byte260'));
  expect(sumLut(lut, [BOS, 4, 260, 4], 1, 4)).toBeNaN();
});

it('lies in shared memory', () => {
  const lut = buildLut(loadTokenizer('byte260'));
  for (const part of Object.values(lut)) expect(part.buffer).toBeInstanceOf(SharedArrayBuffer);
});

describe('published figures', () => {
  const lutOf = async (model: string, text: string) => {
    const tokenizer = loadTokenizer(model);
    const ids = [BOS, ...(await createEncoder(tokenizer)).encode(text)];
    return sumLut(buildLut(tokenizer), ids, 1, ids.length);
  };

  it.skipIf(SP8192 === null).each([
    ['½', 2, 5],
    ['  two  spaces\nnew\tline ', 23, 19],
    ['a\u00a0b', 4, 3],
    ['▁literal▁', 13, 7],
    ['café ½ ﬁ … “q” 🙂', 29, 31],
  ])('%j has %d bytes, of which the table makes %d (sp8192)', async (text, bytes, expected) => {
    expect(Buffer.byteLength(text)).toBe(bytes);
    expect(await lutOf(SP8192!, text)).toBe(expected);
  });

  it.skipIf(CASEOPS === null)('case operators make 56 bytes of 35', async () => {
    expect(await lutOf(CASEOPS!, 'The NASA Launch of iPhone by OpenAI')).toBe(56);
  });
});
